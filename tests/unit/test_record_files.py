"""Records of results: damage is told, and so is what was made from something else."""

import json
import os
from types import SimpleNamespace

import pytest
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import recorded
from permaps.workflow.records import Records, contents, dates_of, looked_at, refuse_stale, stale

SECOND = 10**9


class Place:
    """A folder with the user's file, and two jobs in a row: `a` reads it, `b` reads what `a` made."""

    def __init__(self, folder):
        self.folder, self.results = folder, folder / "results"
        self.source = folder / "map.nii"
        self.source.write_bytes(b"values")
        self.settings = {"a": {"fwhm": 5}, "b": {"alpha": 0.05}}

    def job(self, name):
        """What Snakemake hands to the script of a job."""
        made = {"a": self.results / "a.npy", "b": self.results / "tables/b.tsv"}
        return SimpleNamespace(
            log=[f"{self.results}/logs/{name}/x.log"],
            input=[str(self.source) if name == "a" else str(made["a"])],
            output=[str(made[name])],
            params={"settings": self.settings[name]},
            rule=SimpleNamespace(name=f"rule_{name}"),
        )

    def run(self, name, content=b"0123456789"):
        """Run a job, which writes this."""
        job = self.job(name)
        with recorded(job):
            path = self.results / job.output[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return path

    def stale(self):
        """What is not as its job would make it now, by the names of its files."""
        jobs = [(self.job("a"), []), (self.job("b"), self.job("a").output)]
        return [os.path.basename(path) for _, path, _ in stale(Records(self.results), jobs)]

    def record(self, name):
        return self.results / ".records" / name


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    place.run("a")
    place.run("b", b"x\ty\n")
    return place


def replaced(path, content):
    """Write other content and keep the date."""
    stat = os.stat(path)
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize(
    "content, found",
    [
        (b"0123X56789", "other bytes than were written"),
        (b"01234", "5 bytes where 10 were written"),
        (b"", "0 bytes where 10 were written"),
    ],
    ids=["flipped", "cut off", "emptied"],
)
def test_a_damaged_input_is_named_before_it_is_used(place, content, found):
    path = place.results / "a.npy"
    replaced(path, content)
    with pytest.raises(UserError) as told, recorded(place.job("b")):
        pytest.fail("the job has begun")
    assert str(told.value) == (
        f"{path}: damaged, cut off or exchanged ({found}). "
        f"Delete {path} and run again: only what depends on it is computed again."
    )


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "\xff"])
def test_a_damaged_record_is_told_like_what_it_is_of(place, content):
    place.record("a.npy.json").write_text(content, encoding="latin-1")
    with (
        pytest.raises(UserError, match=r"a\.npy: damaged.*its record .*Delete .*a\.npy"),
        recorded(place.job("b")),
    ):
        pytest.fail("the job has begun")
    place.run("a")
    place.run("b")


@pytest.mark.parametrize("damage", ["changed", "gone", "new"])
def test_of_a_damaged_folder_the_file_is_named(tmp_path, damage):
    place = Place(tmp_path)
    folder = place.results / "a.npy"
    job = place.job("a")
    with recorded(job):
        (folder / "deep").mkdir(parents=True)
        for name in ("sub-1", "deep/sub-2"):
            (folder / name).write_bytes(b"map")
    if damage == "changed":
        replaced(folder / "deep/sub-2", b"mop")
    elif damage == "gone":
        (folder / "deep/sub-2").unlink()
    else:
        (folder / "deep/sub-3").touch()
    with pytest.raises(UserError, match=r"a\.npy: damaged.*\(deep/sub-[23]: .*Delete \S+/a\.npy and"):
        Records(place.results).inspect([folder])


def test_a_job_that_fails_leaves_the_record_of_what_was_there(place):
    before = place.record("tables/b.tsv.json").read_bytes()
    with pytest.raises(UserError), recorded(place.job("b")):
        (place.results / "tables/b.tsv").write_bytes(b"half")
        raise UserError("no")
    assert place.record("tables/b.tsv.json").read_bytes() == before


def test_what_is_as_it_would_be_made_now_is_not_stale(place):
    assert place.stale() == []
    os.rename(place.results, place.folder / "moved")
    place.results = place.folder / "moved"
    assert place.stale() == []


def settings(place):
    place.settings["b"] = {"alpha": 0.1}


def made_anew(place):
    place.run("a", b"9876543210")


def without_record(place):
    place.record("tables/b.tsv.json").unlink()


def other_input(place):
    record = json.loads(place.record("tables/b.tsv.json").read_text())
    place.record("tables/b.tsv.json").write_text(json.dumps(record | {"inputs": {"c.npy": "0"}}))


@pytest.mark.parametrize("change", [settings, made_anew, without_record, other_input])
def test_what_was_made_from_something_else_is_refused(place, change):
    change(place)
    assert place.stale() == ["b.tsv"]
    jobs = [(place.job("a"), []), (place.job("b"), place.job("a").output)]
    with pytest.raises(UserError) as told:
        refuse_stale(Records(place.results), jobs, "results")
    assert "b.tsv. To make them again, run with --forcerun rule_b, or delete the folder" in str(told.value)


def test_a_result_of_another_size_is_told_before_anything_runs(place):
    replaced(place.results / "tables/b.tsv", b"")
    with pytest.raises(UserError, match=r"b\.tsv: damaged.*0 bytes where 4 were written"):
        refuse_stale(Records(place.results), [(place.job("b"), place.job("a").output)], "results")


def test_an_intermediate_that_was_deleted_is_not_missed(place):
    (place.results / "a.npy").unlink()
    assert place.stale() == []


def test_files_from_outside_are_told_apart_by_size_and_date_alone(place, monkeypatch):
    path, seen = str(place.source), {}
    first = dates_of([path], seen)
    os.utime(path, ns=(0, 5 * SECOND))
    older = dates_of([path], seen)
    assert first != older == {path: [6, 5 * SECOND]}
    # A look at each: nothing is read.
    monkeypatch.setattr("builtins.open", lambda *_, **__: pytest.fail("it was read"))
    assert dates_of([path, f"{path}.gone"], looked(path, older)) == older


def looked(path, dates):
    return {path: [*dates[path], "0"]}


def test_a_touched_file_keeps_the_date_that_was_seen(place):
    path = str(place.source)
    seen = Records(place.results).seen(place.results / "a.npy")
    assert seen == looked_at([path], {})
    os.utime(path, ns=(0, 7 * SECOND))
    assert dates_of([path], seen) == {path: seen[path][:2]}
    assert looked_at([path], seen) == seen
    # Also when the job runs again for another reason.
    place.run("a")
    assert Records(place.results).seen(place.results / "a.npy") == seen
    place.source.write_bytes(b"VALUES")
    os.utime(path, ns=(0, 8 * SECOND))
    assert dates_of([path], seen) == {path: [6, 8 * SECOND]}


def test_results_know_nothing_of_files_beside_them(tmp_path):
    (tmp_path / "results-more").mkdir()
    (tmp_path / "results-more/a").touch()
    records = Records(tmp_path / "results")
    assert records.of(tmp_path / "results-more/a") is None
    assert records.inspect([tmp_path / "results-more/a"]) == ({}, [str(tmp_path / "results-more/a")])


@pytest.mark.parametrize(
    "log, folder",
    [
        ("results/logs/a.log", "results"),
        ("narrow/results/logs/rule/a.log", "narrow/results"),
        ("logs/logs/a.log", "logs"),
        ("logs/a.log", "."),
    ],
)
def test_a_job_finds_the_results_by_its_log(log, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Records.beside(log).results == os.path.abspath(folder)


def test_contents_of_a_file_are_its_size_and_crc_32(tmp_path):
    # The check value of CRC-32, as in every description of it.
    (tmp_path / "a").write_bytes(b"123456789")
    assert contents(tmp_path / "a") == {"": [9, "cbf43926"]}
