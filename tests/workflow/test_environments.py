"""A run goes on, and gives the same files, where it finds little around it that can be relied on."""

import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest
import yaml
from bad_input.running import UNPRIVILEGED
from tiny import CONFIG, ROOT, contents, copy_workflow

NOWHERE = "/proc/nowhere"
MATPLOTLIBRC = "text.usetex: True\nfont.family: No Such Font\naxes.facecolor: red\n"
# By our code alone; by nilearn, nibabel and matplotlib.
MADE = ("tables/relabellings.tsv", "figures/contrast-age_stat-t_slices.png")
AROUND = {
    "HOME": NOWHERE,
    "XDG_CACHE_HOME": "{folder}/cache",  # as docs/tutorial.md asks for, where there is no home
    "TMPDIR": NOWHERE,
    "LC_ALL": "POSIX",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "PYTHONWARNINGS": "error",
}
UMASK = ("sh", "-c", 'umask 077; exec "$@"', "sh")
# Runs a job where no home is, and has nothing of the environment but what it was handed.
NODE = """#!/bin/sh
cd /
unset XDG_CACHE_HOME MPLCONFIGDIR
HOME={nowhere} sh "$1" >"{folder}/log" 2>&1 && state=success || state=failed
echo $state >"{folder}/state"
echo 1
"""


def shadow(folder):
    """Put a file beside the user's own for every module that an import could mean."""
    for name in sys.stdlib_module_names | set(packages_distributions()):
        if name.isidentifier():
            (folder / f"{name}.py").write_text(f"raise RuntimeError('{name} of the working directory')\n")


@pytest.fixture
def study(finished, tmp_path):
    study = finished.copied(tmp_path / "a study")
    shadow(study.work)
    shadow(study.workflow)
    (study.work / "matplotlibrc").write_text(MATPLOTLIBRC)
    for name in MADE:
        study.result(name).unlink()
    return study


def test_run_without_home_in_a_hostile_folder_gives_the_same_files(study, finished, tmp_path):
    folders = [study.workflow, *(path for path in study.workflow.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    (tmp_path / "cache").mkdir()
    environment = {name: value.format(folder=tmp_path) for name, value in AROUND.items()}
    targets = [f"results/{name}" for name in MADE]
    done = study.finish("--", *targets, env=environment, cores=1, through=(*UNPRIVILEGED, *UMASK))
    for folder in folders:
        folder.chmod(0o755)
    assert f"{len(MADE)} of {len(MADE)} steps" in done.stdout
    assert contents(study.work / "results", *MADE) == contents(finished.work / "results", *MADE)
    assert {study.result(name).stat().st_mode & 0o077 for name in MADE} == {0}


def test_jobs_of_a_cluster_need_no_home(study, tmp_path):
    node = tmp_path / "node"
    node.mkdir()
    profile = yaml.safe_load((ROOT / "config/profiles/cluster-generic/config.v9+.yaml").read_text())
    commands = {
        "submit": NODE.format(nowhere=NOWHERE, folder=node),
        "status": f'#!/bin/sh\ncat "{node}/state"\n',
    }
    for name, text in commands.items():
        (node / name).write_text(text)
        (node / name).chmod(0o755)
        profile[f"cluster-generic-{name}-cmd"] = str(node / name)
    (node / "config.yaml").write_text(
        yaml.safe_dump(profile | {"retries": 0, "seconds-between-status-checks": 1})
    )
    done = study.run(
        "--workflow-profile", node, "--", f"results/{MADE[0]}", through=("env", f"HOME={NOWHERE}")
    )
    assert done.returncode == 0, done.stdout + (node / "log").read_text()
    assert study.result(MADE[0]).exists()


def test_make_run_finds_a_cache_without_home(tmp_path):
    clone = tmp_path / "a clone"
    clone.mkdir()
    copy_workflow(clone)
    shadow(clone)
    (clone / "Makefile").write_text((ROOT / "Makefile").read_text())
    (clone / "my.yaml").write_text(yaml.safe_dump(CONFIG))
    tools = clone / ".venv/bin"
    tools.mkdir(parents=True)
    (tools / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tools / "snakemake").write_text('#!/bin/sh\nmkdir -p "$XDG_CACHE_HOME" && echo "in $XDG_CACHE_HOME"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    (clone / ".venv/.locked").touch()
    done = subprocess.run(
        ["make", "run", "CONFIG=my.yaml"],
        cwd=clone,
        env={"PATH": "/usr/bin:/bin", "HOME": NOWHERE},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"in {clone}/.snakemake/cache" in done.stdout
