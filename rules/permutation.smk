# The null of the maximum statistics, in chunks. An analysis is a contrast, or a contrast in a small volume.


rule prepare_null:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        mask=result("mask.nii.gz"),
        design=result("design/design.tsv"),
        contrasts=planned("weights.tsv"),
        blocks=result("design/blocks.json"),
        plan=planned("plan.json"),
        volume=small_volume,
    output:
        setup=result("design/contrast-{analysis}_setup.npz"),
    log:
        result("logs/prepare_null/contrast-{analysis}.log"),
    benchmark:
        result("benchmarks/prepare_null/contrast-{analysis}.tsv")
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(10),
    params:
        settings=lambda wildcards: dict(
            contrast=contrast_of(wildcards.analysis),
            variance_fwhm=config["inference"]["variance_smoothing_fwhm"],
            library=library("prepare_null"),
        ),
    message:
        "Preparing the relabellings of {wildcards.analysis}"
    script:
        "../scripts/prepare_null.py"


# Where every voxel has everybody, there is nothing to compare.
MISSING = (
    [result(f"quality/contrast-{c}_missing.tsv") for c in CONTRASTS]
    if config["mask"]["min_coverage"] < 1
    else []
)


rule compare_missing:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        design=result("design/design.tsv"),
        contrasts=result("design/contrast-{contrast}_weights.tsv"),
        blocks=result("design/blocks.json"),
        plan=result("design/contrast-{contrast}_plan.json"),
    output:
        table=result("quality/contrast-{contrast}_missing.tsv"),
    log:
        result("logs/compare_missing/contrast-{contrast}.log"),
    benchmark:
        result("benchmarks/compare_missing/contrast-{contrast}.tsv")
    priority: 100  # before hours of relabelling
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(10),
    params:
        settings=dict(library=library("compare_missing")),
    message:
        "Comparing who lacks values with {wildcards.contrast}"
    script:
        "../scripts/compare_missing.py"


rule compute_null_chunk:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        setup=result("design/contrast-{analysis}_setup.npz"),
    output:
        chunk=result("nulls/contrast-{analysis}/{start}-{stop}.npz"),
    log:
        result("logs/compute_null_chunk/contrast-{analysis}_{start}-{stop}.log"),
    benchmark:
        result("benchmarks/compute_null_chunk/contrast-{analysis}_{start}-{stop}.tsv")
    conda:
        "../envs/kernel.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1500),
        runtime=minutes(120),
    params:
        settings=dict(**CHUNK_SETTINGS, library=library("compute_null_chunk")),
    message:
        "Relabelling {wildcards.analysis}: {wildcards.start} to {wildcards.stop}"
    script:
        "../scripts/compute_null_chunk.py"


rule merge_nulls:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        setup=result("design/contrast-{analysis}_setup.npz"),
        chunks=chunks,
    output:
        null=result("nulls/contrast-{analysis}.npz"),
        exceedances=result("counts/contrast-{analysis}.npz"),
    log:
        result("logs/merge_nulls/contrast-{analysis}.log"),
    benchmark:
        result("benchmarks/merge_nulls/contrast-{analysis}.tsv")
    conda:
        "../envs/kernel.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1500),
        runtime=minutes(60),
    params:
        settings=dict(
            n_permutations=config["permutation"]["n_permutations"],
            statistics=config["inference"]["statistics"],
            chunks=CHUNK_SETTINGS,
            library=library("merge_nulls"),
        ),
    message:
        "Merging the null of {wildcards.analysis}"
    script:
        "../scripts/merge_nulls.py"
