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
        images=result("dataset/images.json"),
        metrics=result("quality/metrics.tsv"),
        mask=MASK,
        voxels=LEFT,
        plan=result("design/plan.json"),
        missing=MISSING,
        nulls=[result(f"nulls/contrast-{c}.npz") for c in CONTRASTS],
    output:
        provenance=result("provenance.json"),
        description=result("dataset_description.json"),
    resources:
        runtime=minutes(20),
    params:
        settings=dict(
            contrasts=CONTRASTS,
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


rule summarise_results:
    input:
        provenance=result("provenance.json"),
        mask=MASK,
        values=[map_of(c, statistic_of(c)) for c in CONTRASTS],
        parametric=[map_of(c, statistic_of(c), "corr-bonferroni_logp") for c in CONTRASTS],
        nulls=[result(f"nulls/contrast-{c}.npz") for c in CONTRASTS],
        corrected=[map_of(c, s, "corr-fwe_logp") for c in CONTRASTS for s in stats_of(c)],
        clusters=[table_of(c, s) for c in CONTRASTS for s in stats_of(c)],
        figures=[path for c in CONTRASTS for path in panel_figures(c)],
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
                    name=c,
                    voxel_stat=statistic_of(c),
                    stats=stats_of(c),
                    panels=panels_of(stats_of(c)) * DRAWN,
                )
                for c in CONTRASTS
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
        tables=[table_of(c, s) for c in CONTRASTS for s in stats_of(c)],
        regions=[result(f"tables/contrast-{c}_regions.tsv") for c in CONTRASTS if REGIONS],
        figures=FIGURES,
        captions=[f["caption"] for f in all_shown() if f["caption"]],
        explanations=sorted({f["explanation"] for f in all_shown()}),
    output:
        page=result("report.html"),
    params:
        settings=dict(
            contrasts=[contrast_shown(c) for c in CONTRASTS],
            design=DESIGN_SHOWN,
            quality=QUALITY_SHOWN,
            files=[*targets(), *TABLES, *TRUTH, *FIGURES, *HEMISPHERES, *WORDS],
        ),
    message:
        "Writing the report"
    script:
        "../scripts/write_report.py"
