# Figures: one rule for each family, every figure with a caption that holds its own numbers.


FIGURES = [
    result("figures/design.png"),
    *[per_input(f"figures/{name}.png", prefix) for prefix in PREFIXES for name in QUALITY_FIGURES],
    *[path for t in TESTS.values() for path in panel_figures(t)],
    *[result(f"figures/{t}_stat-{s}_slices.png") for t in TESTS.values() for s in t.stats],
    *[
        result(f"figures/{t}_{name}")
        for t in TESTS.values()
        for name in (
            *["glass.png"] * FROM_SIDES,
            "viewer.html",
            *[f"{name}.png" for name in charts_of(t.voxel_stat)],
        )
    ],
] * DRAWN


for voxel_stat, stats in STATS_BY_VOXEL_STAT.items():

    rule:
        name:
            rule_for(voxel_stat, "draw_maps")
        input:
            **tested(voxel_stat),
            parametric=group_map("{test}", voxel_stat, "corr-bonferroni_logp"),
            plan=design_file("plan.json"),
        output:
            **map_figures(stats),
        wildcard_constraints:
            test=one_of(tests_by(voxel_stat)),
        params:
            settings=test_settings(
                *("contrast", "title", "voxel_stat", "stats"),
                *("inference.alpha", "inference.cluster_p", "permutation.two_sided"),
            ),
        message:
            "Drawing the maps of {wildcards.test}"
        script:
            "../scripts/draw_maps.py"


for voxel_stat, stats in STATS_BY_VOXEL_STAT.items():

    rule:
        name:
            rule_for(voxel_stat, "plot_test")
        input:
            **behind_peaks(voxel_stat),
            mask=of_its_input(MASK),
            null=result("nulls/{test}.npz"),
            plan=design_file("plan.json"),
            observed=OBSERVED,
            tables=[cluster_table("{test}", s) for s in stats],
        output:
            **charts(voxel_stat),
        wildcard_constraints:
            test=one_of(tests_by(voxel_stat)),
        params:
            settings=test_settings(
                *("contrast", "title", "voxel_stat", "stats", "inference.alpha"),
                shift=SHIFT,
                extent=KIND.extent,
            ),
        message:
            "Drawing the nulls and the peaks of {wildcards.test}"
        script:
            "../scripts/plot_test.py"


rule plot_design:
    input:
        design=result("design/design.tsv"),
        blocks=result("design/blocks.json"),  # with the formula, which as a parameter would be in the report
        contrasts=result("design/contrasts.tsv"),
    output:
        figure=figure(
            "figures/design.png", "design", "5 Design and quality", dict(figure="1 design and contrasts")
        ),
        vector=result("figures/design.svg"),
    message:
        "Drawing the design"
    script:
        "../scripts/plot_design.py"


# A slice of each map.
SHEET, SHEET_INPUT = {}, {}
if "contact_sheet" in QUALITY_FIGURES:
    SHEET_INPUT = STORE | dict(brain=per_input(BRAIN))
    SHEET = dict(
        sheet=figure_of_input("contact_sheet", "4 contact sheet"),
        sheet_vector=per_input("figures/contact_sheet.svg"),
        sheet_caption=per_input("figures/captions/contact_sheet.rst"),
    )


# Drawn where what they show is made.
if "quality" in MAKES:

    rule plot_quality:
        input:
            **SHEET_INPUT,
            metrics=per_input("quality/metrics.tsv"),
            excluded=per_input("quality/excluded.tsv"),
        output:
            **SHEET,
            figure=figure_of_input("quality", "2 quality of the maps"),
            vector=per_input("figures/quality.svg"),
            caption=per_input("figures/captions/quality.rst"),
        params:
            settings=from_config("mask.zero_is_missing", elements=KIND.elements, sheet=bool(SHEET)),
        message:
            "Drawing the quality of the maps"
        script:
            "../scripts/plot_quality.py"


if "maps" in MAKES:

    rule plot_coverage:
        input:
            brain=per_input(BRAIN),
            mask=per_input(MASK),
            counts=per_input(COVERAGE),
            included=result("quality/included.tsv"),
        output:
            figure=figure_of_input("coverage", "3 coverage"),
            vector=per_input("figures/coverage.svg"),
            caption=per_input("figures/captions/coverage.rst"),
        message:
            "Drawing the coverage"
        script:
            "../scripts/plot_coverage.py"
