# Figures: one rule for each family, every figure with a caption that holds its own numbers.


FIGURES = [
    result("figures/design.png"),
    result("figures/quality.png"),
    result("figures/coverage.png"),
    *[path for c in CONTRASTS for path in panel_figures(c)],
    *[result(f"figures/contrast-{c}_stat-{s}_slices.png") for c in CONTRASTS for s in stats_of(c)],
    *[
        result(f"figures/contrast-{c}_{name}")
        for c in CONTRASTS
        for name in (
            *["glass.png"] * FROM_SIDES,
            "viewer.html",
            "peaks.png",
            *[f"{name}.png" for name in NULL_FIGURES],
        )
    ],
] * DRAWN


rule draw_maps:
    input:
        mask=MASK,
        values=voxel_map,
        parametric=parametric_map,
        corrected=corrected_maps,
        plan=result("design/contrast-{contrast}_plan.json"),
    output:
        **map_figures(BY_T),
    wildcard_constraints:
        contrast=one_of(tested_by("t")),
    params:
        settings=lambda wildcards: dict(
            voxel_stat=statistic_of(wildcards.contrast),
            stats=stats_of(wildcards.contrast),
            panels=panels_of(stats_of(wildcards.contrast)),
            alpha=config["inference"]["alpha"],
            cluster_p=config["inference"]["cluster_p"],
            two_sided=config["permutation"]["two_sided"],
        ),
    message:
        "Drawing the maps of {wildcards.contrast}"
    script:
        "../scripts/draw_maps.py"


use rule draw_maps as draw_maps_f with:
    output:
        **map_figures(BY_F),
    wildcard_constraints:
        contrast=one_of(tested_by("F")),


rule plot_peaks:
    input:
        maps=result("maps.npy"),
        covariates=COVARIATES,
        mask=MASK,
        design=result("design/design.tsv"),
        contrasts=result("design/contrast-{contrast}_weights.tsv"),
        values=voxel_map,
        tables=cluster_tables,
    output:
        figure=figure(
            "figures/contrast-{contrast}_peaks.png",
            "peaks",
            "2 Results",
            figure="4 data at the peaks",
            contrast="{contrast}",
        ),
        vector=result("figures/contrast-{contrast}_peaks.svg"),
        caption=numbers("contrast-{contrast}_peaks"),
    params:
        settings=lambda wildcards: dict(voxel_stat=statistic_of(wildcards.contrast)),
    message:
        "Drawing the data at the peaks of {wildcards.contrast}"
    script:
        "../scripts/plot_peaks.py"


rule plot_nulls:
    input:
        mask=MASK,
        null=result("nulls/contrast-{contrast}.npz"),
        observed=OBSERVED,
        tables=cluster_tables,
    output:
        **null_figures(),
    params:
        settings=lambda wildcards: dict(
            stats=stats_of(wildcards.contrast),
            alpha=config["inference"]["alpha"],
            shift=SHIFT,
            extent=KIND.extent,
        ),
    message:
        "Drawing the nulls of {wildcards.contrast}"
    script:
        "../scripts/plot_nulls.py"


rule plot_design:
    input:
        design=result("design/design.tsv"),
        blocks=result("design/blocks.json"),  # with the formula, which as a parameter would be in the report
        contrasts=result("design/contrasts.tsv"),
    output:
        figure=figure("figures/design.png", "design", "5 Design and quality", figure="1 design and contrasts"),
        vector=result("figures/design.svg"),
    message:
        "Drawing the design"
    script:
        "../scripts/plot_design.py"


rule plot_quality:
    input:
        metrics=result("quality/metrics.tsv"),
        excluded=result("quality/excluded.tsv"),
    output:
        figure=figure(
            "figures/quality.png", "quality", "5 Design and quality", figure="2 quality of the maps"
        ),
        vector=result("figures/quality.svg"),
        caption=numbers("quality"),
    params:
        settings=dict(elements=KIND.elements),
    message:
        "Drawing the quality of the maps"
    script:
        "../scripts/plot_quality.py"


rule plot_coverage:
    input:
        brain=BRAIN,
        mask=MASK,
        counts=COVERAGE,
        included=result("quality/included.tsv"),
    output:
        figure=figure("figures/coverage.png", "coverage", "5 Design and quality", figure="3 coverage"),
        vector=result("figures/coverage.svg"),
        caption=numbers("coverage"),
    message:
        "Drawing the coverage"
    script:
        "../scripts/plot_coverage.py"
