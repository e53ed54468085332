"""What CONTRIBUTING.md says holds: what it adds works where others are used, as it writes them."""

import importlib.util
import re
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from permaps.figures.charts import null_histograms
from permaps.permutation.correction import read_maxima
from permaps.permutation.from_settings import enhancement_of
from permaps.permutation.model import Model
from permaps.permutation.null import ENHANCED, null_maxima
from permaps.permutation.observed import Observed, observe
from permaps.reporting.clusters import clusters_of, tabulate
from permaps.spaces import stored
from permaps.spaces.space import Space
from permaps.spaces.volume import Volume
from permaps.statistics import combinations, registry
from permaps.statistics.combining import combine
from scipy import stats
from scipy.special import chdtr
from studies import STUDIES

PAGE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
SETTINGS = {
    "seed": 4,
    "two_sided": True,
    "enhance": True,
    "connectivity": 6,
    "tfce": {"extent": 0.5, "height": 2.0},
    "cluster_p": 0.2,
}


def example(first_line):
    """Return the example of the page that begins with a comment."""
    (found,) = re.findall(rf"^ +```python\n( +# {re.escape(first_line)}\n.*?)^ +```$", PAGE, re.M | re.S)
    return textwrap.dedent(found)


def module(path, name, monkeypatch):
    spec = importlib.util.spec_from_file_location(name, path)
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, made)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def more(tmp_path, monkeypatch):
    """The registry with the page's row below the others."""
    row = example("a row of scripts/permaps/statistics/registry.py")
    text = Path(registry.__file__).read_text(encoding="utf-8")
    head, end, rest = text.partition("\n)\nSTATISTICS = ")
    (tmp_path / "registry.py").write_text(f"{head}\n    {row.strip()},{end}{rest}", encoding="utf-8")
    return module(tmp_path / "registry.py", "registry_with_one_more", monkeypatch)


def test_a_new_statistic_is_found_by_its_names(more):
    assert list(more.STATISTICS) == [*registry.STATISTICS, "clusterexcess"]
    assert more.SHORT["cluster_excess"] == "cluster excess"
    assert more.PANELS == registry.PANELS
    assert more.statistics_of("F", ["voxel", "cluster_excess"]) == ["F", "clusterexcess"]


def test_a_new_statistic_is_read_and_shown_like_the_others(more, tmp_path, monkeypatch):
    row = more.STATISTICS["clusterexcess"]
    monkeypatch.setitem(registry.STATISTICS, row.name, row)
    maxima = np.random.default_rng(0).exponential(size=50)
    np.savez(tmp_path / "null.npz", **{row.key: maxima})
    nulls = read_maxima(tmp_path / "null.npz", [row.name])
    np.testing.assert_array_equal(nulls[row.name], maxima)
    panels = null_histograms(nulls, 0.05, "a title").axes
    shown = {text for panel in panels for text in (panel.get_title("left"), panel.get_xlabel())}
    assert {"Max cluster excess", "maximum over the brain (excess)"} <= shown
    observed = Observed(None, "permute", True, {row.key: np.array([-2.0, 1.0])})
    assert observed.reach(row.name).tolist() == [2.0, 1.0]


def test_a_new_combination_is_that_of_its_authors(monkeypatch):
    names = vars(combinations) | {"chdtr": chdtr}
    exec(example("a row of COMBINATIONS in scripts/permaps/statistics/combinations.py"), names)
    monkeypatch.setitem(combinations.COMBINATIONS, "pearson", names["pearson"])
    t, dofs = np.random.default_rng(0).standard_normal((3, 50)), (20, 9, 15)
    tables = combinations.tables_of("pearson", [combinations.Partial(dof, 1, False, False) for dof in dofs])
    found = np.empty(50)
    combine(t, tables, names["pearson"].how, np.ones(1), found)
    p = stats.t.sf(t, np.array(dofs)[:, None])
    expected, its_p = stats.combine_pvalues(p, "pearson")
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(combinations.log_p_of("pearson", 3, 1, found), np.log(its_p), rtol=1e-5)


@pytest.fixture
def line(tmp_path, monkeypatch):
    """The page's space, with a gap after every ninth point; and the same as a volume of one row of voxels."""
    (tmp_path / "line.py").write_text(example("scripts/permaps/spaces/line.py"), encoding="utf-8")
    kind = module(tmp_path / "line.py", "line", monkeypatch).Line
    monkeypatch.setitem(stored.CLASSES, "line", kind)
    number = np.flatnonzero(np.arange(60) % 10 != 9)
    places = number[:, None] * np.array([[3.0, 0, 0]])
    volume = Volume(np.isin(np.arange(60), number)[:, None, None], np.diag([3.0, 2, 2, 1]))
    return kind(places, np.full(len(number), 3.0), number), volume


def test_a_new_space_has_all_that_a_space_needs(line):
    needed = {name for name in dir(Space) if not name.startswith("_")} | set(Space.__annotations__)
    assert len(needed) > 7 and not [name for name in needed if not hasattr(line[0], name)]
    every = np.arange(line[0].n_elements)
    for places in (line[0].coordinates(every), line[0].coordinates(every) + 900):
        there = dict(zip("xyz", places.T, strict=True))
        np.testing.assert_array_equal(line[0].at(there), line[1].at(there))
    some = line[0].part(every[3:30:2])
    np.testing.assert_array_equal(some.coordinates(every[:5]), line[0].coordinates(every[3:30:2][:5]))


def test_a_new_space_is_relabelled_observed_and_stored(line, tmp_path):
    study = STUDIES["two groups and age"]
    maps = study.maps(line[0].n_elements)
    found = []
    for space in line:
        model = study.contrast_model(space=space)
        model.save(tmp_path / "model.npz")
        model = Model.load(tmp_path / "model.npz")
        assert type(model.space) is type(space)
        observe(maps, model, SETTINGS).save(tmp_path / "observed.npz")
        observed = Observed.load(tmp_path / "observed.npz")
        np.testing.assert_array_equal(observed.space.coordinates([0, 7, 20]), space.coordinates([0, 7, 20]))
        found.append((observed.measures, maxima_of(model, maps)))
    (measures, maxima), (expected, expected_maxima) = found
    assert {"voxel", *ENHANCED} <= measures.keys() & maxima.keys()
    for of_line, of_volume in ((measures, expected), (maxima, expected_maxima)):
        for name, values in of_volume.items():
            np.testing.assert_array_equal(of_line[name], values, err_msg=name)
    assert maxima["cluster_size"].max() > 1


def maxima_of(model, maps):
    enhancement, both_signs = enhancement_of(model, SETTINGS)
    return null_maxima(
        maps, model.estimator(), model.exchangeability, 4, 0, 40,
        is_f=model.is_f, both_signs=both_signs, enhancement=enhancement,
    )  # fmt: skip


def test_clusters_of_a_new_space_are_tabulated_in_its_units(line):
    values = np.zeros(line[0].n_elements)
    values[[2, 3, 4, 12, 13]] = 1, 3, 2, -5, -4
    p = np.where(values > 0, 0.04, np.where(values < 0, 0.01, 1.0))
    table, other = (
        tabulate(clusters_of(p < 0.05, values, space.adjacency(6)), values, space, {"p_fwe": p})
        for space in line
    )
    assert table[["x", "size_mm", "n_points"]].to_numpy().tolist() == [[39.0, 6.0, 2], [9.0, 9.0, 3]]
    np.testing.assert_array_equal(table.drop(columns=["size_mm", "n_points"]), other.iloc[:, :-2])
