"""The docs hold: every command runs, every config is valid, every link, key, test and result exists.

Commands are run in a copy of the workflow with the study that the docs describe, `snakemake` as a dry run and
`pytest` for its version alone. A block is run as a whole, in the order of the page.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import yaml
from permaps.cohort.sources import read_listing
from permaps.design.given import with_model
from permaps.design.matrix import contrast_matrix, design_matrix
from permaps.spaces.kinds import for_kind, kind_of
from permaps.tables.query import select
from permaps.tables.text import check_participants, is_number
from permaps.workflow import config as settings
from permaps.workflow.names import each_input
from permaps.workflow.schema import keys as all_keys

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DEFAULTS, SCHEMA = ROOT / "config/config.yaml", ROOT / "config/schemas/config.schema.yaml"
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md"] + [
    str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md"))
]
PARTS = ("Snakefile", "Makefile", "CITATION.cff", "config", "envs", "rules", "scripts")
# YAML on a page that is no config of the workflow, and where it belongs on disk.
PROFILES = {("docs/clusters.md", "default-resources"): "home/.config/snakemake/mysite/config.yaml"}
# Commands that cannot run where the tests run, with the reason; everything else does.
NOT_HERE = {}

# In place of the command: a dry run, without the report that would follow a run.
SNAKEMAKE = """#!/usr/bin/env bash
while (($#)); do
    case $1 in
        --report) shift ;;
        --report-after-run) ;;
        *) given+=("$1") ;;
    esac
    shift
done
exec "{bin}/snakemake" --dry-run --quiet rules "${{given[@]}}"
"""
# `make` must not make an environment here: `.venv` is a link to the one that runs the tests.
SHELL = """set -euo pipefail
snakemake() { bin/snakemake "$@"; }
make() {
    command make --no-print-directory --assume-old=.venv/.locked PYTHON=/bin/false BIN="$PWD/bin" \\
        PYTEST_ARGS=--version "$@"
}
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self):
        return f"{self.page}:{self.line}"

    @property
    def name(self):
        """The file that the block's first line names, as in `# my.yaml`."""
        found = re.match(r"# ([\w./-]+\.yaml)\n", self.text)
        return found[1] if found else None

    @property
    def extends(self):
        """The file of the same page that the block is to be laid over, as in `# in my.yaml`."""
        found = re.match(r"# in ([\w./-]+\.yaml)\n", self.text)
        return found[1] if found else None

    @property
    def profile(self):
        """Where the block lies if it is a profile of Snakemake's."""
        return PROFILES.get((self.page, next(iter(yaml.safe_load(self.text)))))


@cache
def blocks(*languages):
    """Return the blocks of all pages in these languages."""
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if match[1] in languages:
                found.append(Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2]))
    return found


def whole(page):
    """Return a page's text."""
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page):
    """Return a page without its fenced blocks."""
    text = whole(page)
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def quoted(page):
    """Return what stands between backticks on a page."""
    return re.findall(r"`([^`\n]+)`", prose(page))


# The study that the docs describe: its tables, and images by their names alone.
STUDY = {
    "study/participants.tsv": next(b.text for b in blocks("tsv") if b.page == "docs/tutorial.md"),
    "bids/participants.tsv": "participant_id\tage\n"
    + "".join(f"sub-0{i}\t{20 + i * i}\n" for i in range(1, 6)),
    **{
        f"bids/derivatives/glm/sub-0{i}/sub-0{i}_task-faces_contrast-fear_stat-effect_statmap.nii.gz": ""
        for i in range(1, 6)
    },
    "fs/lh.aparc.thickness.tsv": "lh.aparc.thickness\tlh_cuneus_thickness\tlh_insula_thickness\n"
    + "".join(f"0{i}\t{2 + i / 10}\t{3 - i / 10}\n" for i in range(1, 7)),
    "sessions/maps.tsv": "participant_id\tsubject\tsession\n"
    + "".join(f"{s}_{t}\t{s}\t{t}\n" for s in "abcd" for t in ("baseline", "month3")),
    "results/dataset/participants.tsv": "participant_id\tmap\tpseudo\tage\tsex\n"
    + "".join(f"S0{i}\tmaps/sub-S0{i}.nii.gz\t{i * i}\t{30 - i}\t{'FM'[i % 2]}\n" for i in range(1, 7)),
    "spm/people.csv": "code;age;group\n"
    + "".join(f"s{i};{20 + i * i},5;{('control', 'patient')[i % 2]}\n" for i in range(1, 7)),
    "spm/mask.nii": "",
    "fs/people.tsv": "participant_id\tage\tgroup\n"
    + "".join(f"s{i}\t{20 + i * i}\t{('control', 'patient')[i % 2]}\n" for i in range(1, 7)),
    "fsl/design.mat": "/Matrix\n1 0\n1 0\n1 0\n0 1\n0 1\n0 1\n",
    "fsl/design.con": "/ContrastName1 A > B\n/Matrix\n1 -1\n",
    "fsl/design.fts": "/Matrix\n1\n",
    "fsl/design.grp": "/Matrix\n" + "1\n" * 6,
    "fsl/all_copes.nii.gz": "",
    "fsl/mask.nii.gz": "",
    "study/amygdala.nii.gz": "",
    "study/brain.nii.gz": "",
    "study/atlas.nii.gz": "",
    "study/atlas.tsv": "index\tname\n1\tamygdala\n",
}


AFFINE = np.diag([4.0, 4, 4, 1])
AFFINE[:3, 3] = -42, -20, -20  # with the places where the docs have spheres
SHAPES = {"all_copes.nii.gz": (6, 6, 20, 6)}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A function that gives a page a copy of the workflow with the study and the page's own configs."""
    made = {}

    def of(page):
        if page not in made:
            made[page] = prepared(tmp_path_factory.mktemp(Path(page).stem), page)
        return made[page]

    return of


def prepared(folder, page):
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "bin").mkdir()
    for name in ("python", "pytest"):
        (folder / "bin" / name).write_text(f'#!/bin/sh\nexec "{BIN}/{name}" "$@"\n')
    (folder / "bin/snakemake").write_text(SNAKEMAKE.format(bin=BIN))
    for tool in (folder / "bin").iterdir():
        tool.chmod(0o755)
    for name, text in STUDY.items():
        # Results that no run has made are refused, so they are there for the pages that read them alone.
        if name.startswith("results/") and name not in whole(page):
            continue
        write(folder / name, text)
    shutil.copytree(ROOT / "config/profiles/cluster-generic", folder / "my/profile")
    # A page may use the README's my.yaml without repeating it.
    for block in sorted(blocks("yaml"), key=lambda b: b.page == page):
        if block.page in ("README.md", page) and (name := block.name or block.profile):
            write(folder / name, block.text)
    with contextlib.chdir(folder):
        for block in blocks("yaml"):
            if block.page in ("README.md", page) and not block.profile:
                dataset = config_of(block)["dataset"]
                for path in chain(
                    *(read_listing(one).own_maps(one["maps"]) for one in each_input(dataset).values())
                ):
                    for hemi in ("lh", "rh"):
                        file = Path(path.partition("[")[0].replace("*", "nii").replace("{hemi}", hemi))
                        if not file.is_file():  # a table of the study has values itself
                            write(file, "")
    return folder


def write(path, text):
    """Write a file of the study: an image where it has the name of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".gz", ".nii"):
        nib.save(nib.Nifti1Image(np.ones(SHAPES.get(path.name, (6, 6, 20)), np.float32), AFFINE), path)
    else:
        path.write_text(text)


@pytest.mark.parametrize("block", blocks("sh", "bash"), ids=str)
def test_commands_run(block, workspace):
    if block.text in NOT_HERE:
        pytest.skip(NOT_HERE[block.text])
    folder = workspace(block.page)
    done = subprocess.run(
        ["bash", "-c", SHELL + block.text],
        cwd=folder,
        env={**os.environ, "HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def config_of(block):
    """Return the config of a block, with the working directory where its files are."""
    given = yaml.safe_load(block.text)
    if block.extends:
        under = next(b for b in blocks("yaml") if b.page == block.page and b.name == block.extends)
        given = settings.layered(yaml.safe_load(under.text), given)
    given = with_model(given)
    resolved = settings.resolve(given, DEFAULTS, SCHEMA)
    return for_kind(resolved, given, kind_of(resolved["dataset"]))


@pytest.mark.parametrize("block", [b for b in blocks("yaml") if not b.profile], ids=str)
def test_configs_are_valid_and_their_models_fit_their_tables(block, workspace, monkeypatch):
    monkeypatch.chdir(workspace(block.page))
    config = config_of(block)
    files = [where for where in config["inference"]["small_volumes"].values() if isinstance(where, str)]
    assert set(files) <= set(STUDY)
    assert {config["mask"]["file"], *config["atlas"].values()} <= {None, *STUDY}
    listing = read_listing(config["dataset"])
    check_participants(listing.columns, listing.rows, listing.lines, listing.path)
    table = pd.DataFrame(listing.rows, columns=listing.columns).dropna()
    numeric = [c for c in table if c != "participant_id" and all(map(is_number, table[c]))]
    table = table.astype(dict.fromkeys(numeric, float)).reset_index(drop=True)
    if config["quality"]["query"]:
        assert 0 < select(table, config["quality"]["query"]).sum() < len(table)
    names, _ = design_matrix(table, config["model"]["formula"])
    names += list(config["model"]["voxelwise"])
    for name, contrast in config["model"]["contrasts"].items():
        assert contrast_matrix(contrast, name, names).any()


def test_a_new_figure_is_a_row(workspace, tmp_path):
    shutil.copytree(workspace("README.md"), tmp_path / "copy", symlinks=True)
    (row,) = re.findall(r"```text\n +(histogram=.*)\n +```$", whole("CONTRIBUTING.md"), re.M)
    outputs = tmp_path / "copy/rules/outputs.smk"
    rules = outputs.read_text(encoding="utf-8")
    outputs.unlink()
    outputs.write_text(rules.replace("CHARTS = dict(\n", f"CHARTS = dict(\n    {row}\n"), encoding="utf-8")
    (tmp_path / "copy/rules/captions/histogram.rst").touch()
    done = subprocess.run(
        ["bin/snakemake", "--cores", "1", "results/figures/contrast-pseudo_histogram.png"],
        cwd=tmp_path / "copy", capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "plot_test" in done.stdout


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_runs(block, tmp_path, monkeypatch):
    for path in re.findall(r'load\("([^"]+)"\)', block.text):
        (tmp_path / path).parent.mkdir(parents=True)
        logp = np.full((2, 2, 2), -np.log10(0.05), np.float32)
        nib.Nifti1Image(logp, np.eye(4)).to_filename(tmp_path / path)
    monkeypatch.chdir(tmp_path)
    exec(compile(block.text, str(block), "exec"), {})
    (written,) = tmp_path.glob("*.nii.gz")
    np.testing.assert_allclose(nib.load(written).get_fdata(), 0.95, rtol=1e-6)


def test_blocks_are_of_a_kind_that_is_tried():
    kinds = {
        match
        for page in PAGES
        for match in re.findall(r"^```(\w*)\n.*?^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    }
    assert kinds <= {"sh", "bash", "yaml", "python", "tsv", "text"}
    assert set(NOT_HERE) <= {block.text for block in blocks("sh", "bash")}


def anchors(page):
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", prose(page)):
        if "://" in target:
            continue
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(path.resolve().relative_to(ROOT)), f"{page}: {target}#{anchor}"


@pytest.mark.parametrize("page", PAGES)
def test_files_and_keys_that_are_named_exist(page):
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    keys = set(all_keys(schema))
    known = keys | {".".join(key.split(".")[:n]) for key in keys for n in (1, 2)} | {"dataset.source"}
    for text in quoted(page):
        if re.match(r"(tests|config|scripts|docs|rules|envs)/[\w./-]+$", text):
            assert (ROOT / text).exists(), f"{page}: {text}"
        sections = "dataset|quality|mask|model|permutation|inference|atlas"
        if re.fullmatch(rf"({sections})\.[a-z_.]+", text) and not text.endswith((".nii.gz", ".npz")):
            assert text in known, f"{page}: {text}"


def pattern(path):
    """Turn a path with placeholders into a regular expression for the paths that it stands for."""
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))


# What rules write by a name that stands for a path, which differs by the space of the maps.
# Of maps, in any space.
ENDINGS = (".nii.gz", ".dscalar.nii", ".tsv", ".pscalar.nii")
NAMED = {
    "MASK": ["mask.nii.gz", "mask.npz"],
    "BRAIN": ["quality/brain_mask.nii.gz", "quality/brain_mask.npz"],
    "COVERAGE": [f"mask_coverage{ending}" for ending in ENDINGS],
    "LOST_ELEMENTS": [
        "quality/voxels.tsv",
        "quality/vertices.tsv",
        "quality/grayordinates.tsv",
        "quality/regions.tsv",
    ],
    "HALVES": ["maps/hemi-{side}_contrast-{contrast}_stat-{stat}_statmap.func.gii"],
    "maps_of": [f"maps/contrast-{{contrast}}_stat-{{stat}}_corr-fwe_logp{ending}" for ending in ENDINGS],
    "cluster_report": ["tables/contrast-{contrast}_stat-{stat}_clusters.tsv"],
    "tdp_statmap": ["maps/contrast-{contrast}_stat-{stat}_tdp_statmap.nii.gz"],
    "map_figures": [
        *(
            f"figures/contrast-{{contrast}}_{name}.{kind}"
            for name in ("glass", "comparison", "clusters", "stat-{stat}_slices")
            for kind in ("png", "svg")
        ),
        "figures/contrast-{contrast}_viewer.html",
    ],
    "figure_of_input": ["figures/quality.png", "figures/coverage.png"],
    "SHEET": ["figures/contact_sheet.png", "figures/contact_sheet.svg"],
    "charts": [
        f"figures/contrast-{{contrast}}_{name}.{kind}"
        for name in ("peaks", "nulls", "convergence", "discoveries")
        for kind in ("png", "svg")
    ],
    "regions_table": ["tables/contrast-{contrast}_regions.tsv"],
}


def written_by_rules():
    """Return the paths below the results folder that rules write, with their wildcards."""
    rules = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk"))
    paths = set()
    # An output: a named path, further in than its directive.
    for _, outputs in re.findall(r"^( +)output:\n((?:\1    .*\n)+)", rules, re.M):
        # A test is named as its files begin, and the files of an input without a name have no prefix.
        outputs = re.sub(r"{(test|analysis)}", "contrast-{contrast}", outputs).replace("{INPUT_PREFIX}", "")
        paths |= set(re.findall(r'(?:result|figure|per_input|common)\(\s*f?"([^"]+)"', outputs))
        paths |= {
            f"maps/{test}_stat-{stat}_{kind or 'statmap'}.nii.gz"
            for test, stat, kind in re.findall(
                r'group_map\(\s*"([^"]+)",\s*"([^"]+)"(?:,\s*"([^"]+)")?', outputs
            )
        }
        paths |= {
            f"maps/{analysis}_stat-{{stat}}_corr-{kind}_logp.nii.gz"
            for kind, analysis in re.findall(r'maps_of\(.*, "([\w{}]+)", "([^"]+)"\)', outputs)
        }
        for name, named in NAMED.items():
            if re.search(rf"\b{name}\b", outputs):
                paths |= set(named)
        paths |= {
            f"figures/captions/{stem}.rst" for stem in re.findall(r'caption_file\(f?"([^"]+)"\)', outputs)
        }
    return paths


def entries():
    """Return the paths in the table of docs/outputs.md."""
    table = prose("docs/outputs.md").split("## Every file")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    return [path for cell in cells for path in re.findall(r"`([^`]+)`", cell)]


def alike(entry, path):
    """Tell whether an entry of the table, or the folder that it names, stands for a rule's path."""
    if entry.endswith("/"):
        return f"{path}/".startswith(entry)
    return any(
        pattern(one).fullmatch(re.sub(r"{\w+}", "x", other)) for one, other in ((entry, path), (path, entry))
    )


def test_every_result_is_in_the_table_and_nothing_else():
    written, listed = written_by_rules(), entries()
    assert len(written) > 50
    assert not [path for path in written if not any(alike(entry, path) for entry in listed)]
    # Logs, benchmarks and records are no output, and what analyses share is in the table already.
    others = {"logs/", "benchmarks/", ".records/", "shared/"}
    assert others < set(listed)
    assert not [entry for entry in set(listed) - others if not any(alike(entry, path) for path in written)]


@pytest.mark.parametrize("page", PAGES)
def test_results_that_are_named_are_written(page):
    listed = entries()
    folders = {entry.split("/")[0] for entry in listed if "/" in entry}
    for text in quoted(page):
        # Results of one of several inputs are those of a single one, with its name in front.
        path = re.sub(r"\binput-[a-z]+_", "", re.sub(r"^results(-\w+)?/", "", text))
        folder, _, rest = path.partition("/")
        # The folder `maps` is a user's as well.
        bare = (
            folder in folders
            and re.search(r"\.\w+$", path)
            and (folder != "maps" or rest.startswith("contrast-"))
        )
        if rest and (path != text or bare):
            assert any(pattern(entry).fullmatch(path) for entry in listed), f"{page}: {text}"
        elif path != text and path:
            assert path in listed, f"{page}: {text}"


def test_the_columns_of_cluster_tables_are_described():
    files = ("scripts/tabulate_clusters.py", "scripts/permaps/reporting/readings.py")
    code = "".join((ROOT / path).read_text(encoding="utf-8") for path in files)
    described = prose("docs/outputs.md").split("## Cluster tables")[1]
    columns = set(re.findall(r'"(p_\w+|effect\w*|partialr2)"', code)) | {
        "cluster",
        "peak",
        "region",
        "size_mm3",
        "n_voxels",
        "n_active",
        "tdp",
    }
    assert {"p_fwe", "p_unc", "effect_low"} < columns
    assert not [column for column in columns if f"`{column}`" not in described]


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200
