# From the nulls to corrected p.


rule correct:
    input:
        observed=result("observed/contrast-{analysis}.npz"),
        null=result("nulls/contrast-{analysis}.npz"),
        exceedances=result("counts/contrast-{analysis}.npz"),
    output:
        fwe=p_maps(BY_T, "fwe"),
        unc=p_maps(counted(BY_T), "unc"),
        fdr=p_maps(counted(BY_T), "fdr"),
        enhanced=[map_of("{analysis}", "tfce")] * ("tfce" in BY_T),
    wildcard_constraints:
        analysis=one_of(analyses_by("t")),
    params:
        settings=dict(stats=BY_T, counted=counted(BY_T)),
    message:
        "Correcting {wildcards.analysis}"
    script:
        "../scripts/correct.py"


use rule correct as correct_f with:
    output:
        fwe=p_maps(BY_F, "fwe"),
        unc=p_maps(counted(BY_F), "unc"),
        fdr=p_maps(counted(BY_F), "fdr"),
        enhanced=[map_of("{analysis}", "tfce")] * ("tfce" in BY_F),
    wildcard_constraints:
        analysis=one_of(analyses_by("F")),
    params:
        settings=dict(stats=BY_F, counted=counted(BY_F)),


# Once for all contrasts. If each read the nulls of all, the plan would grow with the square of their number.
rule merge_contrasts:
    input:
        models=[result(f"design/contrast-{c}_model.npz") for c in CONTRASTS],
        nulls=[result(f"nulls/contrast-{c}.npz") for c in CONTRASTS],
    output:
        null=result("nulls/across-contrasts.npz"),
    conda:
        "../envs/kernel.yaml"
    resources:
        runtime=minutes(30),
    message:
        "Merging the nulls of all contrasts"
    script:
        "../scripts/merge_contrasts.py"


rule correct_across:
    input:
        observed=result("observed/contrast-{analysis}.npz"),
        null=result("nulls/contrast-{analysis}.npz"),
        across=result("nulls/across-contrasts.npz"),
    output:
        logp=p_maps(BY_T, "cfwe"),
    wildcard_constraints:
        analysis=one_of(tested_by("t")),
    params:
        settings=dict(stats=BY_T),
    message:
        "Correcting {wildcards.analysis} across contrasts"
    script:
        "../scripts/correct_across.py"


use rule correct_across as correct_across_f with:
    output:
        logp=p_maps(BY_F, "cfwe"),
    wildcard_constraints:
        analysis=one_of(tested_by("F")),
    params:
        settings=dict(stats=BY_F),


rule fit_tail:
    input:
        observed=result("observed/contrast-{analysis}.npz"),
        nulls=result("nulls/contrast-{analysis}.npz"),
    output:
        logp=map_of("{analysis}", "{stat}", "corr-gpd_logp"),
        table=result("tables/contrast-{analysis}_stat-{stat}_tail.tsv"),
    params:
        settings=dict(seed=config["permutation"]["seed"]),
    message:
        "Fitting the tail of {wildcards.stat} of {wildcards.analysis}"
    script:
        "../scripts/fit_tail.py"
