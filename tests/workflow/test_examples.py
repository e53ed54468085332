"""Every worked example, from its table to its null, on small maps made up for the purpose."""

import shutil
from collections import Counter
from math import factorial, prod
from pathlib import Path

import build_model
import collect_contrasts
import collect_table
import compute_null_chunk
import fit_parametric
import make_brain_mask
import make_design
import merge_nulls
import numpy as np
import plan_contrast
import pytest
import read_maps
import screen_participants
import select_participants
import smooth_covariates
import smooth_maps
import yaml
from permaps.cohort.sources import read_listing
from permaps.figures import peak_figures
from permaps.maps import decoders, images
from permaps.maps.images import load_volume, write_image
from permaps.permutation.model import Model
from permaps.spaces.files import read_space
from permaps.tables.participants import read_participants
from permaps.tables.tsv import read_frame
from permaps.workflow.config import resolve

ROOT = Path(__file__).parents[2]
EVERY_EXAMPLE = sorted((ROOT / "config/examples").glob("*.yaml"))
# The others simulate their data, and are run by test_spaces_run.py.
EXAMPLES = [path for path in EVERY_EXAMPLE if "source: table" in path.read_text(encoding="utf-8")]
SHAPE, AFFINE = (8, 9, 7), np.diag([-3.0, 3, 3, 1])
N_PERMUTATIONS = 30


def distinct_rows(*columns):
    """Number of orders of a table's rows, of which those alike in these columns make no difference."""

    def count(table):
        alike = Counter(zip(*(table[c] for c in columns), strict=True)).values()
        return factorial(len(table)) // prod(map(factorial, alike))

    return count


# Contrast: scheme, number of distinct relabellings as counted by hand, and whether voxels have models of their own.
EXPECTED = {
    "one-sample": {"mean": ("flip", 2**10, False)},
    "two-sample": {"patients-controls": ("permute", distinct_rows("group", "age"), False)},
    "interaction": dict.fromkeys(
        ("slope-difference", "slope-patients"), ("permute", distinct_rows("group", "score"), False)
    ),
    "paired": {"change": ("permute", 2**8, False)},
    "repeated-measures": dict.fromkeys(("sessions", "pain"), ("permute", 6**8, False)),
    "mixed": {"drug-changes-more": ("permute", factorial(12), False)},
    "anova": dict.fromkeys(
        ("group", "dose", "interaction"), ("permute", factorial(24) // factorial(4) ** 6, False)
    ),
    "voxelwise-covariate": dict.fromkeys(
        ("patients-controls", "grey-matter"), ("permute", factorial(24), True)
    ),
    "unequal-variances": {"patients-controls": ("flip", 2**24, True)},
    "missing-voxels": {"score": ("permute", distinct_rows("score", "age"), True)},
    "small-sample": {"mean": ("flip", 2**7, True)},
    "families": {"income": ("permute", factorial(10), False)},
    # Kinds of families one by one: five pairs of twins, three of twins and a sibling, five single people.
    "nested": {
        "memory": ("permute", (factorial(5) * 2**5) * (factorial(3) * 2**3) * factorial(5), False),
    },
}


def make_maps(paths, seed, holes):
    """Write small maps: noise around a mean of 1, and holes in some of them."""
    inside = np.zeros(SHAPE, bool)
    inside[1:-1, 1:-1, 1:-1] = True
    for i, path in enumerate(paths):
        rng = np.random.default_rng([seed, i])
        data = np.where(inside, 1 + rng.standard_normal(SHAPE), 0).astype(np.float32)
        if holes and i % 6 == 0:
            data[1:3, 1:3, 1:3] = np.nan
        write_image(path, data, AFFINE, "test")


@pytest.fixture
def study(request, tmp_path, monkeypatch):
    """An example's name and config, in a folder of its own with maps for every row of its table."""
    monkeypatch.chdir(tmp_path)
    return prepared(request.param, tmp_path)


def prepared(path, folder):
    shutil.copytree(ROOT / "config/examples", folder / "config/examples")
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    config = resolve(given, ROOT / "config/config.yaml", ROOT / "config/schemas/config.schema.yaml")
    listing = read_listing(config["dataset"])
    make_maps(listing.own_maps(config["dataset"]["maps"]), 0, config["mask"]["min_coverage"] < 1)
    for seed, pattern in enumerate(config["model"]["voxelwise"].values(), 1):
        make_maps(listing.map_paths(pattern), seed, False)
    return path.stem, config


def to_design(config, f):
    """Run the scripts from the table to the design, as the rules do."""
    model, blocks = config["model"], config["permutation"]["blocks"]
    missing = config["mask"]["zero_is_missing"]
    collect_table.main(
        dataset=config["dataset"], participants=f("participants.tsv"), results=f("results"),
        voxelwise=model["voxelwise"],
    )  # fmt: skip
    held = {"images": f("images.json"), "values": f("values.bin")}
    read_maps.main(participants=f("participants.tsv"), **held, voxelwise=list(model["voxelwise"]))
    screen_participants.main(
        participants=f("participants.tsv"), images=held["images"], screened=f("screened.tsv"),
        query=config["quality"]["query"], formula=model["formula"], block_columns=blocks,
        variance_groups=model["variance_groups"], voxelwise=list(model["voxelwise"]),
    )  # fmt: skip
    make_brain_mask.main(
        screened=f("screened.tsv"), **held, brain=f("brain.nii.gz"), strategy="background", file=None
    )
    select_participants.main(
        screened=f("screened.tsv"), **held, brain=f("brain.nii.gz"), included=f("included.tsv"),
        excluded=f("excluded.tsv"), metrics=f("metrics.tsv"), max_missing=config["quality"]["max_missing"],
        zero_is_missing=missing,
    )  # fmt: skip
    smooth_maps.main(
        included=f("included.tsv"), usable=f("included.tsv"), **held, brain=f("brain.nii.gz"), mask=f("mask.nii.gz"),
        coverage=f("coverage.nii.gz"), matrix=f("maps.npy"), voxels=f("voxels.tsv"),
        smoothing_fwhm=config["smoothing_fwhm"], min_coverage=config["mask"]["min_coverage"], zero_is_missing=missing,
        voxelwise=list(model["voxelwise"]),
    )  # fmt: skip
    for name in model["voxelwise"]:
        smooth_covariates.main(
            included=f("included.tsv"), usable=f("included.tsv"), **held, brain=f("brain.nii.gz"),
            mask=f("mask.nii.gz"), matrix=f(f"{name}.npy"), name=name, smoothing_fwhm=5,
        )  # fmt: skip
    make_design.main(
        included=f("included.tsv"), design=f("design.tsv"), blocks=f("blocks.json"), formula=model["formula"],
        voxelwise=list(model["voxelwise"]), block_columns=blocks, variance_groups=model["variance_groups"],
    )  # fmt: skip
    for contrast, expressions in model["contrasts"].items():
        plan_contrast.main(
            design=f("design.tsv"), blocks=f("blocks.json"), weights=f(f"{contrast}_weights.tsv"),
            plan=f(f"{contrast}_plan.json"), contrast=contrast, expressions=expressions,
            scheme=config["permutation"]["scheme"],
        )  # fmt: skip
    collect_contrasts.main(
        weights=[f(f"{c}_weights.tsv") for c in model["contrasts"]],
        plans=[f(f"{c}_plan.json") for c in model["contrasts"]],
        contrasts=f("contrasts.tsv"), plan=f("plan.json"),
    )  # fmt: skip


def to_null(config, f, contrast):
    """Run the scripts from the design to a contrast's null."""
    covariates = [f(f"{name}.npy") for name in config["model"]["voxelwise"]]
    tables = {"design": f("design.tsv"), "weights": f("contrasts.tsv"), "blocks": f("blocks.json")}
    data = {"matrix": f("maps.npy"), "covariates": covariates}
    inference = config["inference"]
    settings = {"seed": 0, "two_sided": True, "enhance": True, "tdp": True} | {
        key: inference[key] for key in ("connectivity", "tfce", "cluster_p", "uncorrected_tfce")
    }
    build_model.main(
        **data, **tables, mask=f("mask.nii.gz"), plan=f("plan.json"), contrast=contrast,
        variance_fwhm=inference["variance_smoothing_fwhm"], model=f("model.npz"),
    )  # fmt: skip
    chunk = f(f"0-{N_PERMUTATIONS + 1}.npz")
    compute_null_chunk.main(
        **data, model=f("model.npz"), output=chunk, start=0, stop=N_PERMUTATIONS + 1, settings=settings,
        memory_mb=100,
    )  # fmt: skip
    merge_nulls.main(
        **data, model=f("model.npz"), chunks=[chunk], null=f("null.npz"), exceedances=f("exceedances.npz"),
        n_permutations=N_PERMUTATIONS, statistics=inference["statistics"], shift=0,
        settings=settings,
    )  # fmt: skip
    maps = {name: f(f"{name}.nii.gz") for name in ("effect", "stat", "z", "partialr2", "bonferroni")}
    fit_parametric.main(**data, model=f("model.npz"), title=contrast, **maps)
    return Model.load(f("model.npz")), np.load(f("null.npz")), load_volume(maps["stat"])[0], covariates


@pytest.mark.parametrize("study", EXAMPLES, indirect=True, ids=lambda path: path.stem)
def test_an_example_runs_from_its_table_to_its_null(study, tmp_path):
    name, config = study

    def f(file):
        return tmp_path / "out" / file

    assert set(config["model"]["contrasts"]) == set(EXPECTED[name])
    to_design(config, f)
    included = read_participants(f("included.tsv"))
    for contrast, (scheme, n_distinct, voxelwise) in EXPECTED[name].items():
        model, null, stat, _ = to_null(config, f, contrast)
        found = model.exchangeability
        assert model.scheme == scheme and (model.kind != "common") == voxelwise
        assert found.n_distinct == (n_distinct(included) if callable(n_distinct) else n_distinct)
        assert {n: len(null[n]) for n in null} == dict.fromkeys(
            ("voxel", "tfce", "cluster_size", "cluster_mass", "tdp"), N_PERMUTATIONS + 1
        )
        assert np.isfinite(null["voxel"]).all() and len(np.unique(null["voxel"])) > N_PERMUTATIONS / 2
        if not config["inference"]["variance_smoothing_fwhm"]:
            # The fit and the null come from different code.
            np.testing.assert_allclose(null["voxel"][0], np.abs(stat).max(), rtol=1e-5)


@pytest.mark.parametrize(
    "study", [p for p in EXAMPLES if p.stem in ("voxelwise-covariate", "missing-voxels")], indirect=True,
    ids=lambda path: path.stem,
)  # fmt: skip
def test_data_at_the_peaks_are_drawn_also_where_voxels_have_models_of_their_own(study, tmp_path):
    _, config = study

    def f(file):
        return tmp_path / "out" / file

    to_design(config, f)
    f("peaks.tsv").write_text("peak\tx\ty\tz\tt\n")  # nothing is significant: the highest voxel
    for contrast in config["model"]["contrasts"]:
        covariates = to_null(config, f, contrast)[3]
        peak_figures.plot_peaks(
            space=read_space(f("mask.nii.gz")), matrix=f("maps.npy"), design=f("design.tsv"),
            weights=f("contrasts.tsv"), values=f("stat.nii.gz"), tables=[read_frame(f("peaks.tsv"))],
            outputs=[f(f"{contrast}.png")], caption=f("caption.rst"), contrast=contrast, title=contrast,
            voxel_stat="t", covariates=covariates,
        )  # fmt: skip
        assert f(f"{contrast}.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    "study",
    [p for p in EXAMPLES if p.stem == "voxelwise-covariate"],
    indirect=True,
    ids=lambda path: path.stem,
)
def test_every_image_is_decoded_once_on_its_way_to_the_matrices(study, tmp_path, monkeypatch):
    config, counts = study[1], Counter()

    def counted(path, decode=images.decode):
        counts[str(path)] += 1
        return decode(path)

    monkeypatch.setattr(images, "decode", counted)
    monkeypatch.setitem(decoders.DECODERS, "volume", counted)
    to_design(config, lambda file: tmp_path / "out" / file)
    table = read_participants(tmp_path / "out/participants.tsv")
    given = [*table["map"], *table["map_grey_matter"]]
    assert len(given) == 48 and {path: counts[path] for path in given} == dict.fromkeys(given, 1)


def test_every_example_is_described_and_nothing_else():
    described = (ROOT / "config/README.md").read_text(encoding="utf-8")
    assert {path.stem for path in EXAMPLES} == set(EXPECTED)
    for path in EVERY_EXAMPLE:
        assert f"`{path.name}`" in described or f"(examples/{path.name})" in described, path.name


def test_a_changed_map_of_a_covariate_reruns_what_reads_it(snakemake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = ROOT / "config/examples/voxelwise-covariate.yaml"
    prepared(example, tmp_path)
    covariate = "results-voxelwise-covariate/covariates/grey_matter.npy"
    arguments = (covariate, "--cores", "2", "--configfile", example)
    done = snakemake(*arguments, cwd=tmp_path, timeout=200)
    assert done.returncode == 0, done.stdout
    assert np.load(tmp_path / covariate).shape == (24, 5 * 7 * 6)
    assert "Nothing to be done" in snakemake(*arguments, "--dry-run", cwd=tmp_path).stdout
    changed = tmp_path / "config/examples/data/maps/sub-03_label-GM_probseg.nii.gz"
    data, affine = load_volume(changed)
    write_image(changed, data + 1, affine, "test")
    planned = snakemake(*arguments, "--dry-run", cwd=tmp_path).stdout
    assert "smooth_covariates" in planned and "read_maps" in planned
