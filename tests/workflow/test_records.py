"""Stale and damaged files in a finished run: none goes unnoticed."""

import base64
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
from permaps.workflow.jobs import job
from tiny import CONFIG, Study, layered, write_data

REFUSED = "results: holds files of another config, other inputs or another version"
OTHER = layered(CONFIG, {"permutation": {"seed": 1}})
LONG_AGO = 10**18  # ns


# Damage


@dataclass(frozen=True)
class Reader:
    """A job as Snakemake's notes have it."""

    rule: str
    log: str
    inputs: tuple
    output: str


def readers(study):
    """Yield who made each result from what."""
    for note in (study.work / ".snakemake/metadata").iterdir():
        content = json.loads(note.read_text())
        if content["log"]:
            output = base64.b64decode(note.name).decode()
            yield Reader(content["rule"], content["log"][0], tuple(content["input"]), output)


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES = {
    "a flipped bit": flipped,
    "cut off": lambda content: content[: len(content) * 2 // 3],
    "empty": lambda content: b"",
}


def told(reader):
    """What a job says before it begins; None when it begins."""
    snakemake = SimpleNamespace(
        log=[reader.log], input=reader.inputs, output=[reader.output], params=SimpleNamespace(settings={})
    )
    try:
        with job(snakemake):
            raise KeyboardInterrupt
    except SystemExit as end:
        return None if end.code == 130 else str(end.code)


def test_every_damaged_intermediate_is_told(finished, tmp_path, monkeypatch):
    study = finished.copied(tmp_path / "study")
    monkeypatch.chdir(study.work)
    reads = {}
    for reader in readers(study):
        for path in reader.inputs:
            if path.startswith("results/"):
                reads.setdefault(path, reader)
    assert len({reader.rule for reader in readers(study)}) > 20
    silent, cases = [], 0
    for path, reader in sorted(reads.items()):
        file, content, stat = Path(path), Path(path).read_bytes(), os.stat(path)
        assert told(reader) is None, path
        for name, damage in DAMAGES.items():
            file.write_bytes(damage(content))
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            cases += 1
            said = told(reader)
            if not said or f"{path}: damaged" not in said or f"Delete {path} and run again" not in said:
                silent.append((path, name, said))
        file.write_bytes(content)
    assert not silent
    assert cases >= 75


def test_damage_stops_the_command_and_deleting_the_file_mends_it(finished, tmp_path):
    study = finished.copied(tmp_path / "study")
    path = "design/blocks.json"
    intact = study.result(path).read_bytes()
    command = ("--forcerun", "plan_contrast", "--", "results/design/contrast-age_plan.json")
    # Before anything runs, where the size tells, and else by the job that reads it.
    for damage, arguments in (("empty", ["--dry-run"]), ("a flipped bit", [])):
        study.result(path).write_bytes(DAMAGES[damage](intact))
        done = study.run(*arguments, *command)
        assert done.returncode != 0
        assert f"Permaps: results/{path}: damaged" in done.stdout
        assert "Traceback" not in done.stdout
    study.result(path).unlink()
    study.finish(*command)
    assert study.result(path).read_bytes() == intact


# Older dates: Snakemake runs again what is older than its inputs, and these are older still


def moved_over(path):
    """`mv` of a file that was there before."""
    other = path.with_name(f"older-{path.name}")
    shutil.copy(path, other)
    edit(other)
    os.utime(other, ns=(LONG_AGO, LONG_AGO))
    other.rename(path)


def copied_over(path):
    """`cp -p`, `rsync -a` or `unzip`."""
    other = path.with_name(f"older-{path.name}")
    shutil.copy(path, other)
    edit(other)
    os.utime(other, ns=(LONG_AGO, LONG_AGO))
    shutil.copy2(other, path)
    other.unlink()


def edit(path):
    """Change what a file holds."""
    if path.suffix == ".tsv":
        path.write_text(path.read_text().replace("\t20\t", "\t21\t").replace("\tbrain", "\tBRAIN"))
    else:
        image = nib.load(path)
        data = np.asanyarray(image.dataobj).copy()
        data[4, 4, 4] = 0
        nib.save(nib.Nifti1Image(data, image.affine), path)


@pytest.fixture(scope="module")
def dated(finished, tmp_path_factory):
    """The finished study with data of its own that all inputs are among: as if it had been run with them."""
    folder = tmp_path_factory.mktemp("dated")
    study = finished.copied(folder / "study")
    study.data = folder / "data"
    write_data(study.data)
    shutil.copy(study.data / "smaller.nii.gz", study.data / "volume.nii.gz")
    shutil.copytree(study.data, study.data / "gm", ignore=shutil.ignore_patterns("*.tsv"))
    made = {
        study.result("design/contrast-age_volume-roi_model.npz"): study.result(
            "design/contrast-age_model.npz"
        ),
        study.result("covariates/gm.npy"): study.result("maps.npy"),
    }
    for path, like in made.items():
        path.parent.mkdir(exist_ok=True)
        shutil.copy(like, path)
    study.finish("--touch", *TARGETS, config=EVERY_INPUT)
    assert not study.plan(*TARGETS, config=EVERY_INPUT).jobs
    return study


EVERY_INPUT = layered(
    CONFIG,
    {
        "atlas": {"image": "DATA/brain.nii.gz", "labels": "DATA/regions.tsv"},
        "mask": {"strategy": "file", "file": "DATA/smaller.nii.gz"},
        "model": {"voxelwise": {"gm": "gm/sub-{participant_id}.nii.gz"}},
        "inference": {"small_volumes": {"roi": "DATA/volume.nii.gz"}},
    },
)
TARGETS = (
    "--",
    "results/tables/contrast-age_stat-t_clusters.tsv",
    "results/design/contrast-age_volume-roi_model.npz",
)


@pytest.mark.parametrize(
    "name, replace, begins",
    [
        ("sub-3.nii.gz", moved_over, "collect_table"),
        ("sub-3.nii.gz", copied_over, "collect_table"),
        ("participants.tsv", moved_over, "collect_table"),
        ("gm/sub-3.nii.gz", copied_over, "read_maps"),
        ("smaller.nii.gz", copied_over, "make_brain_mask"),
        ("volume.nii.gz", moved_over, "build_model"),
        ("brain.nii.gz", copied_over, "tabulate_clusters"),
        ("regions.tsv", moved_over, "tabulate_clusters"),
    ],
)
def test_what_reads_a_file_runs_again_when_an_older_one_takes_its_place(name, replace, begins, dated):
    path = dated.data / name
    shutil.copy2(path, kept := path.with_name(f"kept-{path.name}"))
    replace(path)
    try:
        assert dated.plan(*TARGETS, config=EVERY_INPUT).because("params") == {begins}
    finally:
        kept.rename(path)


# Results of another place


def elsewhere(finished, folder):
    """Copy the results to another working directory, without Snakemake's notes."""
    study = Study(folder / "study", finished.data, finished.snakemake)
    study.workflow = finished.workflow
    study.work.mkdir(parents=True)
    shutil.copytree(finished.work / "results", study.work / "results")
    return study


def test_results_that_were_copied_are_refused_for_another_config(finished, tmp_path):
    study = elsewhere(finished, tmp_path)
    done = study.run(config=OTHER)
    assert done.returncode != 0
    assert REFUSED in done.stdout and "Traceback" not in done.stdout
    assert not study.plan().jobs
    # As the message says: it is what this config gives.
    study.finish("--touch", config=OTHER)
    assert not study.plan(config=OTHER).jobs


@pytest.mark.parametrize("name", ["sub-3.nii.gz", "participants.tsv"])
def test_without_the_notes_of_snakemake_other_data_are_refused(name, finished, tmp_path):
    study = finished.copied(tmp_path / "study")
    study.data = tmp_path / "data"
    shutil.rmtree(study.work / ".snakemake")
    shutil.copytree(finished.data, study.data)
    moved_over(study.data / name)
    done = study.run("--dry-run")
    assert done.returncode != 0 and REFUSED in done.stdout


def test_a_result_of_another_run_is_refused_among_those_of_this_one(finished, tmp_path):
    study, other = finished.copied(tmp_path / "study"), finished.copied(tmp_path / "other")
    path = "nulls/contrast-age/11-21.npz"
    other.result(path).unlink()
    other.finish("--", f"results/{path}", config=OTHER)
    for name in (path, f".records/{path}.json"):
        shutil.copy2(other.result(name), study.result(name))
    done = study.run("--dry-run")
    assert done.returncode != 0
    assert f"{REFUSED}" in done.stdout and f": results/{path}" in done.stdout
    assert "--forcerun compute_null_chunk" in done.stdout
    # Who asks Snakemake to pass over settings is not told of them.
    assert study.run("--dry-run", "--rerun-triggers", "mtime").returncode == 0
