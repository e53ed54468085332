# From the nulls to corrected p.


rule estimate_uncorrected:
    input:
        observed=result("observed/contrast-{analysis}.npz"),
        exceedances=result("counts/contrast-{analysis}.npz"),
    output:
        unc=map_of("{analysis}", "{stat}", "corr-unc_logp"),
        fdr=map_of("{analysis}", "{stat}", "corr-fdr_logp"),
    message:
        "Uncorrected p of {wildcards.stat} of {wildcards.analysis}"
    script:
        "../scripts/estimate_uncorrected.py"


rule write_tfce:
    input:
        observed=result("observed/contrast-{analysis}.npz"),
    output:
        tfce=map_of("{analysis}", "tfce"),
    message:
        "Writing the TFCE map of {wildcards.analysis}"
    script:
        "../scripts/write_tfce.py"


rule correct_fwe:
    input:
        observed=result("observed/contrast-{analysis}.npz"),
        null=result("nulls/contrast-{analysis}.npz"),
    output:
        logp=map_of("{analysis}", "{stat}", "corr-fwe_logp"),
    params:
        settings=dict(across=False),
    message:
        "Correcting {wildcards.stat} of {wildcards.analysis}"
    script:
        "../scripts/correct_fwe.py"


# Once for all contrasts. If each read the nulls of all, the plan would grow with the square of their number.
rule merge_contrasts:
    input:
        models=lambda wildcards: [
            result(f"design/contrast-{c}_model.npz") for c in tested_by(wildcards.voxel_stat)
        ],
        nulls=lambda wildcards: [result(f"nulls/contrast-{c}.npz") for c in tested_by(wildcards.voxel_stat)],
    output:
        null=result("nulls/across-contrasts_stat-{voxel_stat}.npz"),
    wildcard_constraints:
        voxel_stat="t|F",
    conda:
        "../envs/kernel.yaml"
    resources:
        runtime=minutes(30),
    message:
        "Merging the nulls of all contrasts by {wildcards.voxel_stat}"
    script:
        "../scripts/merge_contrasts.py"


use rule correct_fwe as correct_fwe_across_contrasts with:
    input:
        observed=result("observed/contrast-{analysis}.npz"),
        null=lambda wildcards: result(f"nulls/across-contrasts_stat-{statistic_of(wildcards.analysis)}.npz"),
    output:
        logp=map_of("{analysis}", "{stat}", "corr-cfwe_logp"),
    wildcard_constraints:
        analysis=one_of(CONTRASTS),
    params:
        settings=dict(across=True),
    message:
        "Correcting {wildcards.stat} of {wildcards.analysis} across contrasts"


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
