# From the included maps to the matrix that is analysed.


rule smooth_maps:
    input:
        included=result("quality/included.tsv"),
        maps=source_maps,
        covariates=source_covariates,
        brain=result("quality/brain_mask.nii.gz"),
    output:
        mask=result("mask.nii.gz"),
        coverage=result("mask_coverage.nii.gz"),
        matrix=result("maps.npy"),
        voxels=result("quality/voxels.tsv"),
    log:
        result("logs/smooth_maps.log"),
    benchmark:
        result("benchmarks/smooth_maps.tsv")
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(60),
    params:
        settings=lambda wildcards: dict(
            fwhm=config["smoothing_fwhm"],
            min_coverage=config["mask"]["min_coverage"],
            zero_is_missing=config["mask"]["zero_is_missing"],
            voxelwise=list(VOXELWISE),
            sources=state_of("mask.nii.gz", user_maps(wildcards), source_covariates(wildcards)),
            library=library("smooth_maps"),
        ),
    message:
        "Smoothing and masking the maps"
    script:
        "../scripts/smooth_maps.py"


rule smooth_covariates:
    input:
        included=result("quality/included.tsv"),
        maps=source_covariates,
        mask=result("mask.nii.gz"),
    output:
        matrix=result("covariates/{covariate}.npy"),
    log:
        result("logs/smooth_covariates/{covariate}.log"),
    benchmark:
        result("benchmarks/smooth_covariates/{covariate}.tsv")
    wildcard_constraints:
        covariate=one_of(VOXELWISE),
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(60),
    params:
        settings=lambda wildcards: dict(
            fwhm=config["smoothing_fwhm"],
            sources=state_of(f"covariates/{wildcards.covariate}.npy", source_covariates(wildcards)),
            library=library("smooth_covariates"),
        ),
    message:
        "Smoothing and masking {wildcards.covariate}"
    script:
        "../scripts/smooth_covariates.py"
