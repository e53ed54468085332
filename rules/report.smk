# The run on one page, in words, and for the record.
import snakemake as engine
from permaps.workflow.digest import code_digest


report: "captions/workflow.rst"


WORDS = [
    result(name) for name in ("summary.html", "methods.md", "references.bib", "dataset_description.json")
]


rule record_provenance:
    input:
        included=result("quality/included.tsv"),
        excluded=result("quality/excluded.tsv"),
        images=[per_input("dataset/images.json", prefix) for prefix in PREFIXES],
        with_maps=[per_input("quality/included.tsv", prefix) for prefix in PREFIXES],
        metrics=[per_input("quality/metrics.tsv", prefix) for prefix in PREFIXES],
        mask=[per_input(MASK, prefix) for prefix in PREFIXES],
        voxels=[per_input(LOST_ELEMENTS, prefix) for prefix in PREFIXES],
        plan=result("design/plan.json"),
        relabellings=result("tables/relabellings.tsv"),
        missing=MISSING,
        # Relabellings are the same for every input.
        nulls=[result(f"nulls/{PREFIXES[0]}contrast-{c}.npz") for c in CONTRASTS],
    output:
        provenance=result("provenance.json"),
        description=result("dataset_description.json"),
    params:
        settings=dict(
            contrasts=CONTRASTS,
            inputs=INPUTS,
            config=config,
            version=version(),
            code=code_digest(HOME),
            snakemake_version=engine.__version__,
        ),
    message:
        "Recording what the run was made of"
    script:
        "../scripts/record_provenance.py"


rule write_methods:
    input:
        provenance=result("provenance.json"),
    output:
        methods=result("methods.md"),
        bibliography=result("references.bib"),
    message:
        "Writing the methods"
    script:
        "../scripts/write_methods.py"


# What is said of all tests is taken from these.
SUMMARISED = dict(
    masks=[per_input(MASK, t.prefix) for t in TESTS.values()],
    values=[group_map(t, t.voxel_stat) for t in TESTS.values()],
    parametric=[group_map(t, t.voxel_stat, "corr-bonferroni_logp") for t in TESTS.values()],
    nulls=[result(f"nulls/{t}.npz") for t in TESTS],
    corrected=[path for t in TESTS.values() for path in maps_of(t.stats, "fwe", t)],
    clusters=[cluster_table(t, s) for t in TESTS.values() for s in t.stats],
    figures=[path for t in TESTS.values() for path in panel_figures(t)],
)


rule summarise_results:
    input:
        **SUMMARISED,
        provenance=result("provenance.json"),
        small_volumes=SMALL_VOLUMES,
    output:
        page=report(
            result("summary.html"),
            caption="captions/summary.rst",
            category="1 Summary",
            labels={"page": "1 the run on one page"},
        ),
        table=report(
            result("tables/summary.tsv"),
            caption="captions/numbers.rst",
            category="1 Summary",
            labels={"page": "2 its numbers as a table"},
        ),
        landing=result("figures/captions/landing.html"),
    params:
        settings=dict(
            contrasts=[
                dict(
                    name=t.title,
                    # Joint tests are relabelled as those that they join.
                    contrast=TESTS[next(iter(t.combined))].contrast if t.is_joint else t.contrast,
                    voxel_stat=t.voxel_stat,
                    stats=t.stats,
                    panels=panels_of(t.stats) * DRAWN,
                )
                for t in TESTS.values()
            ],
        ),
    message:
        "Summarising the run"
    script:
        "../scripts/summarise_results.py"


rule write_report:
    input:
        provenance=result("provenance.json"),
        numbers=result("tables/summary.tsv"),
        excluded=result("quality/excluded.tsv"),
        small_volumes=SMALL_VOLUMES,
        tables=SUMMARISED["clusters"],
        regions=[result(f"tables/{t}_regions.tsv") for t in TESTS if REGIONS],
        figures=FIGURES,
        captions=captions_shown,
    output:
        page=result("report.html"),
    params:
        settings=run_shown,
    message:
        "Writing the report"
    script:
        "../scripts/write_report.py"
