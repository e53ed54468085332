"""A study whose table, atlas and file names try to become markup, links, scripts and formulas."""

import csv
import shutil

from permaps.tables.text import read_rows
from tiny import CONFIG, write_study

SCRIPT = "</script><script>alert(1)</script>"
IMAGE = "<!--<script><img src=x onerror=alert(1)>"
LINK = "`x <javascript:alert(1)>`_ [x](javascript:alert(1)) javascript:alert(1)"
FORMULA = '=HYPERLINK("javascript:alert(1)","x")'
PEOPLE = [
    SCRIPT,
    IMAGE,
    LINK,
    FORMULA,
    "+1+1",
    "-1-1",
    "@SUM(1)",
    "$x$ ${x} {{x}} {x}",
    "gone " + IMAGE,
    "=gone",
]
CONTRAST = "a._+-"


def write_hostile(folder, snakemake):
    """Write the study; return it with its config."""
    study = write_study(folder, snakemake)
    odd = study.data / "');alert(1);('"
    # A name in which a closing tag is a folder.
    maps = odd / IMAGE / f"a{SCRIPT}"
    maps.mkdir(parents=True)
    columns, rows, _ = read_rows(study.data / "participants.tsv")
    rows += [dict(rows[0]), dict(rows[1])]
    for name, row in zip(PEOPLE, rows, strict=True):
        number = len(list(maps.iterdir()))
        shutil.copy(study.data / row["map"], maps / f"{number}.nii.gz")
        row |= {"participant_id": name, "map": str(maps / f"{number}.nii.gz")}
        row |= {SCRIPT: {"a": IMAGE, "b": FORMULA}[row["group"]], FORMULA: f"-{number}.5"}
    for row in rows[8:]:
        row[SCRIPT] = None
    write(odd / "participants.tsv", [*columns, SCRIPT, FORMULA], rows)
    for name in ("brain.nii.gz", "smaller.nii.gz"):
        shutil.copy(study.data / name, odd)
    write(odd / "regions.tsv", ["index", "name"], [{"index": 1, "name": FORMULA}])
    return study, CONFIG | {
        "dataset": {"source": "table", "path": str(odd / "participants.tsv"), "maps": "map"},
        "mask": {"strategy": "file", "file": str(odd / "brain.nii.gz")},
        "model": {"formula": f"1 + age + `{SCRIPT}`", "contrasts": {CONTRAST: "age"}},
        "inference": {
            "statistics": ["voxel"],
            "small_volumes": {"small": str(odd / "smaller.nii.gz")},
        },
        "atlas": {"image": str(odd / "brain.nii.gz"), "labels": str(odd / "regions.tsv")},
    }


def write(path, columns, rows):
    """Write a table as a stranger would, with nothing made inert."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, delimiter="\t", restval="n/a")
        writer.writeheader()
        writer.writerows({name: value for name, value in row.items() if value is not None} for row in rows)
