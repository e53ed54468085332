# What the report shows of a run, and in which order.
from permaps.reporting.captions import explanation


@cache
def explained(kind):
    """What holds for all figures of a kind. As text, so that it does not matter where the workflow lies."""
    return explanation(HOME / f"rules/captions/{kind}.rst")


def shown(stem, title, caption, kind, ending="png"):
    """A figure of the report: its file, the file with its numbers, and what holds for all figures of its kind."""
    return dict(
        path=result(f"figures/{stem}.{ending}"),
        title=title,
        caption=caption_file(caption) if caption else None,
        explanation=explained(kind),
    )


def test_shown(test):
    """What the report shows of a test."""
    stem, stats = test.name, test.stats
    sides = [shown(f"{stem}_glass", "From three sides", None, "glass")] * FROM_SIDES
    panels = [
        shown(f"{stem}_{panel}", f"Corrected maps: {panel}", None, "glass_brains")
        for panel in panels_of(stats)
    ]
    slices = [
        shown(f"{stem}_stat-{s}_slices", f"Significant by {STATISTICS[s].label}", None, "slices")
        for s in stats
    ]
    return dict(
        name=test.title,
        voxel_stat=test.voxel_stat,
        clusters={s: cluster_table(test, s) for s in stats},
        maps=(sides + panels + slices) * DRAWN,
        further=[
            shown(f"{stem}_{name}", CHARTS[name][-1], f"{stem}_{name}", name)
            for name in charts_of(test.voxel_stat)
        ]
        * DRAWN,
        viewer=[shown(f"{stem}_viewer", "Interactive view", f"{stem}_viewer", "viewer", "html")] * DRAWN,
        regions=result(f"tables/{test}_regions.tsv") if REGIONS else None,
    )


def run_shown(wildcards):
    """What the report shows of the run. As a function, since other jobs do without it."""
    return dict(
        contrasts=[test_shown(t) for t in TESTS.values()],
        design=[shown("design", "Design and contrasts", None, "design")] * DRAWN,
        quality=[
            shown(f"{prefix}{name}", f"{title}, {of}" if of else title, f"{prefix}{name}", name)
            for prefix, of in zip(PREFIXES, INPUTS or [""])
            for name, title in QUALITY_FIGURES.items()
        ]
        * DRAWN,
        files=[
            *map(in_own_folder, targets()),
            *TABLES,
            *TRUTH,
            *map(in_own_folder, FIGURES),
            *HEMISPHERES,
            *WORDS,
        ],
    )


def captions_shown(wildcards):
    """The files with the numbers of all figures that the report shows."""
    run = run_shown(wildcards)
    of_tests = [figure for t in run["contrasts"] for figure in (*t["maps"], *t["further"], *t["viewer"])]
    return [f["caption"] for f in of_tests + run["design"] + run["quality"] if f["caption"]]
