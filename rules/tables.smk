# Clusters and peaks of what is significant.


TABLES = [
    *[table_of(c, s) for c in CONTRASTS for s in stats_of(c)],
    *[result(f"tables/contrast-{c}_regions.tsv") for c in CONTRASTS if REGIONS],
    *SMALL_VOLUMES,
    result("tables/relabellings.tsv"),
    result("tables/summary.tsv"),
]


# Separate from the design, so that another level does not re-run the relabellings.
rule count_relabellings:
    input:
        plan=result("design/plan.json"),
    output:
        table=result("tables/relabellings.tsv"),
    priority: 100  # before hours of relabelling
    params:
        settings=dict(
            n_permutations=config["permutation"]["n_permutations"],
            alpha=config["inference"]["alpha"],
            tail_fit=config["inference"]["tail_fit"],
        ),
    message:
        "Counting the relabellings"
    script:
        "../scripts/count_relabellings.py"


rule tabulate_clusters:
    input:
        mask=MASK,
        values=voxel_map,
        enhanced=enhanced_map,
        magnitude=magnitude_map,
        plan=result("design/contrast-{contrast}_plan.json"),
        uncorrected=uncorrected_map,
        corrected=corrected_maps,
        further=further_maps,
        nulls=result("nulls/contrast-{contrast}.npz"),
        observed=OBSERVED,
        atlas=atlas_file("image"),
        labels=atlas_file("labels"),
    output:
        tables=[cluster_report(s) for s in BY_T],
        shares=share_maps(BY_T),
    wildcard_constraints:
        contrast=one_of(tested_by("t")),
    params:
        settings=lambda wildcards: dict(
            voxel_stat=statistic_of(wildcards.contrast),
            stats=stats_of(wildcards.contrast),
            connectivity=config["inference"]["connectivity"],
            alpha=config["inference"]["alpha"],
            shift=SHIFT,
            further=FURTHER,
            sources=state_of(
                f"tables/contrast-{wildcards.contrast}_stat-{stats_of(wildcards.contrast)[0]}_clusters.tsv",
                atlas_file("image"),
                atlas_file("labels"),
            ),
        ),
    message:
        "Tabulating the clusters of {wildcards.contrast}"
    script:
        "../scripts/tabulate_clusters.py"


use rule tabulate_clusters as tabulate_clusters_f with:
    output:
        tables=[cluster_report(s) for s in BY_F],
        shares=share_maps(BY_F),
    wildcard_constraints:
        contrast=one_of(tested_by("F")),


rule tabulate_regions:
    input:
        mask=MASK,
        values=voxel_map,
        corrected=corrected_maps,
        null=result("nulls/contrast-{contrast}.npz"),
        observed=OBSERVED,
        regions=region_files,
        atlas=atlas_file("image"),
        labels=atlas_file("labels"),
    output:
        table=report(
            result("tables/contrast-{contrast}_regions.tsv"),
            caption="captions/regions.rst",
            category="3 Tables",
            labels={"table": "regions", "contrast": "{contrast}", "statistic": "all"},
        ),
    params:
        settings=lambda wildcards: dict(
            voxel_stat=statistic_of(wildcards.contrast),
            stats=stats_of(wildcards.contrast),
            alpha=config["inference"]["alpha"],
            shift=SHIFT,
            # With None for those that have a file.
            regions={
                name: None if isinstance(where, str) else where
                for name, where in config["inference"]["regions"].items()
            },
            sources=state_of(
                f"tables/contrast-{wildcards.contrast}_regions.tsv",
                region_files(wildcards),
                atlas_file("image"),
                atlas_file("labels"),
            ),
        ),
    message:
        "Tabulating the regions of {wildcards.contrast}"
    script:
        "../scripts/tabulate_regions.py"


rule tabulate_small_volumes:
    input:
        models=[result(f"design/contrast-{a}_model.npz") for a in IN_VOLUMES],
        values=[map_of(contrast_of(a), statistic_of(contrast_of(a))) for a in IN_VOLUMES],
        nulls=[result(f"nulls/contrast-{a}.npz") for a in IN_VOLUMES],
        corrected=[map_of(a, s, "corr-fwe_logp") for a in IN_VOLUMES for s in stats_of(contrast_of(a))],
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
                dict(contrast=contrast_of(a), volume=volume_of(a), stats=stats_of(contrast_of(a)))
                for a in IN_VOLUMES
            ],
            alpha=config["inference"]["alpha"],
        ),
    message:
        "Tabulating the small volumes"
    script:
        "../scripts/tabulate_small_volumes.py"
