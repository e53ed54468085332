# Figures: one rule for each family, every figure with a caption that holds its own numbers.


FIGURES = [
    result("figures/design.png"),
    result("figures/quality.png"),
    result("figures/coverage.png"),
    *[path for c in CONTRASTS for path in comparison_figures(c)],
    *[result(f"figures/contrast-{c}_stat-{s}_slices.png") for c in CONTRASTS for s in stats_of(c)],
    *[
        result(f"figures/contrast-{c}_{name}")
        for c in CONTRASTS
        for name in (
            *("nulls.png", "convergence.png", "peaks.png", "viewer.html"),
            *["discoveries.png"] * BOUNDED,
        )
    ],
]


wildcard_constraints:
    panel="|".join(PANELS),


rule plot_glass_brains:
    input:
        mask=MASK,
        parametric=parametric_map,
        permuted=panel_maps,
    output:
        figure=figure(
            "figures/contrast-{contrast}_{panel}.png",
            "glass_brains",
            "2 Results",
            figure="1 glass brains: {panel}",
            contrast="{contrast}",
        ),
        vector=result("figures/contrast-{contrast}_{panel}.svg"),
        caption=numbers("contrast-{contrast}_{panel}"),
    params:
        settings=lambda wildcards: dict(
            stats=panel_stats(wildcards.contrast, wildcards.panel),
            alpha=config["inference"]["alpha"],
        ),
    message:
        "Drawing glass brains of {wildcards.contrast} ({wildcards.panel})"
    script:
        "../scripts/plot_glass_brains.py"


rule plot_slices:
    input:
        mask=MASK,
        values=voxel_map,
        corrected=map_of("{contrast}", "{stat}", "corr-fwe_logp"),
    output:
        figure=figure(
            "figures/contrast-{contrast}_stat-{stat}_slices.png",
            "slices",
            "2 Results",
            figure="2 slices: {stat}",
            contrast="{contrast}",
        ),
        vector=result("figures/contrast-{contrast}_stat-{stat}_slices.svg"),
        caption=numbers("contrast-{contrast}_stat-{stat}_slices"),
    params:
        settings=lambda wildcards: dict(
            voxel_stat=statistic_of(wildcards.contrast),
            alpha=config["inference"]["alpha"],
        ),
    message:
        "Drawing slices of {wildcards.contrast} by {wildcards.stat}"
    script:
        "../scripts/plot_slices.py"


rule build_viewer:
    input:
        mask=MASK,
        values=voxel_map,
        plan=result("design/contrast-{contrast}_plan.json"),
    output:
        page=figure(
            "figures/contrast-{contrast}_viewer.html",
            "viewer",
            "2 Results",
            figure="3 interactive viewer",
            contrast="{contrast}",
        ),
        caption=numbers("contrast-{contrast}_viewer"),
    params:
        settings=lambda wildcards: dict(
            voxel_stat=statistic_of(wildcards.contrast),
            cluster_p=config["inference"]["cluster_p"],
            two_sided=config["permutation"]["two_sided"],
        ),
    message:
        "Building the viewer of {wildcards.contrast}"
    script:
        "../scripts/build_viewer.py"


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


rule plot_discoveries:
    input:
        null=result("nulls/contrast-{contrast}.npz"),
        observed=result("observed/contrast-{contrast}.npz"),
        tables=cluster_tables,
    output:
        figure=figure(
            "figures/contrast-{contrast}_discoveries.png",
            "discoveries",
            "2 Results",
            figure="5 how much is active",
            contrast="{contrast}",
        ),
        vector=result("figures/contrast-{contrast}_discoveries.svg"),
        caption=numbers("contrast-{contrast}_discoveries"),
    params:
        settings=lambda wildcards: dict(
            stats=stats_of(wildcards.contrast),
            alpha=config["inference"]["alpha"],
            shift=SHIFT,
        ),
    message:
        "Drawing how much of the clusters of {wildcards.contrast} is active"
    script:
        "../scripts/plot_discoveries.py"


rule plot_nulls:
    input:
        nulls=result("nulls/contrast-{contrast}.npz"),
    output:
        figure=figure(
            "figures/contrast-{contrast}_nulls.png",
            "nulls",
            "4 Permutation",
            figure="1 null distributions",
            contrast="{contrast}",
        ),
        vector=result("figures/contrast-{contrast}_nulls.svg"),
        caption=numbers("contrast-{contrast}_nulls"),
    params:
        settings=lambda wildcards: dict(
            stats=stats_of(wildcards.contrast),
            alpha=config["inference"]["alpha"],
            extent=KIND.extent,
        ),
    message:
        "Drawing the null distributions of {wildcards.contrast}"
    script:
        "../scripts/plot_nulls.py"


rule plot_convergence:
    input:
        nulls=result("nulls/contrast-{contrast}.npz"),
        tables=cluster_tables,
    output:
        figure=figure(
            "figures/contrast-{contrast}_convergence.png",
            "convergence",
            "4 Permutation",
            figure="2 convergence",
            contrast="{contrast}",
        ),
        vector=result("figures/contrast-{contrast}_convergence.svg"),
        caption=numbers("contrast-{contrast}_convergence"),
    params:
        settings=lambda wildcards: dict(
            stats=stats_of(wildcards.contrast),
            alpha=config["inference"]["alpha"],
        ),
    message:
        "Drawing how the p values of {wildcards.contrast} settled"
    script:
        "../scripts/plot_convergence.py"


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
