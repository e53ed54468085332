# Where results lie, which of them a test has, and how the report shows them.
def cluster_table(test, stat):
    """A cluster table of a test."""
    return result(f"tables/{test}_stat-{stat}_clusters.tsv")


def magnitude_map(test, voxel_stat):
    """The effect that a t contrast estimates; partial R2 for F, which has no single effect; z of a joint test."""
    names = {"t": "effect", "F": "partialr2"}
    return group_map(test, names.get(voxel_stat, "z"))


def maps_of(stats, correction, test="{test}"):
    """-log10 p of these statistics of a test, which may be a wildcard."""
    return [group_map(test, s, f"corr-{correction}_logp") for s in stats]


def counted(stats):
    """Those of these statistics whose exceedances are counted element by element: they have uncorrected p."""
    return [
        s
        for s in stats
        if s in STATS_BY_VOXEL_STAT or s == "tfce" and config["inference"]["uncorrected_tfce"]
    ]


def tested(voxel_stat):
    """Every element of a test by this statistic, and what is significant there."""
    return dict(
        mask=of_its_input(MASK),
        values=group_map("{test}", voxel_stat),
        corrected=maps_of(STATS_BY_VOXEL_STAT[voxel_stat], "fwe"),
    )


# What p are corrected across, besides elements, where there are several.
ACROSS = {"cfwe": "contrasts"} if len(CONTRASTS) > 1 else {}
if len(INPUTS) > 1:
    ACROSS["ifwe"] = "inputs and contrasts"
# The corrections besides FWE in one test: across others, and by the tail's fit.
FURTHER = [*ACROSS, *["gpd"] * config["inference"]["tail_fit"]]


wildcard_constraints:
    across=one_of(ACROSS),


def across_null(wildcards):
    """The smallest p of each relabelling over what p are corrected across."""
    if wildcards.across == "ifwe":
        return result("nulls/across-inputs.npz")
    return per_input("nulls/across-contrasts.npz", test_of_job(wildcards).prefix)


def further_corrections(voxel_stat):
    """Those of tests by this statistic: joint tests are no part of what others are corrected across."""
    return [correction for correction in FURTHER if not (voxel_stat in JOINT_STATS and correction in ACROSS)]


def corrections_of(stat, voxel_stat):
    """The corrections of the permutation p that a statistic has in tests by a voxel statistic."""
    return ["unc", "fdr"] * bool(counted([stat])) + ["fwe"] + further_corrections(voxel_stat)


def labelled(**labels):
    """Labels in Snakemake's report, with what the test is called."""
    return lambda wildcards: labels | dict(contrast=TESTS[wildcards.test].title)


def cluster_report(stat):
    """A cluster table of a test, as an output that is marked for the report."""
    return report(
        cluster_table("{test}", stat),
        caption="captions/clusters.rst",
        category="3 Tables",
        labels=labelled(table="clusters", statistic=stat),
    )


# The analyses in small volumes, and the table of what they find, where there are any.
IN_VOLUMES = [a for a in ANALYSES.values() if a.volume]
SMALL_VOLUMES = [result("tables/small_volumes.tsv")] if IN_VOLUMES else []


# Bounds on true discoveries, and what they are read from; both are empty where there are none.
BOUNDED = SHIFT is not None
OBSERVED = result("observed/{test}.npz") if BOUNDED else []
# Whether there are regions to report on.
REGIONS = bool(config["inference"]["regions"]) or config["atlas"]["image"] is not None


# Whether figures are drawn.
DRAWN = config["figures"]
# What shows the maps of an input: their names in file names, and their titles.
QUALITY_FIGURES = dict(quality="Quality of the maps", coverage="Coverage")
if KIND.name == "volume":
    QUALITY_FIGURES["contact_sheet"] = "Contact sheet"


def figure(path, caption, category, labels):
    """A figure's file, marked for the report."""
    return report(result(path), caption=f"captions/{caption}.rst", category=category, labels=labels)


def figure_of_input(name, label):
    """A figure that each input has."""
    labels = {"input": "{of}"} if INPUTS else {}
    return figure(
        f"figures/{INPUT_PREFIX}{name}.png", name, "5 Design and quality", dict(figure=label) | labels
    )


def caption_file(stem):
    """The file with the numbers that a figure's caption includes."""
    return result(f"figures/captions/{stem}.rst")


def panel_figures(test):
    """The figures of what is significant in a test, on one scale."""
    panels = panels_of(test.stats) * DRAWN
    return [result(f"figures/{test}_{panel}.png") for panel in panels]


def map_figures(stats):
    """What shows the maps of a test with these statistics, as outputs of one rule."""
    panels = {panel: f"figures/{{test}}_{panel}" for panel in panels_of(stats)}
    slices = {s: f"figures/{{test}}_stat-{s}_slices" for s in stats}
    glass = "figures/{test}_glass"

    def in_report(path, caption, label):
        return figure(path, caption, "2 Results", labelled(figure=label))

    return dict(
        panels=[
            in_report(f"{stem}.png", "glass_brains", f"1 glass brains: {panel}")
            for panel, stem in panels.items()
        ],
        slices=[in_report(f"{stem}.png", "slices", f"2 slices: {s}") for s, stem in slices.items()],
        glass=[in_report(f"{glass}.png", "glass", "1 from three sides"), result(f"{glass}.svg")] * FROM_SIDES,
        viewer=in_report("figures/{test}_viewer.html", "viewer", "3 interactive viewer"),
        panels_svg=[result(f"{stem}.svg") for stem in panels.values()],
        slices_svg=[result(f"{stem}.svg") for stem in slices.values()],
        caption=caption_file("{test}_maps"),
        viewer_caption=caption_file("{test}_viewer"),
    )


# Brains are drawn from three sides as well.
FROM_SIDES = KIND.name == "volume"
# The charts of a test: where each stands in Snakemake's report, and its title in ours. Of joint tests there are no data
# at the peaks.
CHARTS = dict(
    peaks=("2 Results", "4 data at the peaks", "Data at the peaks"),
    discoveries=("2 Results", "5 how much is active", "How much is active"),
    nulls=("4 Permutation", "1 null distributions", "Null distributions"),
    convergence=("4 Permutation", "2 convergence", "Convergence"),
)
if not BOUNDED:
    del CHARTS["discoveries"]


def charts_of(voxel_stat):
    """The names of the charts of a test by this statistic."""
    return [name for name in CHARTS if name != "peaks" or voxel_stat in ("t", "F")]


def charts(voxel_stat):
    """The charts of a test by this statistic, as outputs of one rule."""
    outputs = {}
    for name in charts_of(voxel_stat):
        category, label, _ = CHARTS[name]
        stem = f"{{test}}_{name}"
        shown = figure(f"figures/{stem}.png", name, category, labelled(figure=label))
        outputs[name] = [shown, result(f"figures/{stem}.svg")]
        outputs[f"{name}_caption"] = caption_file(stem)
    return outputs


def behind_peaks(voxel_stat):
    """What the data at the peaks of a test by this statistic are read from; a joint test has none of its own."""
    if "peaks" not in charts_of(voxel_stat):
        return {}
    return MAPS_OF_TEST | dict(
        design=result("design/design.tsv"),
        weights=design_file("weights.tsv"),
        values=group_map("{test}", voxel_stat),
    )


def has_truth(test):
    """Whether something is planted for a test: one expression about `pseudo` or the group mean."""
    expression = [] if test.is_joint else config["model"]["contrasts"][test.contrast]
    names = re.findall(r"[^\W\d]\w*", "" if isinstance(expression, list) else str(expression))
    return set(names) in ({"pseudo"}, {"Intercept"})


# What is planted in a simulated cohort: its files, as outputs of the rule that simulates it. The first is public.
PLANTED = dict(
    volume=dict(
        effect_pseudo="effect-pseudo.nii.gz",
        effect_mean="effect-mean.nii.gz",
        regions="regions.tsv",
        labels="regions.nii.gz",
    ),
    surface=dict(
        pseudo_L="hemi-L_effect-pseudo.func.gii",
        pseudo_R="hemi-R_effect-pseudo.func.gii",
        mean_L="hemi-L_effect-mean.func.gii",
        mean_R="hemi-R_effect-mean.func.gii",
        regions="regions.tsv",
    ),
    grayordinates=dict(
        effect_pseudo="effect-pseudo.dscalar.nii",
        effect_mean="effect-mean.dscalar.nii",
        regions="regions.tsv",
    ),
    parcels=dict(effect="effect-pseudo.tsv"),
    edges=dict(effect="effect-pseudo.tsv"),
)[KIND.name]


def targets():
    """All public results of a complete run but the report."""
    paths = [
        result("quality/included.tsv"),
        result("quality/excluded.tsv"),
        result("design/design.tsv"),
        result("design/contrasts.tsv"),
        result("provenance.json"),
    ]
    paths += [per_input(MASK, t.prefix) for t in TESTS.values() if t.is_joint]
    for prefix in PREFIXES:
        paths += [
            per_input(path, prefix) for path in ("dataset/participants.tsv", MASK, COVERAGE, "maps.npy")
        ]
    # Of a volume, the table of what was found needs what was planted.
    if config["dataset"]["source"] == "simulated" and KIND.name != "volume":
        effect = next(iter(PLANTED.values()))
        paths += [per_input(f"dataset/truth/{effect}", prefix) for prefix in PREFIXES]
    for t in TESTS.values():
        voxel, corrected = t.voxel_stat, t.stats
        shown = [voxel, "z", *["effect", "partialr2"] * (not t.is_joint)] + ["tfce"] * ("tfce" in corrected)
        paths += [group_map(t, s) for s in shown]
        paths += [group_map(t, voxel, "corr-bonferroni_logp")]
        paths += [
            group_map(t, s, f"corr-{correction}_logp")
            for s in corrected
            for correction in corrections_of(s, voxel)
        ]
        paths += [result(f"nulls/{t}.npz")]
        paths += [cluster_table(t, s) for s in corrected]
        paths += [group_map(t, s, "tdp_statmap") for s in corrected] * BOUNDED
        if config["inference"]["tail_fit"]:
            paths += [result(f"tables/{t}_stat-{s}_tail.tsv") for s in corrected]
    return paths + [group_map(a, s, "corr-fwe_logp") for a in IN_VOLUMES for s in a.stats]
