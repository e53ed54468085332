# Where results lie, which of them a contrast has, and how the report shows them.
def table_of(contrast, stat):
    """A cluster table of a contrast."""
    return result(f"tables/contrast-{contrast}_stat-{stat}_clusters.tsv")


def voxel_map(wildcards):
    """The contrast's t or F."""
    return map_of(wildcards.contrast, statistic_of(wildcards.contrast))


def enhanced_map(wildcards):
    """The contrast's TFCE, if it has one: its maxima are peaks."""
    return map_of(wildcards.contrast, "tfce") if "tfce" in stats_of(wildcards.contrast) else []


def uncorrected_map(wildcards):
    """-log10 uncorrected p by permutation, which comes with the voxel statistic alone."""
    voxel_stat = statistic_of(wildcards.contrast)
    return (
        map_of(wildcards.contrast, voxel_stat, "corr-unc_logp")
        if voxel_stat in stats_of(wildcards.contrast)
        else []
    )


def magnitude_map(wildcards):
    """The effect that a t contrast estimates; partial R2 for F, which has no single effect."""
    return map_of(wildcards.contrast, {"t": "effect", "F": "partialr2"}[statistic_of(wildcards.contrast)])


def corrected_maps(wildcards):
    """-log10 FWE p of every statistic of the contrast."""
    return [map_of(wildcards.contrast, s, "corr-fwe_logp") for s in stats_of(wildcards.contrast)]


def counted(stats):
    """Those of these statistics whose exceedances are counted element by element: they have uncorrected p."""
    return [s for s in stats if s in ("t", "F") or s == "tfce" and config["inference"]["uncorrected_tfce"]]


# The corrections besides FWE in one contrast: across contrasts, and by the tail's fit.
FURTHER = ["cfwe"] * (len(CONTRASTS) > 1) + ["gpd"] * config["inference"]["tail_fit"]


def corrections_of(stat):
    """The kinds of permutation p that a statistic has."""
    return ["unc", "fdr"] * bool(counted([stat])) + ["fwe"] + FURTHER


def further_maps(wildcards):
    """-log10 p by the further corrections: of every statistic by the first one, then by the next."""
    return [
        map_of(wildcards.contrast, s, f"corr-{kind}_logp")
        for kind in FURTHER
        for s in stats_of(wildcards.contrast)
    ]


def p_maps(stats, kind):
    """-log10 p of these statistics of an analysis, as outputs of one rule."""
    return [map_of("{analysis}", s, f"corr-{kind}_logp") for s in stats]


def cluster_report(stat):
    """A cluster table of a contrast, as an output that is marked for the report."""
    return report(
        table_of("{contrast}", stat),
        caption="captions/clusters.rst",
        category="3 Tables",
        labels={"table": "clusters", "contrast": "{contrast}", "statistic": stat},
    )


# The analyses in small volumes, and the table of what they find, where there are any.
IN_VOLUMES = [a for a in ANALYSES if volume_of(a)]
SMALL_VOLUMES = [result("tables/small_volumes.tsv")] if IN_VOLUMES else []


def cluster_tables(wildcards):
    """The contrast's cluster tables, in the order of its statistics."""
    return [table_of(wildcards.contrast, s) for s in stats_of(wildcards.contrast)]


# Bounds on true discoveries, and what they are read from; both are empty where there are none.
BOUNDED = SHIFT is not None
OBSERVED = result("observed/contrast-{contrast}.npz") if BOUNDED else []
# Whether there are regions to report on.
REGIONS = bool(config["inference"]["regions"]) or config["atlas"]["image"] is not None


def share_maps(stats):
    """How much of each cluster is active, by these statistics of a contrast, as outputs of one rule."""
    return [map_of("{contrast}", s, "tdp_statmap") for s in stats] * BOUNDED


# Whether figures are drawn.
DRAWN = config["figures"]


def figure(path, caption, category, **labels):
    """A figure's file, marked for the report."""
    return report(result(path), caption=f"captions/{caption}.rst", category=category, labels=labels)


def numbers(stem):
    """The file with the numbers that a figure's caption includes."""
    return result(f"figures/captions/{stem}.rst")


def panels_of(stats):
    """The panels that these statistics of a contrast have; the parametric test alone is one too."""
    return [p for p in PANELS if p == "comparison" or any(STATISTICS[s].panel == p for s in stats)]


def panel_figures(contrast):
    """The figures of what is significant in a contrast, on one scale."""
    panels = panels_of(stats_of(contrast)) * DRAWN
    return [result(f"figures/contrast-{contrast}_{panel}.png") for panel in panels]


def map_figures(stats):
    """What shows the maps of a contrast with these statistics, as outputs of one rule."""
    panels = {panel: f"figures/contrast-{{contrast}}_{panel}" for panel in panels_of(stats)}
    slices = {s: f"figures/contrast-{{contrast}}_stat-{s}_slices" for s in stats}
    glass = "figures/contrast-{contrast}_glass"

    def in_report(path, caption, label):
        return figure(path, caption, "2 Results", figure=label, contrast="{contrast}")

    return dict(
        panels=[
            in_report(f"{stem}.png", "glass_brains", f"1 glass brains: {panel}")
            for panel, stem in panels.items()
        ],
        slices=[in_report(f"{stem}.png", "slices", f"2 slices: {s}") for s, stem in slices.items()],
        glass=[in_report(f"{glass}.png", "glass", "1 from three sides"), result(f"{glass}.svg")] * FROM_SIDES,
        viewer=in_report("figures/contrast-{contrast}_viewer.html", "viewer", "3 interactive viewer"),
        panels_svg=[result(f"{stem}.svg") for stem in panels.values()],
        slices_svg=[result(f"{stem}.svg") for stem in slices.values()],
        caption=numbers("contrast-{contrast}_maps"),
        viewer_caption=numbers("contrast-{contrast}_viewer"),
    )


# Brains are drawn from three sides as well.
FROM_SIDES = KIND.name == "volume"
# What shows the nulls of a contrast: where each stands in the report.
NULL_FIGURES = dict(
    nulls=("4 Permutation", "1 null distributions"),
    convergence=("4 Permutation", "2 convergence"),
)
if BOUNDED:
    NULL_FIGURES["discoveries"] = ("2 Results", "5 how much is active")


def null_figures():
    """Those, as outputs of one rule."""
    outputs = {}
    for name, (category, label) in NULL_FIGURES.items():
        stem = f"contrast-{{contrast}}_{name}"
        outputs[name] = figure(f"figures/{stem}.png", name, category, figure=label, contrast="{contrast}")
        outputs[f"{name}_svg"] = result(f"figures/{stem}.svg")
        outputs[f"{name}_caption"] = numbers(stem)
    return outputs


def parametric_map(wildcards):
    """-log10 Bonferroni p of the contrast."""
    return map_of(wildcards.contrast, statistic_of(wildcards.contrast), "corr-bonferroni_logp")


def has_truth(contrast):
    """Whether something is planted for a contrast: one expression about `pseudo` or the group mean."""
    expression = config["model"]["contrasts"][contrast]
    names = re.findall(r"[^\W\d]\w*", "" if isinstance(expression, list) else str(expression))
    return set(names) in ({"pseudo"}, {"Intercept"})


# What is planted in a simulated cohort of another space.
PLANTED = dict(
    surface="hemi-L_effect-pseudo.func.gii",
    grayordinates="effect-pseudo.dscalar.nii",
    edges="effect-pseudo.tsv",
)


def targets():
    """All public results of a complete run but the report."""
    found = [
        result("dataset/participants.tsv"),
        result("quality/included.tsv"),
        result("quality/excluded.tsv"),
        MASK,
        COVERAGE,
        result("maps.npy"),
        result("design/design.tsv"),
        result("design/contrasts.tsv"),
        result("provenance.json"),
    ]
    # Of a volume, the table of what was found needs what was planted.
    if config["dataset"]["source"] == "simulated" and KIND.name in PLANTED:
        found.append(result(f"dataset/truth/{PLANTED[KIND.name]}"))
    for c in CONTRASTS:
        voxel, corrected = statistic_of(c), stats_of(c)
        shown = ["effect", voxel, "z", "partialr2"] + [s for s in corrected if s == "tfce"]
        found += [map_of(c, s) for s in shown]
        found += [map_of(c, voxel, "corr-bonferroni_logp")]
        found += [map_of(c, s, f"corr-{kind}_logp") for s in corrected for kind in corrections_of(s)]
        found += [result(f"nulls/contrast-{c}.npz")]
        found += [table_of(c, s) for s in corrected]
        found += [map_of(c, s, "tdp_statmap") for s in corrected] * BOUNDED
        if config["inference"]["tail_fit"]:
            found += [result(f"tables/contrast-{c}_stat-{s}_tail.tsv") for s in corrected]
    return found + [map_of(a, s, "corr-fwe_logp") for a in IN_VOLUMES for s in stats_of(contrast_of(a))]
