# From the nulls to corrected p.


# Tests by the same voxel statistic have results of the same names.
for voxel_stat, stats in STATS_BY_VOXEL_STAT.items():

    rule:
        name:
            rule_for(voxel_stat, "correct")
        input:
            observed=result("observed/{analysis}.npz"),
            null=result("nulls/{analysis}.npz"),
            exceedances=result("counts/{analysis}.npz"),
        output:
            fwe=maps_of(stats, "fwe", "{analysis}"),
            unc=maps_of(counted(stats), "unc", "{analysis}"),
            fdr=maps_of(counted(stats), "fdr", "{analysis}"),
            enhanced=[group_map("{analysis}", "tfce")] * ("tfce" in stats),
        wildcard_constraints:
            analysis=one_of(a for a in ANALYSES.values() if a.voxel_stat == voxel_stat),
        params:
            settings=dict(stats=stats, counted=counted(stats)),
        message:
            "Correcting {wildcards.analysis}"
        script:
            "../scripts/correct.py"


for voxel_stat in ("t", "F"):

    rule:
        name:
            rule_for(voxel_stat, "correct_across")
        input:
            observed=result("observed/{analysis}.npz"),
            null=result("nulls/{analysis}.npz"),
            across=across_null,
        output:
            logp=maps_of(STATS_BY_VOXEL_STAT[voxel_stat], "{across}", "{analysis}"),
        wildcard_constraints:
            analysis=one_of(tests_by(voxel_stat)),
        params:
            settings=lambda wildcards: dict(
                stats=TESTS[wildcards.analysis].stats, across=ACROSS[wildcards.across]
            ),
        message:
            "Correcting {wildcards.analysis} across {params.settings[across]}"
        script:
            "../scripts/correct_across.py"


rule fit_tail:
    input:
        observed=result("observed/{analysis}.npz"),
        null=result("nulls/{analysis}.npz"),
    output:
        logp=group_map("{analysis}", "{stat}", "corr-gpd_logp"),
        table=result("tables/{analysis}_stat-{stat}_tail.tsv"),
    params:
        settings=dict(seed=config["permutation"]["seed"]),
    message:
        "Fitting the tail of {wildcards.stat} of {wildcards.analysis}"
    script:
        "../scripts/fit_tail.py"
