# From the included maps to the matrix that is analysed.


rule smooth_maps:
    input:
        included=result("quality/included.tsv"),
        usable=own("quality/included.tsv"),
        images=own("dataset/images.json"),
        values=own("dataset/values.bin"),
        brain=own(BRAIN),
    output:
        mask=own(MASK),
        coverage=own(COVERAGE),
        matrix=own("maps.npy"),
        voxels=own(LEFT),
    params:
        settings=chosen(
            "smoothing_fwhm", "mask.min_coverage", "mask.zero_is_missing", voxelwise=list(VOXELWISE)
        ),
    message:
        "Smoothing and masking the maps"
    script:
        "../scripts/smooth_maps.py"


rule smooth_covariates:
    input:
        included=result("quality/included.tsv"),
        usable=own("quality/included.tsv"),
        images=own("dataset/images.json"),
        values=own("dataset/values.bin"),
        brain=own(BRAIN),
        mask=own(MASK),
    output:
        matrix=own("covariates/{covariate}.npy"),
    wildcard_constraints:
        covariate=one_of(VOXELWISE),
    params:
        settings=chosen("smoothing_fwhm"),
    message:
        "Smoothing and masking {wildcards.covariate}"
    script:
        "../scripts/smooth_covariates.py"
