"""The page of benchmarks is generated, and what measures its sections still fits the library."""

import json

import numpy as np
import pytest
from bench import bounds, clock, page, parts, spaces, voxelwise
from bench.example import Example
from bench.sections import SECTIONS
from permaps.permutation.model import contrast_model
from permaps.spaces.volume import Volume

N = 12
# Those that measure the library itself, without other tools and without the workflow.
OWN = {"parts": parts, "voxelwise": voxelwise, "bounds": bounds, "spaces": spaces}


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """An example of a few voxels, in the files that the workflow would leave."""
    results = tmp_path_factory.mktemp("results")
    (results / "design").mkdir()
    rng = np.random.default_rng(0)
    mask = np.pad(np.ones((5, 6, 7), bool), 1)
    space = Volume(mask, np.diag([4.0, 4.0, 4.0, 1.0]))
    np.save(results / "maps.npy", rng.standard_normal((N, mask.sum()), np.float32))
    design = np.column_stack([np.ones(N), np.arange(N)])
    rows = ["Intercept\tpseudo", *(f"{a}\t{b}" for a, b in design)]
    (results / "design/design.tsv").write_text("\n".join(rows) + "\n")
    model = contrast_model(design, np.eye(2)[1:], "t", "permute", {}, space=space)
    model.save(results / "design/contrast-pseudo_model.npz")
    found = Example(results.parent)
    vars(found)["results"] = results
    return found


@pytest.mark.parametrize("name", OWN)
def test_a_section_is_measured_and_told(name, example, monkeypatch, tmp_path):
    monkeypatch.setattr(clock, "REPEATS", 1)
    for constant, value in {
        "BATCH": 4,
        "WHOLE_BATCH": 4,
        "SOME": 1,
        "OFTEN": 1,
        "FEW": 1,
        "MANY": 3,
        "SIZES": {"": (2, 1), ", F of 2 rows": (4, 2)},
        "HALVINGS": {"fsaverage5": 1},
        "OF_CORTICES": 1,
        "CORTICES": (40, 42),
        "VOXELS": 60,
        "SIDE": 4,
        "NODES": 8,
        "PARTICIPANTS": 6,
    }.items():
        if hasattr(OWN[name], constant):
            monkeypatch.setattr(OWN[name], constant, value)
    section = SECTIONS[name]
    numbers = json.loads(json.dumps(section.measure(example)))
    assert section.text(numbers).count("\n| ") >= 3
    if section.draw:
        section.draw(numbers, tmp_path)
        assert list(tmp_path.glob("*.png"))


def test_things_measured_in_turn_keep_their_quotient(monkeypatch):
    load = iter(range(1, 9))

    def slowed(by):
        return lambda: by * next(load)

    found = clock.in_turn({"one": slowed(1.0), "other": slowed(3.0)}, 3)
    assert found == {"one": [3.0, 5.0, 7.0], "other": [12.0, 18.0, 24.0]}
    assert clock.quotient(found["other"], found["one"]) == pytest.approx([3.6, 24 / 7, 4.0])


def test_page_is_generated_from_the_numbers_kept():
    assert (page.DOCS / "benchmarks.md").read_text(encoding="utf-8") == page.text(page.kept())


@pytest.mark.parametrize(("halvings", "vertices"), [(0, 12), (1, 42), (5, 10242)])
def test_spheres_have_as_many_vertices_as_the_templates(halvings, vertices):
    points, faces = spaces.icosphere(halvings)
    assert len(points) == vertices and len(faces) == 2 * vertices - 4
    assert set(np.bincount(faces.ravel())) <= {5, 6}
    np.testing.assert_allclose((points**2).sum(axis=1), spaces.RADIUS**2)


def test_readme_quotes_the_page():
    median = page.kept()["beside"]["numbers"]["rows"]["nilearn permuted_ols, TFCE"]["times"][0]
    quoted = f"Relabelling with TFCE is {median // 10 * 10:.0f} times as fast as nilearn's `permuted_ols`"
    assert quoted in (page.DOCS.parent / "README.md").read_text(encoding="utf-8")
