# What several analyses have in common: one table and one page about all of them, and how a contrast comes out in each.


rule compare_specifications:
    input:
        numbers=of_each_analysis(lambda its, test: its.result("tables/summary.tsv")),
        provenance=of_each_analysis(lambda its, test: its.result("provenance.json")),
        mask=of_each_analysis(lambda its, test: its.per_input(its.MASK, test.prefix)),
        values=of_each_analysis(lambda its, test: its.group_map(test, test.voxel_stat)),
        effect=of_each_analysis(lambda its, test: its.magnitude_map(test, test.voxel_stat)),
        nulls=of_each_analysis(lambda its, test: its.result(f"nulls/{test}.npz")),
    output:
        table=common("tables/{curve}_specifications.tsv"),
        counts=common("tables/{curve}_counts.tsv"),
        figures=[common("figures/{curve}_specifications.png"), common("figures/{curve}_specifications.svg")],
    params:
        settings=curve_settings,
    message:
        "Comparing {wildcards.curve}"
    script:
        "../scripts/compare_specifications.py"


rule summarise_study:
    input:
        numbers=[its.result("tables/summary.tsv") for its in ANALYSIS_MODULES.values()],
        provenance=[its.result("provenance.json") for its in ANALYSIS_MODULES.values()],
        counts=[common(f"tables/{curve}_counts.tsv") for curve in CURVES],
        figures=[common(f"figures/{curve}_specifications.png") for curve in CURVES],
    output:
        page=common("summary.html"),
        table=common("tables/summary.tsv"),
    params:
        settings=dict(
            title=STUDY[0].title,
            analyses=[dict(name=one.name, differs=one.differs) for one in STUDY],
            curves=[dict(name=curve, title=title_of_curve(curve)) for curve in CURVES],
        ),
    message:
        "Summarising all analyses"
    script:
        "../scripts/summarise_study.py"


for each in workflow.modifier.rules:
    if Path(each.snakefile).name == "study.smk":
        complete(each, HOME, RESULTS, SOURCES)


EVERYTHING = [
    *[path for its in ANALYSIS_MODULES.values() for path in its.EVERYTHING],
    *rules.summarise_study.output,
    *[common(f"tables/{curve}_{what}.tsv") for curve in CURVES for what in ("specifications", "counts")],
]
