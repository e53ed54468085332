# From the included maps to the matrix that is analysed.


rule smooth_maps:
    input:
        **SMOOTHED,
    output:
        mask=per_input(MASK),
        coverage=per_input(COVERAGE),
        matrix=per_input("maps.npy"),
        voxels=per_input(LOST_ELEMENTS),
    threads: threads_here
    params:
        settings=from_config(
            "smoothing_fwhm", "mask.min_coverage", "mask.zero_is_missing", voxelwise=list(VOXELWISE)
        ),
    message:
        "Smoothing and masking the maps"
    script:
        "../scripts/smooth_maps.py"


rule smooth_covariates:
    input:
        **SMOOTHED,
        mask=per_input(MASK),
    output:
        matrix=per_input("covariates/{covariate}.npy"),
    wildcard_constraints:
        covariate=one_of(VOXELWISE),
    params:
        settings=from_config("smoothing_fwhm"),
    message:
        "Smoothing and masking {wildcards.covariate}"
    script:
        "../scripts/smooth_covariates.py"
