# Least squares at every voxel, with parametric p.


rule fit_parametric:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        model=result("design/contrast-{contrast}_model.npz"),
    output:
        effect=map_of("{contrast}", "effect"),
        stat=map_of("{contrast}", "t"),
        z=map_of("{contrast}", "z"),
        partialr2=map_of("{contrast}", "partialr2"),
        bonferroni=map_of("{contrast}", "t", "corr-bonferroni_logp"),
    wildcard_constraints:
        contrast=one_of(c for c in CONTRASTS if statistic_of(c) == "t"),
    resources:
        runtime=minutes(30),
    message:
        "Fitting {wildcards.contrast}: t, parametric"
    script:
        "../scripts/fit_parametric.py"


use rule fit_parametric as fit_parametric_f with:
    output:
        effect=map_of("{contrast}", "effect"),
        stat=map_of("{contrast}", "F"),
        z=map_of("{contrast}", "z"),
        partialr2=map_of("{contrast}", "partialr2"),
        bonferroni=map_of("{contrast}", "F", "corr-bonferroni_logp"),
    wildcard_constraints:
        contrast=one_of(c for c in CONTRASTS if statistic_of(c) == "F"),
    message:
        "Fitting {wildcards.contrast}: F, parametric"
