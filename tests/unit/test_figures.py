"""Every figure is drawn, for t and F, with few statistics and with nothing to be seen."""

import itertools
import os
import struct
import subprocess
import sys
from pathlib import Path

import draw_maps
import nibabel as nib
import numpy as np
import pandas as pd
import plot_coverage
import plot_design
import plot_quality
import pytest
from nilearn.datasets import load_mni152_template
from permaps.figures import brains, null_figures, peak_figures
from permaps.figures.brains import axial_cuts
from permaps.figures.charts import null_histograms
from permaps.figures.drawing import draw_coverage, draw_glass, draw_panels, draw_statistic, view
from permaps.figures.map_figures import in_view, on_scale
from permaps.figures.sample_charts import design_matrix, quality
from permaps.figures.style import colour_bar, draw, label_statistic, plt, write_view
from permaps.permutation.correction import read_maxima
from permaps.permutation.discoveries import Bound
from permaps.quality.outliers import flag, robust_z, sentence
from permaps.reporting.captions import write_caption
from permaps.spaces.files import read_map, read_space, write_map, write_space
from permaps.spaces.parcels import Parcels
from permaps.spaces.volume import Volume
from permaps.tables.tsv import read_frame
from run_folder import fabricate
from test_clusters import run_rule

CASES = [("pseudo", "t"), ("any", "F")]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = fabricate(tmp_path_factory.mktemp("run"), voxel=10.0, relabellings=39)
    (run / "tables").mkdir(exist_ok=True)
    for contrast, voxel_stat in CASES:
        for stat in (voxel_stat, "tfce"):
            run_rule(run, contrast, stat, voxel_stat, table(run, contrast, stat), stats=[voxel_stat, "tfce"])
    return run


def table(run, contrast, stat):
    return run / f"tables/contrast-{contrast}_stat-{stat}_clusters.tsv"


def group_map(run, contrast, suffix):
    return run / f"maps/contrast-{contrast}_stat-{suffix}.nii.gz"


def pixels(path):
    """Width and height of a PNG."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", content[16:24])


@pytest.mark.parametrize("largest", [1_477, 147_680, 1_476_800])
def test_large_numbers_at_an_axis_do_not_overlap(largest):
    null = np.random.default_rng(0).gamma(5, 800, 50)
    null[0] = largest
    figure = null_histograms(
        dict.fromkeys(("t", "tfce", "clustersize", "clustermass"), null), 0.05, "a title"
    )
    figure.canvas.draw()
    for panel in figure.axes:
        boxes = [text.get_window_extent() for text in panel.get_xticklabels() if text.get_text()]
        shown = [box for box in boxes if panel.bbox.x0 <= (box.x0 + box.x1) / 2 <= panel.bbox.x1]
        assert len(shown) > 2
        assert all(one.x1 < other.x0 for one, other in itertools.pairwise(shown))


@pytest.mark.parametrize(("contrast", "voxel_stat"), CASES)
def test_statistical_charts(run, tmp_path, contrast, voxel_stat):
    stats = [voxel_stat, "tfce"]
    tables = {s: read_frame(table(run, contrast, s)) for s in stats}
    nulls = read_maxima(run / f"nulls/contrast-{contrast}.npz", stats)
    outputs, caption = [tmp_path / "a.png", tmp_path / "a.svg"], tmp_path / "a.rst"
    for plot, read in (
        (null_figures.plot_distributions, (nulls,)),
        (null_figures.plot_convergence, (nulls, tables)),
    ):
        plot(*read, outputs, caption, contrast, 0.05)
        assert min(pixels(outputs[0])) > 400
        assert "</svg>" in outputs[1].read_text()
        assert "39 relabellings" in caption.read_text()


@pytest.mark.parametrize("label", ["t", "conjunction", "mudholkar_george"])
def test_the_name_of_a_statistic_is_not_cut_off(label):
    figure = plt.figure(figsize=(10, 2))
    bar = colour_bar(figure, (0.94, 0.3, 0.01, 0.4), "inferno", 0, 5)
    label_statistic(bar, label)
    figure.canvas.draw()
    title = next(text for text in bar.ax.get_children() if getattr(text, "get_text", str)() == label)
    assert title.get_window_extent().x1 <= figure.bbox.x1
    if label == "t":
        assert title.get_window_extent().x0 == pytest.approx(bar.ax.bbox.x0, abs=1)


@pytest.mark.parametrize("exact", [False, True])
def test_a_critical_value_of_all_relabellings_has_no_interval(run, tmp_path, exact):
    nulls = read_maxima(run / "nulls/contrast-pseudo.npz", ["t", "tfce"])
    outputs, caption = [tmp_path / "a.svg"], tmp_path / "a.rst"
    null_figures.plot_distributions(nulls, outputs, caption, "pseudo", 0.05, exact=exact)
    for text in (outputs[0].read_text(), caption.read_text()):
        assert "critical" in text and ("95 % CI" in text) != exact


@pytest.mark.parametrize(("exact", "least"), [(False, 0.05), (True, 0.1)])
def test_the_smallest_p_of_all_relabellings_counts_mirror_images(run, tmp_path, exact, least):
    # 20 relabellings in 10 pairs of one |t|.
    nulls = {"t": np.repeat(np.linspace(1, 5, 10), 2)[::-1]}
    tables = {"t": read_frame(table(run, "pseudo", "t"))}
    outputs, caption = [tmp_path / "a.svg"], tmp_path / "a.rst"
    null_figures.plot_convergence(nulls, tables, outputs, caption, "pseudo", 0.05, exact)
    assert f"their smallest possible p is {least:g};" in caption.read_text()


@pytest.mark.parametrize("words", [null_figures.PARTS, null_figures.CONJUNCTION])
def test_where_p_are_shown_the_axis_says_which(run, tmp_path, words):
    nulls = read_maxima(run / "nulls/contrast-pseudo.npz", ["t", "tfce"])
    outputs, caption = [tmp_path / "a.svg"], tmp_path / "a.rst"
    null_figures.plot_distributions(nulls, outputs, caption, "a", 0.05, ranked=["tfce"], words=words)
    assert f"{words[1]} (TFCE)." in caption.read_text()
    svg = outputs[0].read_text()
    assert svg.count("maximum over the brain") == 1 and svg.count(words[0].partition(" ")[2]) == 1


@pytest.mark.parametrize(("contrast", "voxel_stat"), CASES)
@pytest.mark.parametrize("found", [True, False])
def test_discoveries(run, tmp_path, contrast, voxel_stat, found):
    tables = {s: read_frame(table(run, contrast, s)) for s in (voxel_stat, "tfce")}
    if not found:
        tables = {s: clusters[:0] for s, clusters in tables.items()}
    bound = Bound.read(
        run / f"nulls/contrast-{contrast}.npz", run / f"observed/contrast-{contrast}.npz", 0, 0.05
    )
    outputs = [tmp_path / "a.png", tmp_path / "a.svg"]
    space = read_space(run / "mask.nii.gz")
    null_figures.plot_discoveries(bound, space, tables, outputs, tmp_path / "a.rst", contrast, 0.05)
    assert min(pixels(outputs[0])) > 400
    caption, svg = (tmp_path / "a.rst").read_text(), outputs[1].read_text()
    assert f"Of all {len(bound.p):,} voxels, at least" in caption
    assert ("By TFCE: " in caption) == found
    assert ("TFCE (" in svg) == found and ("no cluster" in svg) != found


def test_discoveries_of_regions_without_neighbours_speak_of_no_clusters(run, tmp_path):
    bound = Bound.read(run / "nulls/contrast-pseudo.npz", run / "observed/contrast-pseudo.npz", 0, 0.05)
    names = np.arange(len(bound.p)).astype(str)
    places = np.full((len(names), 3), np.nan)
    space = Parcels(np.ones(len(names), bool), names, places, np.empty((0, 2), int), np.empty(0, np.uint8))
    tables = {"t": read_frame(table(run, "pseudo", "t"))}
    outputs = [tmp_path / "a.png", tmp_path / "a.svg"]
    null_figures.plot_discoveries(bound, space, tables, outputs, tmp_path / "a.rst", "pseudo", 0.05)
    said = (tmp_path / "a.rst").read_text() + outputs[1].read_text()
    assert "regions with the largest statistic" in said and "luster" not in said


@pytest.mark.parametrize(("contrast", "voxel_stat"), CASES)
def test_peaks(run, tmp_path, contrast, voxel_stat):
    space = read_space(run / "mask.nii.gz")
    tables = [read_frame(table(run, contrast, s)) for s in (voxel_stat, "tfce")]
    places = space.coordinates(peak_figures.top_elements(space, tables, voxel_stat))
    gaps = np.linalg.norm(places[:, None] - places, axis=-1)[np.triu_indices(len(places), 1)]
    assert len(places) <= peak_figures.MOST
    assert (gaps > peak_figures.APART).all()
    peak_figures.plot_peaks(
        space=space,
        matrix=run / "maps.npy",
        design=run / "design/design.tsv",
        weights=run / "design/contrasts.tsv",
        values=group_map(run, contrast, f"{voxel_stat}_statmap"),
        tables=tables,
        outputs=[tmp_path / "a.png"],
        caption=tmp_path / "a.rst",
        contrast=contrast,
        title=contrast,
        voxel_stat=voxel_stat,
    )
    assert min(pixels(tmp_path / "a.png")) > 400


def with_header_alone(run, tmp_path):
    """Write a cluster table of nothing."""
    nothing = tmp_path / "nothing.tsv"
    nothing.write_text(table(run, "pseudo", "tfce").read_text().partition("\n")[0] + "\n")
    return nothing


@pytest.mark.parametrize("empty_first", [False, True])
def test_peaks_are_found_where_a_statistic_finds_nothing(run, tmp_path, empty_first):
    space, full = read_space(run / "mask.nii.gz"), read_frame(table(run, "pseudo", "tfce"))
    nothing = read_frame(with_header_alone(run, tmp_path))
    tables = [nothing, full] if empty_first else [full, nothing]
    found = peak_figures.top_elements(space, tables, "t")
    assert len(found) and (found == peak_figures.top_elements(space, [full], "t")).all()
    assert len(peak_figures.top_elements(space, [nothing, nothing], "t")) == 0


def drawn(run, tmp_path, stats, panels, slices, alpha=0.05):
    """Draw the maps of a contrast, and return the caption."""
    draw_maps.main(
        mask=run / "mask.nii.gz",
        values=group_map(run, "pseudo", "t_statmap"),
        parametric=group_map(run, "pseudo", "t_corr-bonferroni_logp"),
        corrected={s: group_map(run, "pseudo", f"{s}_corr-fwe_logp") for s in stats},
        panels=panels,
        slices=slices,
        caption=tmp_path / "a.rst",
        title="pseudo",
        voxel_stat="t",
        alpha=alpha,
    )
    return (tmp_path / "a.rst").read_text()


def test_each_panel_has_its_statistics_and_one_the_parametric_test(run, tmp_path):
    widths, panel = [], tmp_path / "comparison.png"
    for shown in ([], ["t", "tfce"]):
        slices = {stat: [tmp_path / f"{stat}.png"] for stat in shown}
        caption = drawn(run, tmp_path, shown, {"comparison": [panel]}, slices)
        widths.append(pixels(panel)[0])
    assert widths[1] > 1.5 * widths[0]
    for stat, name in (("t", "Max t-statistic"), ("tfce", "Max TFCE")):
        p = nib.load(group_map(run, "pseudo", f"{stat}_corr-fwe_logp")).get_fdata()
        assert f"{name}: {int((p >= -np.log10(0.05)).sum()):,}" in caption


def test_scale_of_glass_brains_ends_where_relabelling_does():
    values = np.zeros((8, 8, 8))
    values[3:5, 3:5, 3:5] = 2.0
    space = Volume(np.ones((8, 8, 8), bool), np.diag([12.0, 12, 12, 1]))
    permuted, parametric = values.ravel(), 5 * values.ravel()
    for most, ends, extended in ((2.0, 2.0, "max"), (None, 10.0, "neither")):
        figure = draw_panels(space, [("a", parametric), ("b", permuted)], 0.05, "c", most)
        bar = figure.axes[-1]._colorbar
        assert (bar.vmax, bar.extend) == (pytest.approx(ends), extended)
        plt.close(figure)


@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_slices_also_when_nothing_is_significant(run, tmp_path, alpha):
    png, svg = tmp_path / "slices.png", tmp_path / "slices.svg"
    caption = drawn(run, tmp_path, ["tfce"], {}, {"tfce": [png, svg]}, alpha)
    assert pixels(png) == (1650, 660)
    assert "</svg>" in svg.read_text() and svg.stat().st_size < 5_000_000
    assert ("Max TFCE: 0." in caption) == ("0 significant voxels" in svg.read_text()) == (alpha == 0.001)


@pytest.mark.parametrize(("contrast", "voxel_stat"), CASES)
def test_viewer_needs_nothing_from_elsewhere(run, tmp_path, contrast, voxel_stat):
    draw_maps.build_viewer(
        mask=run / "mask.nii.gz",
        values=group_map(run, contrast, f"{voxel_stat}_statmap"),
        plan=run / "design/plan.json",
        output=tmp_path / "a.html",
        caption=tmp_path / "a.rst",
        contrast=contrast,
        voxel_stat=voxel_stat,
        cluster_p=1e-12 if voxel_stat == "F" else 0.001,
        two_sided=True,
    )
    page = (tmp_path / "a.html").read_text()
    assert 'src="http' not in page
    assert 'href="http' not in page
    assert len(page) < 2_000_000


def test_design_and_coverage(run, tmp_path):
    files = {"design": run / "design/design.tsv", "contrasts": run / "design/contrasts.tsv"}
    matrix, names, weights = plot_design.read_design(**files)
    assert (matrix.shape, names[1], [n for n, _ in weights]) == ((24, 4), "pseudo", ["pseudo", "mean", "any"])
    (tmp_path / "blocks.json").write_text('{"formula": "1 + pseudo"}')
    plot_design.main(**files, blocks=tmp_path / "blocks.json", outputs=[tmp_path / "a.png"])
    assert min(pixels(tmp_path / "a.png")) > 400
    plot_coverage.main(
        brain=run / "mask_coverage.nii.gz",
        mask=run / "mask.nii.gz",
        counts=run / "mask_coverage.nii.gz",
        included=run / "quality/included.tsv",
        outputs=[tmp_path / "a.png", tmp_path / "a.svg"],
        caption=tmp_path / "a.rst",
    )
    assert "50 in some (median 19)" in (tmp_path / "a.rst").read_text()
    # Participants are counted in whole numbers, also where they are few.
    figure = design_matrix(matrix[:20], names, weights, "title")
    assert all(tick == int(tick) for tick in figure.axes[0].get_yticks())
    plt.close(figure)


def test_a_covariate_that_is_a_map_is_no_column_of_numbers():
    design = np.column_stack([np.ones(6), np.full(6, np.nan), np.arange(6.0)])
    figure = design_matrix(design, ["Intercept", "grey_matter", "age"], [("age", np.eye(3)[2:])], "title")
    panel = figure.axes[0]
    shown = np.ma.getmaskarray(panel.images[0].get_array())
    assert shown.all(axis=0).tolist() == [False, True, False]
    assert [(text.get_text(), text.get_position()[0]) for text in panel.texts] == [("a map", 1)]
    plt.close(figure)


@pytest.fixture
def metrics():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"participant_id": [f"0{i}" for i in range(30)], "missing": 0.0})
    table["correlation"], table["sd"], table["mean"] = 0.5 + 0.05 * rng.normal(size=30), 1.0, 0.0
    table["sd"] *= np.exp(0.1 * rng.normal(size=30))
    table["mean"] += 0.1 * rng.normal(size=30)
    for name, q in (("q01", -2), ("q25", -0.7), ("q50", 0), ("q75", 0.7), ("q99", 2)):
        table[name] = table["mean"] + q
    table["duplicate_of"] = None
    return table


def test_who_stands_out_is_named_once_each(metrics):
    assert flag(metrics) == {}
    metrics.loc[3, "correlation"] = -0.2
    metrics.loc[7, "sd"] = 5.0
    metrics.loc[9, "mean"] = -4.0
    metrics["duplicate_of"] = metrics["duplicate_of"].astype(object)
    metrics.loc[12, "duplicate_of"] = "02"
    expected = {
        3: "unlike the others",
        7: "values spread widely",
        9: "mean far off",
        12: "same map as 02",
    }
    assert flag(metrics) == expected


def test_half_the_maps_on_another_scale_stand_out(metrics):
    # No distance in units of the spread tells them apart.
    metrics.loc[::2, ["q25", "q75", "sd"]] *= 1e6
    assert set(flag(metrics)) == set(range(30))
    assert flag(metrics)[0] == "values about 1,000 times those of the others"
    metrics[["q25", "q75"]] = 0.0
    assert not any("those of the others" in reason for reason in flag(metrics).values())


def test_many_who_stand_out_are_counted():
    said = sentence({f"S{i}": "mean far off" for i in range(8)})
    assert said.startswith("8 maps stand out") and "S4 (mean far off); 3 more." in said and sentence({}) == ""


def test_without_spread_nobody_stands_out():
    assert (robust_z([1.0, 1, 1, 5]) == 0).all()


def test_quality_names_who_left(metrics, tmp_path):
    metrics["stands_out"] = [None, "mean far off", *[None] * 28]
    metrics.to_csv(tmp_path / "m.tsv", sep="\t", index=False, na_rep="n/a")
    (tmp_path / "e.tsv").write_text("participant_id\treason\n099\tmissing file\n")
    plot_quality.main(
        metrics=tmp_path / "m.tsv",
        excluded=tmp_path / "e.tsv",
        outputs=[tmp_path / "a.png"],
        caption=tmp_path / "a.rst",
        elements="voxels",
    )
    assert min(pixels(tmp_path / "a.png")) > 400
    assert "01: mean far off" in (tmp_path / "a.rst").read_text()
    assert "099: missing file" in (tmp_path / "a.rst").read_text()


@pytest.mark.parametrize(("value", "found"), [(5.0, True), (0.0, False)])
def test_slices_of_a_grid_without_background(value, found):
    space = Volume(np.ones((5, 6, 4), bool), np.diag([8.0, 8, 8, 1]))
    figure = draw_statistic(space, np.full(120, value), np.full(120, found), "F", "All", symmetric=False)
    assert len(figure.axes) > 2
    plt.close(figure)


def test_cuts_go_through_the_strongest_slices():
    weight = np.zeros((4, 4, 40))
    weight[1:3, 1:3, 5:35] = 1
    weight[1, 1, 17] = 9
    cuts = axial_cuts(weight, np.diag([2.0, 2, 2, 1]), 5)
    assert len(cuts) == 5
    assert 34 in cuts
    assert (np.diff(cuts) > 0).all()
    assert cuts.min() >= 10
    assert cuts.max() <= 70


@pytest.mark.parametrize(
    "text",
    [
        "site_ *x* `y` |z| a\\b [1]_",
        "javascript:alert(1) https://a.b/c mailto:a@b.c a@b.c",
        "`x <javascript:alert(1)>`_ <img src=x onerror=alert(1)>",
        ".. raw:: html",
        "1. one",
        "- one: two",
        ":field: body",
        ">>> code ::",
    ],
)
def test_captions_show_names_as_they_are(tmp_path, text):
    from docutils.core import publish_doctree

    write_caption(tmp_path / "a.rst", text + "\n\n.. _x: javascript:alert(1)")
    tree = publish_doctree((tmp_path / "a.rst").read_text())
    assert [(node.tagname, node.astext()) for node in tree.findall() if node.tagname != "document"] == [
        ("paragraph", f"{text} .. _x: javascript:alert(1)"),
        ("#text", f"{text} .. _x: javascript:alert(1)"),
    ]


@pytest.mark.parametrize(("n", "n_flags", "told"), [(35, 3, 3), (1000, 30, 30), (1000, 400, 0)])
def test_quality_of_a_thousand_people_stays_legible(n, n_flags, told):
    metrics = pd.DataFrame(
        {"participant_id": [f"p{i}" for i in range(n)], "missing": 0.0, "correlation": 1.0}
    )
    metrics[["q01", "q25", "q50", "q75", "q99"]] = 1.0
    metrics["stands_out"] = ["mean far off"] * n_flags + [None] * (n - n_flags)
    figure = quality(metrics, "voxels")
    assert sum(text.get_text() == "mean far off" for text in figure.axes[1].texts) == told
    assert len(figure.axes[2].get_xticklabels()) <= 70
    plt.close(figure)


def test_a_matplotlibrc_in_the_working_directory_changes_no_figure(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.family: cursive\naxes.grid: True\n")
    code = (
        "from permaps.figures.style import plt;"
        "print([plt.rcParams[k] for k in ('text.usetex', 'font.family', 'axes.grid')])"
    )
    scripts = str(Path(__file__).parents[2] / "scripts")
    inherited = {k: v for k, v in os.environ.items() if k != "MATPLOTLIBRC"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=inherited | {"PYTHONPATH": scripts}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[False, ['sans-serif'], False]"


@pytest.mark.parametrize("values", ["noise", "zeros"])
@pytest.mark.parametrize("shape", [(10, 11, 1), (10, 11, 9)], ids=["single slice", "volume"])
def test_single_slices_and_maps_of_nothing_are_drawn(shape, values):
    mask = np.zeros(shape, bool)
    mask[2:-2, 2:-2] = True
    space = Volume(mask, np.diag([8.0, 8, 8, 1]))
    n = space.n_elements
    t = np.random.default_rng(0).normal(size=n) if values == "noise" else np.zeros(n)
    for make, arguments in (
        (draw_panels, ([("max t", np.abs(t))], 0.05, "title")),
        (draw_statistic, (t, np.abs(t) > 1, "t", "title")),
        (draw_glass, (t, np.abs(t) > 1, "t", "title")),
        (draw_coverage, (np.full(n, 8), np.ones(n, bool), 8)),
    ):
        plt.close(make(space, *arguments))
    assert "<html" in view(space, t, 0.5, "title", 0)


def test_three_hundred_contrasts_are_drawn(tmp_path, capsys):
    design = np.random.default_rng(0).normal(size=(20, 2))
    contrasts = [(f"c{i}", np.array([[1.0, i]])) for i in range(300)]
    draw([tmp_path / "a.png"], design_matrix, design, ["a", "b"], contrasts, "title")
    assert "could not be drawn" not in capsys.readouterr().err
    assert pixels(tmp_path / "a.png")[1] > 10_000


def test_a_figure_that_cannot_be_drawn_leaves_a_note(tmp_path, capsys):
    def fail(*arguments):
        plt.figure()
        raise ValueError(f"<no> {arguments}")

    paths = [tmp_path / "a.png", tmp_path / "a.svg"]
    draw(paths, fail, 1)
    write_view(tmp_path / "v.html", fail, 2)
    assert not plt.get_fignums()
    assert min(pixels(paths[0])) > 200
    assert "could not be drawn: &lt;no&gt; (1,)" in paths[1].read_text()
    assert "could not be drawn: &lt;no&gt; (2,)" in (tmp_path / "v.html").read_text()
    told = capsys.readouterr().err
    assert told.count("Permaps warns:") == 2 and f"{paths[0]} could not be drawn, and has a note" in told


def test_where_nothing_is_significant_the_highest_peaks_are_shown(run, tmp_path):
    space, values = read_space(run / "mask.nii.gz"), group_map(run, "pseudo", "t_statmap")
    nothing = read_frame(with_header_alone(run, tmp_path))
    height = np.abs(read_map(space, values))
    found = peak_figures.highest(space, height)
    assert found[0] == height.argmax() and len(found) == peak_figures.MOST_BELOW
    apart = np.linalg.norm(np.diff(space.coordinates(found), axis=0), axis=1)
    assert (np.diff(height[found]) <= 0).all() and (apart > peak_figures.APART).all()
    peak_figures.plot_peaks(
        space=space, matrix=run / "maps.npy", design=run / "design/design.tsv",
        weights=run / "design/contrasts.tsv", values=values, tables=[nothing],
        outputs=[tmp_path / "a.png", tmp_path / "a.svg"], caption=tmp_path / "a.rst",
        contrast="pseudo", title="pseudo", voxel_stat="t",
    )  # fmt: skip
    assert "No peak is significant: the 3 highest, of 24 maps." in (tmp_path / "a.rst").read_text()
    assert (tmp_path / "a.svg").read_text().count(" mm: t = ") >= 3


def test_what_a_joint_test_has_is_called_as_people_call_it(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(draw_maps, "draw", lambda paths, function, space, *shown: drawn.append(shown))
    space = Volume(np.ones((2, 2, 1), bool), np.eye(4))
    for name in ("p", "t"):
        write_map(space, tmp_path / f"{name}.nii.gz", np.arange(4.0), "test")
    write_space(space, tmp_path / "mask.nii.gz", "test")
    draw_maps.main(
        mask=tmp_path / "mask.nii.gz", values=tmp_path / "t.nii.gz", parametric=tmp_path / "p.nii.gz",
        corrected={"mudholkar_george": tmp_path / "p.nii.gz"}, panels={}, slices={"mudholkar_george": ["x.png"]},
        glass=["y.png"], caption=tmp_path / "c.rst", title="either", voxel_stat="mudholkar_george", alpha=0.05,
    )  # fmt: skip
    assert len(drawn) == 2
    for _, _, label, title, *_ in drawn:
        assert label == "Mudholkar-George" and "Mudholkar-George" in title and "_" not in title
    assert "mudholkar_george" not in (tmp_path / "c.rst").read_text()


@pytest.mark.parametrize("millimetres", [2, 3])
def test_the_background_is_nilearns_template(millimetres):
    expected, found = load_mni152_template(resolution=millimetres), brains._template(millimetres)
    np.testing.assert_allclose(expected.affine, found.affine)
    # nilearn's grid may be longer by an empty voxel.
    inside = expected.get_fdata()[tuple(slice(n) for n in found.shape)]
    np.testing.assert_allclose(inside, np.ma.filled(found.dataobj, 0), atol=1e-6)


def test_perfect_fits_leave_the_other_values_their_colours():
    values = np.array([-4e5, 4e5, -3, 2, 0, 0, 0, 0])
    shown, text = on_scale(values, "t")
    np.testing.assert_array_equal(shown, [-3, 3, -3, 2, 0, 0, 0, 0])
    assert text == " Perfect fits (2) are beyond the scale, and have the colour of its end."
    for other in (values[2:], values[[0, 0, 4, 4]]):  # none, or nothing beside them
        np.testing.assert_array_equal(on_scale(other, "t")[0], other)
    # The highest of them is where the view opens, above the threshold.
    space = Volume(np.ones((2, 2, 2), bool), np.eye(4))
    (shown, threshold, _, peak, _), text = in_view(space, values, {"dof": 18}, "t", 0.001, True)
    assert peak == 0 and np.flatnonzero(np.abs(shown) > threshold).tolist() == [0, 1]
    assert text.startswith("Shown from t = 3.92 on") and "Perfect fits (2)" in text
