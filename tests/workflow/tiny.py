"""The smallest study that goes through the whole workflow: eight maps of 210 voxels, two chunks.

It lies in a folder of its own beside a copy of the workflow, so that tests may edit either.
"""

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import yaml
from fsl_files import write_vest
from permaps.workflow.jobs import write_text

ROOT = Path(__file__).parents[2]
# DATA stands for the folder with the data.
CONFIG = {
    "dataset": {"source": "table", "path": "DATA/participants.tsv", "maps": "sub-{participant_id}.nii.gz"},
    "mask": {"strategy": "file", "file": "DATA/brain.nii.gz"},
    "smoothing_fwhm": 0,
    "model": {"formula": "1 + age", "contrasts": {"age": "age"}},
    "permutation": {"n_permutations": 20, "chunk_size": 10},
}
# Arguments: as far as the corrected maps, without tables and figures.
UP_TO_MAPS = ("--until", "fit_parametric", "correct")
_HEADINGS = {
    "output files have to be generated": "missing",
    "input files updated by another job": "updated",
    "updated input files": "newer",
    "incomplete output files": "incomplete",
    "set of input files has changed since last execution": "inputs",
    "params have changed since last execution": "params",
    "code has changed since last execution": "code",
}


@dataclass(frozen=True)
class Plan:
    """What a dry run lists.

    Attributes
    ----------
    jobs : dict of str to int
        Number of jobs by rule.
    causes : dict of str to set of str
        By rule, why: missing, inputs, newer, params, code; updated, when another rule of the plan is why.
    """

    jobs: dict
    causes: dict

    @property
    def rules(self):
        return set(self.jobs)

    def because(self, *causes):
        """Return the rules that run for one of these reasons."""
        return {rule for rule, why in self.causes.items() if why & set(causes)}


class Study:
    """A folder with config and results, and a copy of the workflow that it uses.

    The data lie elsewhere, since results know them by their full paths: of a copy of the study, too.
    `snakemake` is the function that runs the command.
    """

    def __init__(self, folder, data, snakemake):
        self.folder, self.data, self.snakemake = Path(folder), Path(data), snakemake
        self.workflow, self.work = self.folder / "workflow", self.folder / "work"

    def write_config(self, config):
        """Write a config to a file of its own, and whole, since several plans may be made at once."""
        text = yaml.safe_dump(config).replace("DATA/", f"{self.data}/")
        file = self.work / f"config-{hashlib.sha256(text.encode()).hexdigest()[:8]}.yaml"
        write_text(file, text)
        return file

    def run(self, *arguments, config=CONFIG, workflow=None, cores=2, **options):
        """Run the command with this config and return the completed process."""
        file = self.write_config(config)
        snakefile = (workflow or self.workflow) / "Snakefile"
        fixed = ["--snakefile", snakefile, "--cores", cores, "--configfile", file]
        return self.snakemake(*fixed, *arguments, cwd=self.work, **options)

    def finish(self, *arguments, **options):
        """Run to the end."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, done.stdout
        return done

    def plan(self, *arguments, **options):
        """Return the `Plan` of a dry run."""
        return read_plan(self.finish("--dry-run", *arguments, **options).stdout)

    def copied(self, folder):
        """Return a study with the same files, dates included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Study(folder, self.data, self.snakemake)

    def result(self, path):
        return self.work / "results" / path


def layered(config, *changes):
    """Return the tiny study's config with changes; a dataset or a model counts as a whole."""
    config = dict(config)
    for change in changes:
        for key, value in change.items():
            both = isinstance(value, dict) and isinstance(config.get(key), dict) and key != "dataset"
            config[key] = layered(config[key], value) if both else value
    return config


def write_study(folder, snakemake):
    """Make the study in a new folder and return it."""
    study = Study(folder / "study", folder / "data", snakemake)
    copy_workflow(study.workflow)
    study.work.mkdir()
    write_data(study.data)
    return study


def copy_workflow(folder, source=ROOT):
    """Copy all that runs need, compiled kernels too, dates included."""
    for name in ("rules", "scripts", "config", "envs"):
        shutil.copytree(source / name, folder / name)
    for name in ("Snakefile", "CITATION.cff"):
        shutil.copy2(source / name, folder / name)


def write_data(folder):
    """Write eight maps with an effect of age, their table, two masks and an atlas of one region."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    affine = np.diag([8.0, 8.0, 8.0, 1.0])
    affine[:3, 3] = -36, -40, -32
    brain = np.zeros((10, 11, 9), np.uint8)
    brain[2:-2, 2:-2, 2:-2] = 1
    smaller = brain.copy()
    smaller[2] = 0
    nib.Nifti1Image(brain, affine).to_filename(folder / "brain.nii.gz")
    nib.Nifti1Image(smaller, affine).to_filename(folder / "smaller.nii.gz")
    lines = ["participant_id\tage\tgroup\tfamily\teveryone\tpair\tmap"]
    for i in range(8):
        values = rng.normal(size=brain.shape)
        values[3:6, 3:6, 3:6] += i
        name = f"sub-{i + 1}.nii.gz"
        nib.Nifti1Image((values * brain).astype(np.float32), affine).to_filename(folder / name)
        for other in (f"sub-{i + 1}_stat-t_statmap.nii.gz", f"{i + 1:03d}.nii.gz"):
            os.link(folder / name, folder / other)
        lines.append(f"{i + 1}\t{20 + 3 * i}\t{'ab'[i % 2]}\tf{i // 2}\t1\t{1 + i // 2}\t{name}")
    for name, sign in (("design", 1), ("other", -1)):
        write_vest(folder / f"{name}.mat", [[1, sign * age] for age in range(8)])
        write_vest(folder / f"{name}.con", [[0, sign]], ContrastName1="age")
    write_vest(folder / "design.fts", [[1]])
    write_vest(folder / "design.grp", [[1]] * 8)
    group = {"Level": "Dataset", "Name": "group", "GroupBy": [], "Model": {"Type": "glm", "X": [1, "age"]}}
    group["DummyContrasts"] = {"Contrasts": ["age"], "Test": "t"}
    model = {"Name": "ages", "BIDSModelVersion": "1.0.0", "Nodes": [group]}
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "regions.tsv").write_text("index\tname\n1\tbrain\n")
    for name in ("participants.tsv", "renamed.tsv"):
        (folder / name).write_text("\n".join(lines) + "\n")


def read_plan(output):
    """Return the `Plan` in what a dry run says."""
    if "Nothing to be done" in output:
        return Plan({}, {})
    stats = re.search(r"^Job stats:\njob +count\n[- ]+\n(.*?)^total ", output, re.S | re.M)
    assert stats, output
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", stats.group(1), re.M)}
    block = output.rpartition("\nReasons:\n")[2]
    causes = {}
    for heading, rules in re.findall(r"^    (\w.*):\n {8}(.*)$", block, re.M):
        for rule in rules.split(", "):
            causes.setdefault(rule, set()).add(_HEADINGS[heading])
    jobs.pop("all", None)
    causes.pop("all", None)
    # Snakemake names 50 rules and no more.
    assert set(jobs) == set(causes) or "..." in causes, output
    return Plan(jobs, causes)


def contents(folder, *patterns):
    """Return {path: bytes} of the files below a folder, to compare two of them."""
    paths = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}
