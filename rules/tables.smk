# Clusters and peaks of what is significant.


# Besides those of clusters.
TABLES = [
    *[result(f"tables/{t}_regions.tsv") for t in TESTS if REGIONS],
    *SMALL_VOLUMES,
    result("tables/relabellings.tsv"),
    result("tables/summary.tsv"),
]


# Separate from the design, so that another level does not re-run the relabellings.
rule count_relabellings:
    input:
        plan=result("design/plan.json"),
        design=result("design/design.tsv"),
        blocks=result("design/blocks.json"),
        contrasts=result("design/contrasts.tsv"),
    output:
        table=result("tables/relabellings.tsv"),
    priority: 100  # before hours of relabelling
    params:
        settings=from_config(
            "permutation.n_permutations", "permutation.two_sided", "inference.alpha", "inference.tail_fit"
        ),
    message:
        "Counting the relabellings"
    script:
        "../scripts/count_relabellings.py"


for voxel_stat, stats in STATS_BY_VOXEL_STAT.items():

    rule:
        name:
            rule_for(voxel_stat, "tabulate_clusters")
        input:
            **tested(voxel_stat),
            **ATLAS,
            enhanced=group_map("{test}", "tfce") if "tfce" in stats else [],
            magnitude=magnitude_map("{test}", voxel_stat),
            z=group_map("{test}", "z") if voxel_stat == "t" else [],
            plan=design_file("plan.json"),
            uncorrected=group_map("{test}", voxel_stat, "corr-unc_logp") if voxel_stat in stats else [],
            further=[path for each in further_corrections(voxel_stat) for path in maps_of(stats, each)],
            null=result("nulls/{test}.npz"),
            observed=OBSERVED,
        output:
            tables=[cluster_report(s) for s in stats],
            shares=[group_map("{test}", s, "tdp_statmap") for s in stats] * BOUNDED,
        wildcard_constraints:
            test=one_of(tests_by(voxel_stat)),
        params:
            settings=test_settings(
                *("contrast", "voxel_stat", "stats", "inference.connectivity", "inference.alpha"),
                shift=SHIFT,
                further=further_corrections(voxel_stat),
            ),
            # As the first of them knew the atlas.
            sources=lambda wildcards: state_of(
                f"tables/{wildcards.test}_stat-{TESTS[wildcards.test].stats[0]}_clusters.tsv",
                *ATLAS.values(),
            ),
        message:
            "Tabulating the clusters of {wildcards.test}"
        script:
            "../scripts/tabulate_clusters.py"


for voxel_stat in STATS_BY_VOXEL_STAT:

    rule:
        name:
            rule_for(voxel_stat, "tabulate_regions")
        input:
            **tested(voxel_stat),
            **ATLAS,
            null=result("nulls/{test}.npz"),
            observed=OBSERVED,
            masks=REGION_FILES,
        output:
            table=report(
                result("tables/{test}_regions.tsv"),
                caption="captions/regions.rst",
                category="3 Tables",
                labels=labelled(table="regions", statistic="all"),
            ),
        wildcard_constraints:
            test=one_of(tests_by(voxel_stat)),
        params:
            settings=test_settings(
                "voxel_stat", "stats", "inference.alpha", shift=SHIFT, regions=REGION_SPHERES
            ),
            sources=lambda wildcards: state_of(
                f"tables/{wildcards.test}_regions.tsv", REGION_FILES, *ATLAS.values()
            ),
        message:
            "Tabulating the regions of {wildcards.test}"
        script:
            "../scripts/tabulate_regions.py"


rule tabulate_small_volumes:
    input:
        models=[result(f"design/{a}_model.npz") for a in IN_VOLUMES],
        values=[group_map(a.whole, a.voxel_stat) for a in IN_VOLUMES],
        nulls=[result(f"nulls/{a}.npz") for a in IN_VOLUMES],
        corrected=[group_map(a, s, "corr-fwe_logp") for a in IN_VOLUMES for s in a.stats],
        plan=result("design/plan.json"),
    output:
        table=report(
            result("tables/small_volumes.tsv"),
            caption="captions/small_volumes.rst",
            category="3 Tables",
            labels={"table": "small volumes", "contrast": "all", "statistic": "all"},
        ),
    params:
        settings=dict(
            analyses=[
                dict(contrast=a.contrast, title=a.title, volume=a.volume, stats=a.stats) for a in IN_VOLUMES
            ],
            alpha=config["inference"]["alpha"],
        ),
    message:
        "Tabulating the small volumes"
    script:
        "../scripts/tabulate_small_volumes.py"
