"""The run on one page."""

import collections
import json
from html.parser import HTMLParser

import draw_maps
import numpy as np
import pandas as pd
import pytest
import summarise_results
from permaps.reporting import page_tables, pages, words
from permaps.reporting.results import as_table
from permaps.spaces.edges import Edges
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.parcels import Parcels
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume
from permaps.tables.tsv import read_frame
from permaps.workflow.names import model_in_words
from run_folder import fabricate
from test_clusters import run_rule
from test_provenance import record_of


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    run = fabricate(tmp_path_factory.mktemp("run"), voxel=10.0, relabellings=39)
    record_of(run, run)
    (run / "tables").mkdir(exist_ok=True)
    contrasts = {}
    for name, voxel_stat in (("pseudo", "t"), ("any", "F")):
        stem = f"{run}/maps/contrast-{name}_stat-"
        stats = [voxel_stat, "tfce"]
        tables = {s: run / f"tables/{name}-{s}.tsv" for s in stats}
        for stat, path in tables.items():
            run_rule(run, name, stat, voxel_stat, path, stats=stats)
        figure = run / f"{name}.png"
        draw_maps.main(
            mask=run / "mask.nii.gz",
            values=f"{stem}{voxel_stat}_statmap.nii.gz",
            parametric=f"{stem}{voxel_stat}_corr-bonferroni_logp.nii.gz",
            corrected={"tfce": f"{stem}tfce_corr-fwe_logp.nii.gz"},
            panels={"comparison": [figure]},
            slices={},
            caption=run / "a.rst",
            title=name,
            voxel_stat=voxel_stat,
            alpha=0.05,
        )
        contrasts[name] = {
            "contrast": name,
            "voxel_stat": voxel_stat,
            "mask": run / "mask.nii.gz",
            "values": f"{stem}{voxel_stat}_statmap.nii.gz",
            "bonferroni": f"{stem}{voxel_stat}_corr-bonferroni_logp.nii.gz",
            "nulls": run / f"nulls/contrast-{name}.npz",
            "corrected": {s: f"{stem}{s}_corr-fwe_logp.nii.gz" for s in stats},
            "clusters": tables,
            "figures": [figure],
        }
    outputs = {"table": run / "s.tsv", "page": run / "s.html", "landing": run / "l.html"}
    summarise_results.main(provenance=run / "provenance.json", contrasts=contrasts, **outputs)
    return run, outputs


def test_table_has_a_row_for_every_contrast_and_statistic(page):
    run, outputs = page
    table = pd.read_csv(outputs["table"], sep="\t")
    assert table["statistic"].tolist() == ["t, Bonferroni", "t", "tfce", "F, Bonferroni", "F", "tfce"]
    permuted = table.dropna(subset="observed_max")
    assert (permuted["n_relabellings"] == 39).all()
    significant = permuted["n_significant_voxels"] > 0
    assert (significant == (permuted["observed_max"] > permuted["critical_value"])).all()
    assert (significant == (permuted["p_fwe"] <= 0.05 + 1e-9)).all()
    assert ((permuted["n_clusters"] > 0) == significant).all()
    with np.load(run / "nulls/contrast-pseudo.npz") as null:
        assert permuted["observed_max"].iloc[1] == pytest.approx(null["tfce"][0], rel=1e-5)


def test_page_stands_alone_and_holds_what_matters(page):
    text = page[1]["page"].read_text()
    assert text.count("data:image/png;base64,") == 2
    assert "http" not in text.replace("https://", "").split("<body>")[0]
    for part in (
        "24 (2 left out",
        "Cluster 1 is a single voxel, and it is active.",
        "Limitations",
        "ready to paste",
        "Smith, Stephen M.",
        "39 sign-flips",
    ):
        assert part in text, part


def test_what_is_not_significant_is_one_sentence_and_no_table(page):
    run, outputs = page
    record = json.loads((run / "provenance.json").read_text())
    numbers = as_table(pd.read_csv(outputs["table"], sep="\t"))
    numbers.loc[numbers["contrast"] == "any", ["n_significant_voxels", "p_fwe"]] = 0, 0.5
    tables = {
        name: {stat: read_frame(run / f"tables/{name}-{stat}.tsv") for stat in (voxel_stat, "tfce")}
        for name, voxel_stat in (("pseudo", "t"), ("any", "F"))
    }
    tables["any"] = {stat: table[:0] for stat, table in tables["any"].items()}
    shown = {
        name: {"voxel_stat": "tF"[name == "any"], "figures": [], "clusters": tables[name]} for name in tables
    }
    text = pages.summary_page(record, numbers, shown).partition("<h3>any</h3>")[2].partition("<h2>")[0]
    assert "Nothing is significant at corrected p of at most 0.05." in text
    assert "Clusters by" not in text and len(text) < 300


def test_clusters_are_shown_with_region_interval_and_further_corrections():
    row = {"cluster": 1, "peak": 1, "x": 1.0, "y": 2.0, "z": 3.0, "region": "V1", "t": 5.0, "effect": 0.5}
    row |= {"p_fwe": 0.01, "p_fwe_low": 0.0, "p_fwe_high": 0.02, "p_cfwe": 0.03, "p_gpd": 0.004}
    row |= {"p_unc": 0.0001, "size_mm3": 270.0, "n_voxels": 10}
    table = page_tables.clusters(pd.DataFrame([row]), "t")
    assert dict(zip(table.columns, table.rows[0], strict=True)) == {
        "cluster": "1", "x, y, z (mm)": "1, 2, 3", "region": "V1", "t": "5.00", "effect": "0.5",
        "corrected p (95 % CI)": "0.010 (0 to 0.020)", "p over contrasts": "0.030", "p by the tail's fit": "0.004",
        "uncorrected p": "0.0001", "mm³": "270", "voxels": "10",
    }  # fmt: skip
    plain = pd.DataFrame([row | {"p_fwe_low": 0.01, "p_fwe_high": 0.01, "p_unc": np.nan}])
    joint = page_tables.clusters(pd.DataFrame([row]).rename(columns={"t": "pearson_david"}), "pearson_david")
    assert "Pearson-David" in joint.columns and "pearson_david" not in joint.columns
    table = page_tables.clusters(plain.drop(columns=["region", "p_cfwe", "p_gpd"]), "t")
    assert "region" not in table.columns
    assert table.rows[0][4:6] == ["0.010", ""]
    assert page_tables.clusters(plain[:0], "t").rows == []
    flat = page_tables.clusters(pd.DataFrame([row | {"size_mm3": np.nan, "size_mm2": 12.0}]), "t")
    assert "mm²" in flat.columns and "mm³" not in flat.columns
    both = [row | {"size_mm3": np.nan, "size_mm2": 1211.6}, row | {"size_mm2": np.nan}]
    table = page_tables.clusters(pd.DataFrame(both), "t")
    assert [of[table.columns.index("size")] for of in table.rows] == ["1,212 mm²", "270 mm³"]
    # A structure is not said twice.
    inside = pd.DataFrame([row | {"structure": structure} for structure in ("V1", "CORTEX_LEFT")])
    table = page_tables.clusters(inside, "t")
    assert [of[table.columns.index("region")] for of in table.rows] == ["", "V1"]
    # Lesser peaks belong to a cluster that has a row.
    many = pd.DataFrame([row | {"cluster": i, "peak": peak} for i in range(11) for peak in (1, 2)])
    table = page_tables.clusters(many, "t")
    assert (len(table.rows), table.more) == (8, 3)


def test_long_words_in_tables_may_be_broken_and_are_no_markup():
    assert pages.breakable("<b>_LEFT") == "&lt;b&gt;_<wbr>LEFT"
    assert pages.breakable("grayordinates") == "grayor\u00addinates"


def test_a_viewer_is_told_the_place_of_each_cluster():
    row = {
        "cluster": 1,
        "peak": 1,
        "t": 5.0,
        "effect": 0.5,
        "p_fwe": 0.01,
        "p_fwe_low": 0.0,
        "p_fwe_high": 0.02,
    }
    row |= {"p_unc": 0.001, "x": 1.0, "y": 2.0, "z": 3.0, "hemisphere": "L", "vertex": 6262.0}
    row |= {"structure": "CORTEX_LEFT"} | dict.fromkeys(("n_voxels", "n_vertices", "n_grayordinates"), 4)
    below = row | {"structure": "PUTAMEN_LEFT", "hemisphere": None, "vertex": np.nan}
    assert page_tables.clusters(pd.DataFrame([row, below]), "t", Grayordinates).places == [
        ["L", 6262],
        [1.0, 2.0, 3.0],
    ]
    assert page_tables.clusters(pd.DataFrame([row]), "t", Surface).places == [["L", 6262]]
    plain = pd.DataFrame([row]).drop(columns=["hemisphere", "vertex", "structure"])
    assert page_tables.clusters(plain, "t").places == [[1.0, 2.0, 3.0]]


def test_regions_in_which_something_is_found_come_first():
    names = ["a", "b", "c", "d"]
    frame = pd.DataFrame({"region": names, "source": "atlas", "size_mm3": 270.0, "n_voxels": 10})
    frame = frame.assign(
        n_significant_t=[0, 0, 2, 0], n_significant_tfce=[0, 1, 4, 0], t=[-5.0, 3.0, 4.0, 6.0]
    )
    frame = frame.assign(x=1.0, y=-2.0, z=3.0, n_active=[0, 0, 2, 0], tdp=[0, 0, 0.2, 0])
    table = page_tables.regions(frame, "t", most=3)
    assert [row[0] for row in table.rows] == ["c", "b", "d"] and table.more == 1
    assert dict(zip(table.columns, table.rows[0], strict=True)) == {
        "region": "c", "mm³": "270", "voxels": "10", "significant by t-statistic": "2", "significant by TFCE": "4",
        "active, at least": "2 (20 %)", "peak (mm)": "1, -2, 3", "t": "4.00",
    }  # fmt: skip
    sides = frame.drop(columns=["x", "y", "z", "n_active", "tdp"]).assign(hemisphere="L")
    table = page_tables.regions(sides, "t")
    assert table.columns[:2] == ["region", "hemisphere"] and len(table.rows) == 4


def test_regions_without_neighbours_are_no_clusters():
    row = {"cluster": 1, "peak": 1, "region": "lh_insula", "t": 5.0, "effect": 0.5, "p_fwe": 0.01}
    row |= {"p_fwe_low": 0.0, "p_fwe_high": 0.02, "p_unc": 0.001, "n_regions": 1, "n_active": 1, "tdp": 1.0}
    frames = {"t": pd.DataFrame([row])}
    ((heading, table, active),) = page_tables.by_statistic(frames, "t", Parcels, alone=True)
    assert heading == "Significant regions by t-statistic" and active == ""
    assert table.columns[:2] == ["region", "t"] and not {"cluster", "regions"} & {*table.columns}
    ((heading, table, active),) = page_tables.by_statistic(frames, "t", Parcels)
    assert heading == "Clusters by t-statistic" and "single region" in active
    assert table.columns[0] == "cluster" and "regions" in table.columns
    assert words.are_alone({"mask": {"kind": "parcels", "n_regions": 2, "n_neighbours": 0}})
    assert not words.are_alone({"mask": {"kind": "parcels", "n_regions": 2, "n_neighbours": 1}})
    assert not words.are_alone({"mask": {"n_voxels": 2}})


@pytest.mark.parametrize(
    ("n", "n_active", "shown_as", "told"),
    [
        (138, 60, "60 (43 %)", "Cluster 1 is active in at least 43 % of its 138 voxels (60)."),
        (
            35000,
            34999,
            "34,999 (99 %)",
            "Cluster 1 is active in at least 99 % of its 35,000 voxels (34,999).",
        ),
        (35000, 10, "10 (0.03 %)", "Cluster 1 is active in at least 0.03 % of its 35,000 voxels (10)."),
        (1, 1, "1 (100 %)", "Cluster 1 is a single voxel, and it is active."),
        (24, 24, "24 (100 %)", "All 24 voxels of cluster 1 are active."),
        (138, 0, "0", "How much of cluster 1 is active cannot be said."),
    ],
)
def test_bounds_are_told_and_never_rounded_up(n, n_active, shown_as, told):
    row = {"cluster": 1, "peak": 1, "x": 1.0, "y": 2.0, "z": 3.0, "t": 5.0, "effect": 0.5, "size_mm3": 270.0}
    row |= dict.fromkeys(("p_fwe", "p_fwe_low", "p_fwe_high", "p_unc"), 0.01)
    row |= {"n_voxels": n, "n_active": n_active, "tdp": n_active / n}
    table = page_tables.clusters(pd.DataFrame([row]), "t")
    assert table.columns[-1] == "active, at least" and table.rows[0][-1] == shown_as
    assert page_tables.active(pd.DataFrame([row])) == told
    assert page_tables.active(pd.DataFrame([row]).drop(columns=["n_active", "tdp"])) == ""
    assert page_tables.active(pd.DataFrame([row])[:0]) == ""


def test_landing_is_short_and_balanced(page):
    text = page[1]["landing"].read_text()
    assert text.count("<table>") == 1
    assert text.count("<div") == text.count("</div>")
    assert "<html" not in text
    # One column for the voxel statistics of both contrasts, t and F.
    assert '<th scope="col">Bonferroni</th><th scope="col">voxel</th><th scope="col">TFCE</th></tr>' in text


HOSTILE = (
    """</script><script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>"x"</a>"""
)


def test_what_a_run_says_is_no_markup(page):
    run, outputs = page
    record = json.loads((run / "provenance.json").read_text())
    record["config"]["model"] |= {
        "formula": HOSTILE,
        "contrasts": {HOSTILE: HOSTILE, "any": [HOSTILE, HOSTILE]},
    }
    record["contrasts"] = {HOSTILE: record["contrasts"]["pseudo"], "any": record["contrasts"]["any"]}
    record["participants"] |= {"reasons": {HOSTILE: 2}}
    record["software"] |= {"nilearn": HOSTILE}
    numbers = pd.read_csv(outputs["table"], sep="\t").replace({"pseudo": HOSTILE})
    row = dict.fromkeys(
        ("cluster", "peak", "x", "y", "z", "t", "effect", "p_fwe", "p_unc", "size_mm3", "n_voxels"), 1
    )
    found = pd.DataFrame([row | {"region": HOSTILE, "p_fwe_low": 1, "p_fwe_high": 1}])
    contrasts = {HOSTILE: {"voxel_stat": "t", "figures": [run / "pseudo.png"], "clusters": {"t": found}}}
    volumes = pd.DataFrame(
        [row | {"contrast": HOSTILE, "volume": HOSTILE, "statistic": "t", "n_significant_voxels": 1}]
    )
    volumes = volumes.assign(p_fwe_low=1, p_fwe_high=1)
    for text in (
        pages.summary_page(record, numbers, contrasts, volumes),
        pages.landing_page(record, numbers, contrasts),
    ):
        elements = collections.Counter()
        parser = HTMLParser()
        parser.handle_starttag = lambda tag, attributes, elements=elements: elements.update([tag])
        parser.feed(text)
        assert elements["img"] == 1
        assert not elements & collections.Counter(script=1, a=1)
        assert "alert(1)" in text


def test_inputs_are_assigned_in_order():
    class Inputs:
        masks, values, parametric, nulls = ["m1", "m2"], ["v1", "v2"], ["b1", "b2"], ["n1", "n2"]
        corrected, clusters, figures = ["c1", "c2", "c3"], ["k1", "k2", "k3"], ["f1", "f2", "f3"]

    contrasts = [
        {"name": "a", "stats": ["t", "tfce"], "panels": ["comparison"]},
        {"name": "b", "stats": ["clustersize"], "panels": ["comparison", "clusters"]},
    ]
    contrasts = [one | {"contrast": one["name"], "voxel_stat": "t"} for one in contrasts]
    files = summarise_results.by_contrast(contrasts, Inputs)
    assert json.dumps(files["a"]["clusters"]) == '{"t": "k1", "tfce": "k2"}'
    assert files["b"]["corrected"] == {"clustersize": "c3"}
    assert files["b"]["figures"] == ["f2", "f3"]
    assert files["b"]["nulls"] == "n2"


PEAK = {"peak_value": 5.0, "p_fwe": 0.01, "observed_max": 3.0, "critical_value": 1.585, "critical_low": 1.4}
PEAK |= {"contrast": "age", "statistic": "tfce", "n_clusters": 1, "critical_high": 1.7, "alpha": 0.05}


@pytest.mark.parametrize(
    ("space", "place", "told"),
    [
        (Volume, {"x": -51.0, "y": -53.0, "z": 27.0}, "-51, -53, 27"),
        (Surface, {"hemisphere": "L", "vertex": 6262, "x": -51.0, "y": -53.0, "z": 27.0}, "L 6262 (-51, -53, 27)"),
        (
            Grayordinates,
            {"structure": "CORTEX_LEFT", "hemisphere": "L", "vertex": 6262.0, "x": -51.0, "y": -53.0, "z": 27.0},
            "CORTEX_LEFT 6262 (-51, -53, 27)",
        ),
        (
            Grayordinates,
            {"structure": "PUTAMEN_LEFT", "hemisphere": None, "vertex": np.nan, "x": -20.0, "y": 3.0, "z": 6.0},
            "PUTAMEN_LEFT (-20, 3, 6)",
        ),
        (Parcels, {"region": "lh_insula"}, "lh_insula"),
        (Edges, {"node_1": "n08", "node_2": "n11"}, "n08 – n11"),
        (Edges, {"node_1": None, "node_2": None}, ""),
    ],
)  # fmt: skip
def test_the_peak_is_where_a_reader_finds_it(space, place, told):
    frame = as_table([PEAK | place | {f"n_significant_{space.elements}": 7, "n_relabellings": 999}], space)
    table = page_tables.numbers(frame, space)
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert told in (row.get("peak"), row.get("peak (mm)"))
    assert row["observed maximum"] == "3"
    assert "clusters" in table.columns
    assert "clusters" not in page_tables.numbers(frame, space, alone=True).columns
    joined = page_tables.numbers(frame, space, joined=True)
    assert "3 (as −log₁₀ p)" in joined.rows[0]


def test_what_a_conjunction_found_is_a_p_in_every_space():
    both = [PEAK | {"contrast": "both", "statistic": name} for name in ("conjunction", "clustersize")]
    alone = PEAK | {"statistic": "clustersize"}
    frame = as_table(
        [one | {"n_significant_voxels": 7, "n_relabellings": 999} for one in (*both, alone)], Volume
    )
    table = page_tables.numbers(frame, Volume)
    observed = [row[table.columns.index("observed maximum")] for row in table.rows]
    assert observed == ["3 (as −log₁₀ p)", "3 (as −log₁₀ p)", "3"]


def test_covariates_that_are_maps_belong_to_the_model():
    assert model_in_words({"formula": "1 + age", "voxelwise": {}}) == "1 + age"
    assert "gm, wm" in model_in_words({"formula": "1 + age", "voxelwise": {"gm": "gm_map", "wm": "wm_map"}})
