# Clusters and peaks of what is significant.


TABLES = [
    *[table_of(t, s) for t in TESTS for s in stats_of(t)],
    *[result(f"tables/{t}_regions.tsv") for t in TESTS if REGIONS],
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
        settings=chosen("permutation.n_permutations", "inference.alpha", "inference.tail_fit"),
    message:
        "Counting the relabellings"
    script:
        "../scripts/count_relabellings.py"


for voxel_stat, stats in BY.items():

    rule:
        name:
            rule_by(voxel_stat, "tabulate_clusters")
        input:
            mask=of_its_input(MASK),
            values=voxel_map,
            enhanced=enhanced_map,
            magnitude=magnitude_map,
            plan=design_file("plan.json"),
            uncorrected=uncorrected_map,
            corrected=corrected_maps,
            further=further_maps,
            nulls=result("nulls/{test}.npz"),
            observed=OBSERVED,
            atlas=atlas_file("image"),
            labels=atlas_file("labels"),
        output:
            tables=[cluster_report(s) for s in stats],
            shares=share_maps(stats),
        wildcard_constraints:
            test=one_of(tested_by(voxel_stat)),
        params:
            settings=of_test(
                "inference.connectivity",
                "inference.alpha",
                shift=SHIFT,
                further=further_for,
                sources=state_of_atlas,
            ),
        message:
            "Tabulating the clusters of {wildcards.test}"
        script:
            "../scripts/tabulate_clusters.py"


rule tabulate_regions:
    input:
        mask=of_its_input(MASK),
        values=voxel_map,
        corrected=corrected_maps,
        null=result("nulls/{test}.npz"),
        observed=OBSERVED,
        regions=region_files,
        atlas=atlas_file("image"),
        labels=atlas_file("labels"),
    output:
        table=report(
            result("tables/{test}_regions.tsv"),
            caption="captions/regions.rst",
            category="3 Tables",
            labels=labelled(table="regions", statistic="all"),
        ),
    params:
        settings=of_test("inference.alpha", shift=SHIFT, regions=SPHERES, sources=state_of_regions),
    message:
        "Tabulating the regions of {wildcards.test}"
    script:
        "../scripts/tabulate_regions.py"


rule tabulate_small_volumes:
    input:
        models=[result(f"design/{a}_model.npz") for a in IN_VOLUMES],
        values=[map_of(test_of(a), statistic_of(test_of(a))) for a in IN_VOLUMES],
        nulls=[result(f"nulls/{a}.npz") for a in IN_VOLUMES],
        corrected=[map_of(a, s, "corr-fwe_logp") for a in IN_VOLUMES for s in stats_of(test_of(a))],
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
                dict(
                    contrast=contrast_of(test_of(a)),
                    title=title_of(test_of(a)),
                    volume=volume_of(a),
                    stats=stats_of(test_of(a)),
                )
                for a in IN_VOLUMES
            ],
            alpha=config["inference"]["alpha"],
        ),
    message:
        "Tabulating the small volumes"
    script:
        "../scripts/tabulate_small_volumes.py"
