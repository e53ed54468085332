# From the nulls to corrected p.


rule correct:
    input:
        observed=result("observed/{analysis}.npz"),
        null=result("nulls/{analysis}.npz"),
        exceedances=result("counts/{analysis}.npz"),
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
        models=[result(f"design/{OF}contrast-{c}_model.npz") for c in CONTRASTS],
        nulls=[result(f"nulls/{OF}contrast-{c}.npz") for c in CONTRASTS],
    output:
        null=own("nulls/across-contrasts.npz"),
    conda:
        "../envs/kernel.yaml"
    message:
        "Merging the nulls of all contrasts"
    script:
        "../scripts/merge_contrasts.py"


if INPUTS:

    use rule merge_contrasts as merge_inputs with:
        input:
            models=[result(f"design/{t}_model.npz") for t in SINGLE],
            nulls=[result(f"nulls/{t}.npz") for t in SINGLE],
        output:
            null=result("nulls/across-inputs.npz"),
        message:
            "Merging the nulls of all inputs and contrasts"


rule correct_across:
    input:
        observed=result("observed/{analysis}.npz"),
        null=result("nulls/{analysis}.npz"),
        across=across_null,
    output:
        logp=p_maps(BY_T, "{across}"),
    wildcard_constraints:
        analysis=one_of(tested_by("t")),
    params:
        settings=lambda wildcards: dict(stats=BY_T, across=ACROSS[wildcards.across]),
    message:
        "Correcting {wildcards.analysis} across {params.settings[across]}"
    script:
        "../scripts/correct_across.py"


use rule correct_across as correct_across_f with:
    output:
        logp=p_maps(BY_F, "{across}"),
    wildcard_constraints:
        analysis=one_of(tested_by("F")),
    params:
        settings=lambda wildcards: dict(stats=BY_F, across=ACROSS[wildcards.across]),


rule fit_tail:
    input:
        observed=result("observed/{analysis}.npz"),
        nulls=result("nulls/{analysis}.npz"),
    output:
        logp=map_of("{analysis}", "{stat}", "corr-gpd_logp"),
        table=result("tables/{analysis}_stat-{stat}_tail.tsv"),
    params:
        settings=dict(seed=config["permutation"]["seed"]),
    message:
        "Fitting the tail of {wildcards.stat} of {wildcards.analysis}"
    script:
        "../scripts/fit_tail.py"
