"""Run one case in a folder of its own, and tell what came of it."""

import hashlib
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from .study import Study

UNPRIVILEGED = (sys.executable, "-I", str(Path(__file__).with_name("unprivileged.py")))

PLAIN = {
    "dataset": {"source": "table", "path": "../study/participants.tsv", "maps": "map"},
    "smoothing_fwhm": 0,
    "model": {"formula": "1 + age", "contrasts": {"age": "age"}},
    "permutation": {"n_permutations": 20, "chunk_size": 20},
    "inference": {"statistics": ["voxel"]},
}


@dataclass
class Outcome:
    """What a run left behind."""

    code: int
    output: str  # all that was printed
    message: str  # what of it is ours, "" if nothing
    log: str | None  # the log that the message names, its text
    lost: set  # results that were there before and are gone
    strays: set  # files outside results and .snakemake that were made, changed or removed
    folder: Path


class Sandbox:
    """A folder with a study, a working directory, a home and a place for temporary files."""

    def __init__(self, folder, cache, temporary=None):
        self.folder = Path(folder)
        self.work, self.home = self.folder / "work", self.folder / "home"
        self.cache, self.temporary = cache, temporary or self.folder / "tmp"
        for path in (self.work, self.home, self.temporary):
            path.mkdir(parents=True)
        self.study = Study(self.folder / "study")

    def after(self, finished):
        """Begin with the results of a finished run, as if it had been made here."""
        shutil.copytree(finished.work, self.work, dirs_exist_ok=True, symlinks=True)
        return finished.own_config()

    def own_config(self):
        """The plain config with an absolute path to this study's table."""
        return PLAIN | {"dataset": PLAIN["dataset"] | {"path": str(self.study.table)}}

    def run(self, snakemake, config, *arguments, results="results", unprivileged=False, timeout=200):
        """Run the command on a config (a dict, or the file's bytes) and compare before and after."""
        content = config if isinstance(config, bytes) else yaml.safe_dump(config, allow_unicode=True).encode()
        (self.work / "config.yaml").write_bytes(content)
        inside = [self.work / results, self.work / ".snakemake"]
        before, outside = files_in(self.work / results), self._outside(inside)
        done = snakemake(
            *("--cores", "1", "--configfile", "config.yaml", *arguments),
            cwd=self.work,
            env={
                "HOME": str(self.home),
                "TMPDIR": str(self.temporary),
                "XDG_CACHE_HOME": str(self.cache),
                "MPLCONFIGDIR": str(self.cache / "matplotlib"),
            },
            through=UNPRIVILEGED if unprivileged else (),
            timeout=timeout,
        )
        after, outside_after = files_in(self.work / results), self._outside(inside)
        message, log = told(done.stdout)
        return Outcome(
            code=done.returncode,
            output=done.stdout,
            message=message,
            log=(self.work / log).read_text() if log else None,
            lost=before.keys() - after.keys() - outputs_of_failed_jobs(done.stdout, results),
            strays={path for path, _ in outside.items() ^ outside_after.items()},
            folder=self.folder,
        )

    def _outside(self, folders):
        found = files_in(self.folder)
        within = tuple(f"{folder.relative_to(self.folder)}/" for folder in folders)
        # The kernels' lock and stamps are meant to lie among the temporary files.
        within += (f"tmp/permaps-{os.getuid()}/",)
        return {path: digest for path, digest in found.items() if not path.startswith(within)}


def files_in(folder):
    """Relative paths of the files and links below a folder, with digests."""
    found = {}
    for path in Path(folder).rglob("*"):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = f"link to {path.readlink()}"
        elif path.is_file():
            found[str(path.relative_to(folder))] = digest(path)
    return found


def digest(path):
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except PermissionError:
        return "unreadable"


def told(output):
    """Find our message in what Snakemake prints, and the log that it names."""
    by_jobs = re.findall(r"^Permaps: (.*?)\n\((?:log:|traceback in) (.*?)\)$", output, re.S | re.M)
    at_start = re.findall(r"^WorkflowError in file [^\n]*:\n(.*?)\n  File \"", output, re.S | re.M)
    by_records = re.findall(r"^Permaps: ([^\n]*)\s*\Z", output, re.M)
    found = by_jobs + [(message, None) for message in at_start + by_records]
    return found[0] if len(found) == 1 else ("", None)


def outputs_of_failed_jobs(output, results):
    """What Snakemake takes away before a job runs: its own outputs, which no longer fit its inputs."""
    named = re.findall(r"^Error in rule .*?^    output: (.*?)$", output, re.S | re.M)
    return {path.removeprefix(f"{results}/") for line in named for path in line.split(", ")}


def normalised(text, outcome):
    """Text with the sandboxes' folders replaced by one that looks like a user's."""
    return re.sub(rf"{re.escape(str(outcome.folder.parent))}/[\w-]+", "/home/you", text)
