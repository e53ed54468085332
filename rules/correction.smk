# From the nulls to corrected p.


rule estimate_uncorrected:
    input:
        mask=result("mask.nii.gz"),
        setup=result("design/contrast-{analysis}_setup.npz"),
        exceedances=result("counts/contrast-{analysis}.npz"),
    output:
        unc=result("maps/contrast-{analysis}_stat-{stat}_corr-unc_logp.nii.gz"),
        fdr=result("maps/contrast-{analysis}_stat-{stat}_corr-fdr_logp.nii.gz"),
    log:
        result("logs/estimate_uncorrected/contrast-{analysis}_stat-{stat}.log"),
    benchmark:
        result("benchmarks/estimate_uncorrected/contrast-{analysis}_stat-{stat}.tsv")
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(10),
    params:
        settings=dict(library=library("estimate_uncorrected")),
    message:
        "Uncorrected p of {wildcards.stat} of {wildcards.analysis}"
    script:
        "../scripts/estimate_uncorrected.py"


rule enhance_map:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        setup=result("design/contrast-{analysis}_setup.npz"),
        mask=result("mask.nii.gz"),
    output:
        tfce=result("maps/contrast-{analysis}_stat-tfce_statmap.nii.gz"),
    log:
        result("logs/enhance_map/contrast-{analysis}.log"),
    benchmark:
        result("benchmarks/enhance_map/contrast-{analysis}.tsv")
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000, per_input=1),
        runtime=minutes(10),
    params:
        settings=dict(**CHUNK_SETTINGS, library=library("enhance_map")),
    message:
        "Enhancing {wildcards.analysis} by TFCE"
    script:
        "../scripts/enhance_map.py"


rule correct_fwe:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        setup=result("design/contrast-{analysis}_setup.npz"),
        mask=result("mask.nii.gz"),
        null=result("nulls/contrast-{analysis}.npz"),
    output:
        logp=result("maps/contrast-{analysis}_stat-{stat}_corr-fwe_logp.nii.gz"),
    log:
        result("logs/correct_fwe/contrast-{analysis}_stat-{stat}.log"),
    benchmark:
        result("benchmarks/correct_fwe/contrast-{analysis}_stat-{stat}.tsv")
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000, per_input=1),
        runtime=minutes(10),
    params:
        settings=dict(**CHUNK_SETTINGS, across=False, library=library("correct_fwe")),
    message:
        "Correcting {wildcards.stat} of {wildcards.analysis}"
    script:
        "../scripts/correct_fwe.py"


# Once for all contrasts: were each to read the nulls of all, the plan would grow with their square.
rule merge_contrasts:
    input:
        setups=lambda wildcards: [
            result(f"design/contrast-{c}_setup.npz") for c in tested_by(wildcards.letter)
        ],
        nulls=lambda wildcards: [result(f"nulls/contrast-{c}.npz") for c in tested_by(wildcards.letter)],
    output:
        null=result("nulls/across-contrasts_stat-{letter}.npz"),
    log:
        result("logs/merge_contrasts/stat-{letter}.log"),
    benchmark:
        result("benchmarks/merge_contrasts/stat-{letter}.tsv")
    wildcard_constraints:
        letter="t|F",
    conda:
        "../envs/kernel.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=500),
        runtime=minutes(30),
    params:
        settings=dict(library=library("merge_contrasts")),
    message:
        "Merging the nulls of all contrasts by {wildcards.letter}"
    script:
        "../scripts/merge_contrasts.py"


use rule correct_fwe as correct_fwe_across_contrasts with:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        setup=result("design/contrast-{analysis}_setup.npz"),
        mask=result("mask.nii.gz"),
        null=lambda wildcards: result(f"nulls/across-contrasts_stat-{statistic_of(wildcards.analysis)}.npz"),
    output:
        logp=result("maps/contrast-{analysis}_stat-{stat}_corr-cfwe_logp.nii.gz"),
    log:
        result("logs/correct_fwe_across_contrasts/contrast-{analysis}_stat-{stat}.log"),
    benchmark:
        result("benchmarks/correct_fwe_across_contrasts/contrast-{analysis}_stat-{stat}.tsv")
    wildcard_constraints:
        analysis=one_of(CONTRASTS),
    params:
        settings=dict(**CHUNK_SETTINGS, across=True, library=library("correct_fwe")),
    message:
        "Correcting {wildcards.stat} of {wildcards.analysis} across contrasts"


rule fit_tail:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        setup=result("design/contrast-{analysis}_setup.npz"),
        mask=result("mask.nii.gz"),
        nulls=result("nulls/contrast-{analysis}.npz"),
    output:
        logp=result("maps/contrast-{analysis}_stat-{stat}_corr-gpd_logp.nii.gz"),
        table=result("tables/contrast-{analysis}_stat-{stat}_tail.tsv"),
    log:
        result("logs/fit_tail/contrast-{analysis}_stat-{stat}.log"),
    benchmark:
        result("benchmarks/fit_tail/contrast-{analysis}_stat-{stat}.tsv")
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000, per_input=1),
        runtime=minutes(10),
    params:
        settings=dict(**CHUNK_SETTINGS, library=library("fit_tail")),
    message:
        "Fitting the tail of {wildcards.stat} of {wildcards.analysis}"
    script:
        "../scripts/fit_tail.py"
