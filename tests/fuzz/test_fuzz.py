"""Random damage: whatever the input, it is read, or refused in words, in little time and memory.

A minute of it runs with the tests, with the same seeds every time. `make fuzz MINUTES=60` goes on with new
seeds for as long as it is told. What was found is kept as cases in test_found.py.
"""

import contextlib
import io
import os
import random
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from damage import (
    CANARY,
    a_chunk,
    configs,
    damaged,
    expressions,
    images,
    programs,
    tables,
    texts,
    yaml_texts,
)
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from permaps.cohort.participants_table import check_own
from permaps.cohort.sources import Listing, map_files
from permaps.design.matrix import contrast_matrix, design_matrix
from permaps.maps.images import UnusableMap, load_volume
from permaps.maps.map_paths import map_paths
from permaps.maps.map_values import decode_maps
from permaps.permutation.chunk import read_chunk
from permaps.quality.screening import screen
from permaps.tables.participants import read_participants
from permaps.tables.query import select
from permaps.tables.text import check_participants, read_rows
from permaps.workflow.config import resolve
from permaps.workflow.errors import UserError
from permaps.workflow.files import check_files

ROOT = Path(__file__).parents[2]
DEFAULTS, SCHEMA = ROOT / "config/config.yaml", ROOT / "config/schemas/config.schema.yaml"
defaults, schema = (yaml.safe_load(path.read_text()) for path in (DEFAULTS, SCHEMA))

MINUTES = float(os.environ.get("PERMAPS_FUZZ_MINUTES", "0"))
SECONDS = 6.0  # for each reader, where nothing else is said
SLOW = 5.0  # seconds for one input
GREEDY = 2**30  # bytes for one input

pytestmark = pytest.mark.fuzz


def fuzz(strategy, check, counted):
    """Draw inputs until the time is over; the input that fails is made as small as can be."""
    first = random.randrange(2**32) if MINUTES else 0
    end = time.monotonic() + counted.seconds
    n = runs = 0
    while time.monotonic() < end:

        @seed(first + runs)
        @settings(
            max_examples=50,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(strategy)
        def one(value):
            nonlocal n
            n += 1
            begin, memory = time.process_time(), peak()
            check(value)
            assert time.process_time() - begin < SLOW, "slow"
            assert peak() - memory < GREEDY, "greedy"

        one()
        runs += 1
    counted("inputs", n)


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.fixture
def counted(record_property, capsys, request):
    """Note how many inputs were tried; on the terminal of a long run, too."""

    def note(name, value):
        record_property(name, value)
        if MINUTES:
            with capsys.disabled():
                print(f"\n{request.node.name}: {value:,} {name}")

    readers = sum(item.path == Path(__file__) for item in request.session.items)
    note.seconds = 60 * MINUTES / readers if MINUTES else SECONDS
    return note


def table():
    return pd.DataFrame(
        {
            "participant_id": [f"S{i}" for i in range(8)],
            "map": ["m.nii"] * 8,
            "age": [20.0, 31, 25, 44, 52, 38, 27, 33],
            "group": pd.Series(list("aabbabab"), dtype=object),
            "dose (mg)": [0.5, 1, 2, 0, 3, 1, 2, 4],
        }
    )


def test_config(counted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def check(given):
        try:
            config = resolve(given, DEFAULTS, SCHEMA)
            assert resolve(config, DEFAULTS, SCHEMA) == config
            check_files(config)
        except UserError as error:
            assert str(error).startswith("The config has")

    fuzz(configs(defaults, schema), check, counted)


def test_config_text(counted):
    def check(text):
        try:
            given = yaml.load(text, Loader=yaml.FullLoader)  # as Snakemake reads it
        except (yaml.YAMLError, ValueError, AttributeError, TypeError):
            return
        if isinstance(given, dict):
            with contextlib.suppress(UserError):
                resolve(given, DEFAULTS, SCHEMA)

    fuzz(yaml_texts(defaults), check, counted)


def test_table(counted, tmp_path):
    file, copy = tmp_path / "participants.tsv", tmp_path / "copy.tsv"

    def check(drawn):
        content, maps = drawn
        file.write_bytes(content)
        map_files(
            {"source": "table", "path": file}, maps
        )  # read when the Snakefile is parsed: refuses nothing
        try:
            columns, rows, lines = read_rows(file)
            check_participants(columns, rows, lines, file)
            listing = Listing(columns, rows, lines, str(file), str(tmp_path), rows)
            check_own(listing, listing.map_paths(maps))
            copy.write_bytes(content)
            frame = read_participants(copy)
            if "map" in frame:
                entries = decode_maps(frame, [], io.BytesIO())
                screen(frame, entries, {"age": "model.formula"} if "age" in frame else {}, None)
        except UserError:
            pass

    maps = st.one_of(st.sampled_from(["map", "sub-{participant_id}/{age}.nii", "{", "{}"]), texts)
    fuzz(st.tuples(tables(), maps), check, counted)


def test_image(counted, tmp_path):
    def check(drawn):
        name, content = drawn
        file = tmp_path / name
        file.write_bytes(content)
        try:
            data, affine = load_volume(file)
        except UnusableMap as reason:
            assert "\n" not in str(reason) and len(str(reason)) < 400
        else:
            assert data.ndim == 3 and data.dtype in (np.float32, np.float64) and np.isfinite(affine).all()

    fuzz(images(), check, counted)


def test_chunk(counted, tmp_path):
    file, sound = tmp_path / "0-5.npz", a_chunk("f" * 64)

    def check(content):
        file.write_bytes(content)
        try:
            chunk = read_chunk(file, 0, 5, "f" * 64)
        except UserError as error:
            assert str(file) in str(error)
        else:  # what the archive's checksums let pass is what was written
            np.testing.assert_array_equal(chunk["voxel"], np.linspace(1, 2, 5))

    fuzz(damaged(sound), check, counted)


def test_formula(counted):
    frame = table()

    def check(formula):
        try:
            names, matrix = design_matrix(frame, formula)
        except UserError as error:
            assert "model.formula" in str(error)
        else:
            assert matrix.shape == (8, len(names)) and np.isfinite(matrix).all()

    words = [
        "age",
        "group",
        "`dose (mg)`",
        "1",
        "np.log(age)",
        "poly(age, 2)",
        "C(group, contr.sum)",
        "bs(age, df=4)",
        ".",
    ]
    words += ["age.__class__", "__import__('os')", "np", "center(age)", "participant_id", "_", "missing"]
    fuzz(expressions(words), check, counted)


def test_contrast(counted):
    columns = ["Intercept", "age", "group[T.b]", "C(site)[T.x y]", "age:group[T.b]"]

    def check(contrast):
        try:
            weights = contrast_matrix(contrast, "name", columns)
        except UserError as error:
            assert "model.contrasts.name" in str(error)
        else:
            assert weights.shape[1] == len(columns) and np.isfinite(weights).all()

    expression = expressions([*columns, "`group[T.b]`", "agee", "e", "E5", "__import__('os')"])
    fuzz(st.one_of(expression, st.lists(expression, min_size=1, max_size=3)), check, counted)


def test_query(counted):
    frame = table()

    def check(query):
        try:
            kept = select(frame, query)
        except UserError as error:
            assert "quality.query" in str(error)
        else:
            assert kept.shape == (8,) and kept.dtype == bool

    words = [
        "age",
        "group",
        "`dose (mg)`",
        "'a'",
        "True",
        "None",
        "['a', 'b']",
        "@frame",
        "age.mean()",
        "index",
        "missing",
    ]
    fuzz(expressions(words), check, counted)


class Watch:
    """Notes whatever runs code from text, or starts a program, while it is on; a hook stays for good."""

    def __init__(self):
        self.on, self.seen = False, []
        sys.addaudithook(self.hook)

    def hook(self, event, arguments):
        if not self.on:
            return
        started = event in ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen")
        # Modules that are imported have a file; what eval() and exec() are given as text has none.
        text = event == "exec" and getattr(arguments[0], "co_filename", "") in ("", "<string>", "<unknown>")
        if started or text or (event == "open" and CANARY in str(arguments[0])):
            self.seen.append((event, str(arguments)[:100]))


def test_code(counted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame, watch = table(), Watch()
    columns, rows = list(frame.columns), frame.astype(str).to_dict("records")
    design = ["Intercept", "age", "group[T.b]"]
    readers = {
        "formula": lambda text: design_matrix(frame, text),
        "query": lambda text: select(frame, text),
        "contrast": lambda text: contrast_matrix(text, "name", design),
        "maps": lambda text: map_paths(columns, rows, tmp_path / "t.tsv", text),
    }
    counts = {f"{name} {how}": 0 for name in readers for how in ("accepted", "refused")}
    for reader in readers.values():  # what is imported late is imported before the watch
        with contextlib.suppress(UserError):
            reader("age")
    design_matrix(frame, "1 + C(group) + bs(age, df=4)")

    def check(text):
        for name, reader in readers.items():
            watch.on, how = True, "accepted"
            try:
                reader(text)
            except UserError:
                how = "refused"
            finally:
                watch.on = False
            counts[f"{name} {how}"] += 1
        seen, watch.seen = watch.seen, []
        made = list(tmp_path.iterdir())
        for path in made:  # or the next program would be taken for this one
            path.unlink()
        assert not seen and not made

    words = ["age", "group", "`dose (mg)`", "log", "I", "C", "np.log", "'a'", "group[T.b]", "1", "age > 30"]
    fuzz(programs(words), check, counted)
    for name, n in counts.items():
        counted(name, n)
