"""What re-runs when: every key of the config, every script, the library; and the table that says so."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from permaps.workflow.analyses import STAGES
from permaps.workflow.schema import keys
from tiny import CONFIG, Study, copy_workflow, layered, write_data

ROOT = Path(__file__).parents[2]
README = ROOT / "config" / "README.md"
HEADING = "## What re-runs when"

# One file for each stage of the way that data flow; the chunks, which take the time, on their own.
NAMED = r'^ *(?:use rule \w+ as |rule |rule_for\(voxel_stat, ")(\w+)'
RULES = {
    name: re.findall(NAMED, (ROOT / "rules" / f"{name}.smk").read_text(), re.M)
    for name in (
        "dataset", "quality", "maps", "model", "parametric", "permutation", "correction", "tables", "figures"
    )
}  # fmt: skip
CHUNK = "compute_null_chunk"
DATASET = {"table": "collect_table", "simulated": "simulate_cohort", "localizer": "fetch_localizer"}
# It records the whole config and a digest of the code, so that it runs after every change.
RECORD = "record_provenance"


@dataclass(frozen=True)
class Change:
    """A change of one key, and the rules with which the work begins: what needs their results follows.

    Attributes
    ----------
    config : dict
        Laid over the tiny study's.
    begins : set of str
        Besides RECORD.
    follows : set of str, optional
        What needs their results, where it is less than what needs those of these rules' other jobs.
    chunks : str
        Which chunks run: none, new or all.
    source : str
        Of the data.
    targets : tuple of str
        What is asked for of another source than the table: nothing of it has been run.
    """

    config: dict
    begins: set
    follows: set = None
    chunks: str = "all"
    source: str = "table"
    targets: tuple = ("dataset/participants.tsv",)


TABLE = CONFIG["dataset"]
SIMULATED = {"source": "simulated"}
LOCALIZER = {"source": "localizer"}
# No image is a mask of a surface.
NO_FILE = {"mask": {"strategy": "background", "file": None}}
SURFACE = NO_FILE | {"dataset": SIMULATED | {"space": "surface"}}
FSL = {"source": "fsl", "maps": "DATA/{participant_id}.nii.gz", "design": "DATA/design.mat"}
FSL |= {"contrasts": "DATA/design.con"}
# What several maps of a person need.
FAMILIES = {"permutation": {"blocks": {"whole": "family"}}}
# The files give it.
WITHOUT_MODEL = {key: value for key, value in CONFIG.items() if key != "model"}
PARCELS = NO_FILE | {"dataset": SIMULATED | {"space": "parcels"}}
EDGES = NO_FILE | {"dataset": SIMULATED | {"space": "edges"}}
INPUTS = NO_FILE | {"dataset": SIMULATED | {"space": "edges", "inputs": ["faces", "houses"]}}
MESH = {"space": {"mesh": "fsaverage5"}}
ATLAS = {"image": "DATA/brain.nii.gz", "labels": "DATA/regions.tsv"}
# With the settings of the chunks, and so of what compares the observed map with them.
CHUNKS = {CHUNK, "observe"}
ENHANCED = ("nulls/contrast-age/0-11.npz", "observed/contrast-age.npz")
CHANGES = {
    "title": Change({"title": "A study"}, {RECORD}, chunks="none"),
    "results": Change({"results": "elsewhere"}, {"collect_table"}),
    "figures": Change({"figures": False}, {RECORD}, chunks="none"),
    "quality.query": Change({"quality": {"query": "age > 21"}}, {"screen_participants"}),
    "quality.max_missing": Change({"quality": {"max_missing": 0.2}}, {"select_participants"}),
    "quality.require": Change(
        {"quality": {"require": "any"}},
        {"join_inputs"},
        follows={"select_participants"},
        source="inputs",
        targets=("quality/included.tsv",),
    ),
    "joint": Change(
        {"joint": {"either": {"combine": "fisher", "inputs": ["faces", "houses"], "contrasts": ["age"]}}},
        {"build_joint"},
        follows={"observe", CHUNK},
        chunks="new",
        source="inputs",
        targets=("design/joint-either_model.npz",),
    ),
    "mask.strategy": Change({"mask": {"strategy": "background", "file": None}}, {"make_brain_mask"}),
    "mask.file": Change({"mask": {"file": "DATA/smaller.nii.gz"}}, {"make_brain_mask"}),
    "mask.min_coverage": Change({"mask": {"min_coverage": 0.9}}, {"smooth_maps", "compare_missing"}),
    "mask.zero_is_missing": Change({"mask": {"zero_is_missing": False}}, {"screen_participants"}),
    "smoothing_fwhm": Change({"smoothing_fwhm": 9}, {"smooth_maps"}),
    "model.formula": Change({"model": {"formula": "1 + age + group"}}, {"screen_participants"}),
    "model.contrasts": Change({"model": {"contrasts": {"age": "-age"}}}, {"plan_contrast"}),
    "model.voxelwise": Change(
        {"model": {"voxelwise": {"baseline": "map"}}}, {"collect_table", "smooth_covariates"}
    ),
    # What it gives, formula and contrasts, counts.
    "model.bids": Change({"model": {"bids": "DATA/model.json"}}, {RECORD}, chunks="none"),
    "model.variance_groups": Change({"model": {"variance_groups": "group"}}, {"screen_participants"}),
    "permutation.n_permutations": Change(
        {"permutation": {"n_permutations": 30}}, {CHUNK, "merge_nulls", "count_relabellings"}, chunks="new"
    ),
    "permutation.chunk_size": Change({"permutation": {"chunk_size": 5}}, {CHUNK, "merge_nulls"}),
    "permutation.seed": Change({"permutation": {"seed": 1}}, CHUNKS),
    "permutation.two_sided": Change({"permutation": {"two_sided": False}}, {*CHUNKS, "count_relabellings"}),
    "permutation.scheme": Change({"permutation": {"scheme": "flip"}}, {"plan_contrast"}),
    "permutation.blocks.within": Change(
        {"permutation": {"blocks": {"within": "group"}}}, {"screen_participants"}
    ),
    "permutation.blocks.whole": Change(
        {"permutation": {"blocks": {"whole": "family"}}}, {"screen_participants"}
    ),
    "permutation.blocks.nested": Change(
        {"permutation": {"blocks": {"nested": ["everyone", "pair"]}}}, {"screen_participants"}
    ),
    "inference.statistics": Change(
        {"inference": {"statistics": ["voxel", "tfce"]}}, {"merge_nulls"}, chunks="none"
    ),
    "inference.connectivity": Change({"inference": {"connectivity": 26}}, CHUNKS),
    "inference.tfce.extent": Change({"inference": {"tfce": {"extent": 1}}}, CHUNKS),
    "inference.tfce.height": Change({"inference": {"tfce": {"height": 1}}}, CHUNKS),
    "inference.cluster_p": Change({"inference": {"cluster_p": 0.01}}, CHUNKS),
    "inference.alpha": Change(
        {"inference": {"alpha": 0.1}},
        {"count_relabellings", "tabulate_clusters", "draw_maps"},
        chunks="none",
    ),
    "inference.variance_smoothing_fwhm": Change(
        {"inference": {"variance_smoothing_fwhm": 9}}, {"build_model"}
    ),
    "inference.small_volumes": Change(
        {"inference": {"small_volumes": {"most": "DATA/smaller.nii.gz"}}},
        {"build_model", "observe", CHUNK, "merge_nulls", "correct"},
        follows={"tabulate_small_volumes", "summarise_results"},
        chunks="new",
    ),
    "inference.tdp.shift": Change({"inference": {"tdp": {"shift": 3}}}, {"merge_nulls"}, chunks="none"),
    "inference.regions": Change(
        {"inference": {"regions": {"most": "DATA/smaller.nii.gz"}}}, {"tabulate_regions"}, chunks="none"
    ),
    "inference.tail_fit": Change(
        {"inference": {"tail_fit": True}},
        {"fit_tail", "count_relabellings"},
        follows={"tabulate_clusters", "count_relabellings"},
        chunks="none",
    ),
    "atlas.image": Change({"atlas": ATLAS}, {"tabulate_clusters", "tabulate_regions"}, chunks="none"),
    "atlas.labels": Change({"atlas": ATLAS}, {"tabulate_clusters", "tabulate_regions"}, chunks="none"),
    "inference.uncorrected_tfce": Change({"inference": {"uncorrected_tfce": True}}, CHUNKS),
    "dataset.source": Change({"dataset": SIMULATED}, {"simulate_cohort"}),
    "dataset.path": Change({"dataset": TABLE | {"path": "DATA/renamed.tsv"}}, {"collect_table"}),
    "dataset.maps": Change({"dataset": TABLE | {"maps": "map"}}, {"collect_table"}),
    "dataset.values": Change({"dataset": TABLE | {"values": "DATA/renamed.tsv"}}, {"collect_table"}),
    "dataset.id": Change(
        {"dataset": TABLE | {"id": ["participant_id", "group"]}} | FAMILIES, {"collect_table"}
    ),
    "dataset.sessions": Change({"dataset": TABLE | {"sessions": ["pre"]}} | FAMILIES, {"collect_table"}),
    "dataset.entities": Change(
        {"dataset": TABLE | {"maps": ".", "entities": {"stat": "t"}}}, {"collect_table"}
    ),
    "dataset.n_subjects": Change(
        {"dataset": SIMULATED | {"n_subjects": 9}}, {"simulate_cohort"}, source="simulated"
    ),
    "dataset.seed": Change({"dataset": SIMULATED | {"seed": 3}}, {"simulate_cohort"}, source="simulated"),
    "dataset.effect_size": Change(
        {"dataset": SIMULATED | {"effect_size": 0}}, {"simulate_cohort"}, source="simulated"
    ),
    "dataset.space": Change(
        SURFACE,
        {"simulate_cohort"},
        source="simulated",
        targets=("dataset/participants.tsv", "dataset/truth/hemi-L_effect-pseudo.func.gii"),
    ),
    "dataset.inputs": Change(
        {"dataset": SIMULATED | {"inputs": ["faces", "houses"]}},
        {"simulate_cohort"},
        source="simulated",
        targets=("dataset/input-faces_participants.tsv",),
    ),
    "space.mesh": Change(
        {"space": {"mesh": "fsaverage6"}},
        {"make_brain_mask"},
        source="surface",
        targets=("quality/brain_mask.npz",),
    ),
    "space.mask": Change(
        {"space": {"mask": "DATA/regions.tsv"}},
        {"make_brain_mask"},
        source="surface",
        targets=("quality/brain_mask.npz",),
    ),
    "space.labels": Change(
        {"space": {"labels": "DATA/regions.tsv"}},
        {"make_brain_mask"},
        source="edges",
        targets=("quality/brain_mask.npz",),
    ),
    "space.adjacency": Change(
        {"space": {"adjacency": "DATA/regions.tsv"}},
        {"make_brain_mask"},
        source="parcels",
        targets=("quality/brain_mask.npz",),
    ),
    "inference.tfce_surface.extent": Change(
        {"inference": {"tfce_surface": {"extent": 0.5}}}, CHUNKS, source="surface", targets=ENHANCED
    ),
    "inference.tfce_surface.height": Change(
        {"inference": {"tfce_surface": {"height": 1}}}, CHUNKS, source="surface", targets=ENHANCED
    ),
    "dataset.design": Change(
        {"dataset": FSL | {"design": "DATA/other.mat"}}, {"collect_table"}, source="fsl"
    ),
    "dataset.blocks": Change(
        {"dataset": FSL | {"blocks": "DATA/design.grp"}}, {"collect_table"}, source="fsl"
    ),
    "dataset.contrasts": Change(
        {"dataset": FSL | {"contrasts": "DATA/other.con"}},
        {"plan_contrast"},
        source="fsl",
        targets=("design/contrast-age_plan.json",),
    ),
    "dataset.ftests": Change(
        {"dataset": FSL | {"ftests": "DATA/design.fts"}},
        {"plan_contrast"},
        follows={"plan_contrast", "merge_contrasts", "correct_across"},
        chunks="new",
        source="fsl",
        targets=("design/contrast-fstat1_plan.json",),
    ),
    "dataset.contrast": Change(
        {"dataset": LOCALIZER | {"contrast": "checkerboard"}}, {"fetch_localizer"}, source="localizer"
    ),
    "dataset.data_dir": Change(
        {"dataset": LOCALIZER | {"data_dir": "nilearn_data"}}, {"fetch_localizer"}, source="localizer"
    ),
}
# Changes that are no other value of a key, or another value with another outcome.
MORE = {
    "`dataset.n_subjects` of the Localizer": Change(
        {"dataset": LOCALIZER | {"n_subjects": 9}}, {"fetch_localizer"}, source="localizer"
    ),
    "`n_permutations` lowered": Change(
        {"permutation": {"n_permutations": 15}}, {"merge_nulls", "count_relabellings"}, chunks="none"
    ),
    "a contrast more": Change(
        {"model": {"contrasts": {"age": "age", "younger": "-age"}}},
        {"plan_contrast"},
        follows={"plan_contrast", "merge_contrasts", "correct_across"},
        chunks="new",
    ),
    "`statistics: [voxel]`": Change({"inference": {"statistics": ["voxel"]}}, CHUNKS),
    "`tdp: null`": Change({"inference": {"tdp": None}}, CHUNKS),
    "nothing": Change({}, set(), follows=set(), chunks="none"),
}
EVERY = CHANGES | MORE


@pytest.fixture(scope="module")
def needs(finished):
    """{rule: the rules that need its results, directly or not}, of the tiny study."""
    dot = finished.finish("--rulegraph", "dot").stdout
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', dot, re.M))
    direct = {name: set() for name in names.values()}
    for source, target in re.findall(r"^\s*(\d+) -> (\d+)", dot, re.M):
        direct[names[source]].add(names[target])

    def after(rule):
        found, waiting = set(), [rule]
        while waiting:
            new = direct.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found - {"all"}

    return {rule: after(rule) for rule in direct}


# Of a study with a design of FSL, what lies before the plan of its contrast.
FSL_ON_THE_WAY = [
    "participants.tsv", "images.json", "values.bin",
    *(f"../quality/{name}" for name in (
        "screened.tsv", "brain_mask.nii.gz", "included.tsv", "excluded.tsv", "metrics.tsv"
    )),
    *(f"../design/{name}" for name in (
        "design.tsv", "blocks.json", "contrast-age_weights.tsv", "contrast-age_plan.json"
    )),
]  # fmt: skip
WITH_NAMES_ON_THE_WAY = [
    "participants.tsv", "maps/", "truth/effect-pseudo.tsv", "images.json", "values.bin",
    "../quality/screened.tsv", "../quality/brain_mask.npz",
]  # fmt: skip
INPUTS_ON_THE_WAY = [
    "../quality/included.tsv", "../quality/excluded.tsv",
    *(f"../design/{name}" for name in (
        "design.tsv", "blocks.json", "contrast-age_weights.tsv", "contrast-age_plan.json"
    )),
] + [
    path.format(of=f"input-{name}_")
    for name in ("faces", "houses")
    for path in (
        "{of}participants.tsv", "{of}maps/", "truth/{of}effect-pseudo.tsv", "{of}images.json", "{of}values.bin",
        *(f"../quality/{{of}}{name}" for name in (
            "screened.tsv", "brain_mask.npz", "included.tsv", "excluded.tsv", "metrics.tsv", "edges.tsv"
        )),
        "../{of}maps.npy", "../{of}mask.npz", "../{of}mask_coverage.tsv", "../design/{of}contrast-age_model.npz",
    )
]  # fmt: skip
# Of a study on a surface, what lies before its observed maps and its null.
ON_THE_WAY = [
    "participants.tsv", "maps/", "truth/regions.tsv", "images.json", "values.bin",
    *(f"truth/hemi-{side}_effect-{variate}.func.gii" for side in "LR" for variate in ("pseudo", "mean")),
    *(f"../quality/{name}" for name in (
        "screened.tsv", "brain_mask.npz", "included.tsv", "excluded.tsv", "metrics.tsv", "vertices.tsv"
    )),
    *(f"../{name}" for name in ("mask.npz", "mask_coverage.dscalar.nii", "maps.npy", *ENHANCED)),
    *(f"../design/{name}" for name in (
        "design.tsv", "blocks.json", "contrast-age_weights.tsv", "contrast-age_plan.json", "contrast-age_model.npz"
    )),
]  # fmt: skip


@pytest.fixture(scope="module")
def plans(finished, tmp_path_factory):
    """What a dry run lists after every change."""
    studies = {
        "table": finished,
        "simulated": pretended(
            tmp_path_factory.mktemp("simulated"),
            finished,
            SIMULATED,
            ["participants.tsv", "maps/", "truth/regions.tsv", "truth/regions.nii.gz"]
            + [f"truth/effect-{variate}.nii.gz" for variate in ("pseudo", "mean")],
        ),
        "localizer": pretended(
            tmp_path_factory.mktemp("localizer"), finished, LOCALIZER, ["participants.tsv"]
        ),
        "fsl": pretended(
            tmp_path_factory.mktemp("fsl"),
            finished,
            FSL,
            FSL_ON_THE_WAY,
            targets=("design/contrast-age_plan.json",),
            config=WITHOUT_MODEL,
        ),
        **{
            kind: pretended(
                tmp_path_factory.mktemp(kind),
                finished,
                config["dataset"],
                WITH_NAMES_ON_THE_WAY,
                more=NO_FILE,
                targets=("quality/brain_mask.npz",),
            )
            for kind, config in (("edges", EDGES), ("parcels", PARCELS))
        },
        "inputs": pretended(
            tmp_path_factory.mktemp("inputs"),
            finished,
            INPUTS["dataset"],
            INPUTS_ON_THE_WAY,
            more=NO_FILE,
            targets=(
                "quality/included.tsv",
                *(f"design/input-{i}_contrast-age_model.npz" for i in ("faces", "houses")),
            ),
        ),
        "surface": pretended(
            tmp_path_factory.mktemp("surface"),
            finished,
            SURFACE["dataset"],
            ON_THE_WAY,
            more=NO_FILE | MESH,
            targets=ENHANCED,
        ),
    }
    of_source = {
        "surface": layered(CONFIG, SURFACE | MESH),
        "edges": layered(CONFIG, EDGES),
        "parcels": layered(CONFIG, PARCELS),
        "inputs": layered(CONFIG, INPUTS),
    }
    of_source["fsl"] = WITHOUT_MODEL

    def plan(change):
        study = studies[change.source]
        # Of another source there is nothing but the data.
        only = [] if study is finished else ["--", *(f"results/{target}" for target in change.targets)]
        return study.plan(*only, config=layered(of_source.get(change.source, CONFIG), change.config))

    return dict(zip(EVERY, two_at_a_time(plan, EVERY.values()), strict=True))


def two_at_a_time(function, values):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, values))


def pretended(
    folder, finished, source, paths, data=None, more=None, targets=("dataset/participants.tsv",), config=CONFIG
):  # fmt: skip
    """Return a study whose data of a source are not at hand and count as made."""
    study = Study(folder, data or finished.data, finished.snakemake)
    study.workflow = finished.workflow
    study.work.mkdir()
    for path in paths:
        file = study.result(f"dataset/{path}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.mkdir() if path.endswith("/") else file.touch()
    config = layered(config, {"dataset": source} | (more or {}))
    asked = [f"results/{target}" for target in targets]
    study.finish("--touch", "--forceall", "--", *asked, config=config)
    return study


def all_that_run(change, needs):
    """The rules that a change has to run, by its entry."""
    if not change.begins:
        return set()
    # Whatever the source, the same rules need the data.
    known = needs | dict.fromkeys(DATASET.values(), needs[DATASET["table"]])
    first = change.begins if change.follows is None else change.follows
    follow = set().union(*(known.get(rule, set()) for rule in first))
    return change.begins | first | follow | {RECORD} | needs[RECORD]


def n_chunks(config):
    permutation = layered(CONFIG, config)["permutation"]
    return permutation["n_permutations"] // permutation["chunk_size"]


def test_every_key_has_an_entry():
    schema = yaml.safe_load((ROOT / "config/schemas/config.schema.yaml").read_text())
    # What several analyses change is tested in test_study.py.
    assert sorted([*CHANGES, "analyses"]) == sorted(keys(schema)), "a new key needs an entry in CHANGES"


def test_what_several_analyses_share_depends_on_no_other_key():
    # Besides the rules in the file that the stage is called by.
    more = {"quality": {"make_design", "plot_quality"}, "maps": {"plot_coverage"}}
    known, checked = {"results"}, 0
    for stage, depends_on in STAGES.items():
        known |= {*depends_on}
        rules = {*RULES[stage]} | more.get(stage, set())
        for key in (key for key, change in CHANGES.items() if change.begins & rules):
            parts = key.split(".")
            assert {".".join(parts[:i]) for i in range(1, len(parts) + 1)} & known, (key, stage)
            checked += 1
    assert checked > 20


@pytest.mark.parametrize("name", EVERY)
def test_change_runs_what_it_has_to_and_nothing_else(name, plans, needs):
    change, plan = EVERY[name], plans[name]
    expected = all_that_run(change, needs)
    if change.source != "table":
        expected = change.begins
    assert plan.rules == expected
    # Where the work begins is told by what has changed itself, or by files that do not exist yet.
    assert change.begins <= plan.because("params", "inputs", "missing")


@pytest.mark.parametrize("name", [name for name in EVERY if EVERY[name].source == "table"])
def test_change_runs_no_more_chunks_than_it_has_to(name, plans):
    change, plan = EVERY[name], plans[name]
    expected = {"none": 0, "all": n_chunks(change.config), "new": plan.jobs.get(CHUNK)}
    assert plan.jobs.get(CHUNK, 0) == expected[change.chunks]
    if change.chunks == "new":
        assert plan.causes[CHUNK] <= {"missing", "updated"}


def test_readme_has_the_table(needs):
    text = README.read_text(encoding="utf-8")
    assert HEADING in text
    section = text.partition(HEADING)[2].partition("\n## ")[0]
    table = "\n".join(line for line in section.splitlines() if line.startswith("|"))
    expected = "\n".join(rows(needs))
    assert table == expected, f"the table under '{HEADING}' in {README} has to be\n\n{expected}"


def rows(needs):
    """Yield the lines of the table; changes with the same outcome share one."""
    stages = [*RULES]
    stages.insert(stages.index("permutation"), "chunks")
    yield f"| change | begins with | {' | '.join(stages)} |"
    yield "| --- " * (len(stages) + 2) + "|"
    lines = {}
    for name, change in EVERY.items():
        if change.begins:
            lines.setdefault(line_of(change, stages, needs), []).append(name)
    for line, names in lines.items():
        shown = ", ".join(f"`{name}`" if name in CHANGES else name for name in names)
        yield f"| {shown} {line}"


def line_of(change, stages, needs):
    """The cells of a change: whether all or some of a stage's rules run."""
    runs = all_that_run(change, needs)
    cells = []
    for stage in stages:
        if stage == "chunks":
            cells.append({"all": "●", "new": "new", "none": ""}[change.chunks])
        else:
            active = {rule for rule in RULES[stage] if rule in needs or rule in change.begins} - {CHUNK}
            if stage == "dataset":
                active = change.begins & set(DATASET.values()) or active
            cells.append("●" if active and active <= runs else "○" if active & runs else "")
    begins = ", ".join(f"`{rule}`" for rule in sorted(change.begins))
    return "".join(f"| {cell} " if cell else "| " for cell in (begins, *cells)) + "|"


# Code


def edited(finished, folder, paths, line="# edited\n"):
    """Return a copy of the workflow in which files have one more line."""
    copy_workflow(folder, finished.workflow)
    for path in paths:
        with open(folder / path, "a", encoding="utf-8") as file:
            file.write(line)
    return folder


def waves(needs):
    """Yield sets of rules, none of which needs another of its set: why one runs hides what else would."""
    left = set(needs)
    while left:
        wave = {rule for rule in left if not any(rule in needs[other] for other in left)}
        yield wave
        left -= wave


def test_edited_script_runs_its_rule_and_what_follows(finished, needs, tmp_path):
    with_script = {rule for rule in needs if (ROOT / "scripts" / f"{rule}.py").exists()}
    assert len(with_script) > 20
    sets = list(waves({rule: needs[rule] for rule in with_script}))

    def plan(wave):
        folder = tmp_path / min(wave)
        paths = [f"scripts/{rule}.py" for rule in wave]
        return finished.plan(workflow=edited(finished, folder, paths))

    for wave, listed in zip(sets, two_at_a_time(plan, sets), strict=True):
        # A rule that another one is made of has its script too.
        inherited = {rule for rule in listed.rules if rule not in with_script}
        # What needs the record runs because of that already.
        assert listed.because("code") - inherited == wave - needs[RECORD]
        follow = set().union(*(needs[rule] for rule in wave))
        assert listed.rules - inherited == wave | follow | {RECORD} | needs[RECORD]


# By hand, from what the scripts import: where the work begins.
MODULES = {
    "workflow/errors": {"collect_table"},
    "quality/brain_mask": {"make_brain_mask"},
    # The p of a multivariate test, which chunks enhance, is that of F.
    "statistics/glm": {CHUNK, "observe", "fit_parametric"},
    "permutation/relabelling": {CHUNK, "observe"},
    "reporting/clusters": {"plot_test", "tabulate_clusters"},
    "quality/outliers": {"select_participants", "plot_design"},
    "maps/map_values": {"read_maps"},
    "cohort/simulation": set(),
}


def test_edited_module_runs_what_uses_it(finished, needs, tmp_path):
    def plan(module):
        return finished.plan(workflow=edited(finished, tmp_path / module, [f"scripts/permaps/{module}.py"]))

    for module, listed in zip(MODULES, two_at_a_time(plan, MODULES), strict=True):
        begins = MODULES[module] | {RECORD}
        assert listed.rules == begins.union(*(needs[rule] for rule in begins)), module


def test_edited_rules_are_recorded(finished, needs, tmp_path):
    plan = finished.plan(workflow=edited(finished, tmp_path / "workflow", ["rules/maps.smk", "Snakefile"]))
    assert plan.rules == {RECORD} | needs[RECORD]


def test_touched_library_runs_nothing(finished, tmp_path):
    workflow = edited(finished, tmp_path / "workflow", [])
    for path in [
        *workflow.glob("scripts/permaps/**/*.py"),
        *workflow.glob("rules/*.smk"),
        workflow / "Snakefile",
    ]:
        os.utime(path)
    assert not finished.plan(workflow=workflow).jobs


def test_touched_script_runs_its_rule_unless_its_results_are_touched_too(finished, needs, tmp_path):
    study = finished.copied(tmp_path / "study")
    os.utime(study.workflow / "scripts/compute_null_chunk.py")
    assert study.plan().rules == {CHUNK} | needs[CHUNK]
    study.finish("--touch")
    assert not study.plan().jobs


def test_other_place_for_the_workflow_runs_nothing(finished, tmp_path):
    assert not finished.plan(workflow=edited(finished, tmp_path / "elsewhere", [])).jobs


# Data


@pytest.mark.parametrize(
    "path, edit, runs",
    [
        ("participants.tsv", True, True),
        ("participants.tsv", False, False),
        ("sub-3.nii.gz", True, True),
        ("sub-3.nii.gz", False, False),
    ],
    ids=["table edited", "table touched", "map edited", "map touched"],
)
def test_only_edited_data_count(path, edit, runs, finished, tmp_path):
    # Snakemake compares the content of files below a megabyte, and the date of larger ones.
    data = tmp_path / "data"
    write_data(data)
    study = pretended(tmp_path, finished, TABLE, ["participants.tsv"], data)
    if edit:
        with open(data / path, "ab") as file:
            file.write(b"\n")
    os.utime(data / path)
    assert bool(study.plan("--", "results/dataset/participants.tsv").jobs) == runs
