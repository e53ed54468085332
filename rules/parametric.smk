# Least squares at every voxel, with parametric p.


rule fit_parametric:
    input:
        matrix=of_its_input("maps.npy"),
        covariates=covariate_maps,
        model=result("design/{test}_model.npz"),
    output:
        effect=map_of("{test}", "effect"),
        stat=map_of("{test}", "t"),
        z=map_of("{test}", "z"),
        partialr2=map_of("{test}", "partialr2"),
        bonferroni=map_of("{test}", "t", "corr-bonferroni_logp"),
    wildcard_constraints:
        test=one_of(tested_by("t")),
    params:
        settings=lambda wildcards: dict(title=title_of(wildcards.test)),
    message:
        "Fitting {wildcards.test}: t, parametric"
    script:
        "../scripts/fit_parametric.py"


use rule fit_parametric as fit_parametric_f with:
    output:
        effect=map_of("{test}", "effect"),
        stat=map_of("{test}", "F"),
        z=map_of("{test}", "z"),
        partialr2=map_of("{test}", "partialr2"),
        bonferroni=map_of("{test}", "F", "corr-bonferroni_logp"),
    wildcard_constraints:
        test=one_of(tested_by("F")),
    message:
        "Fitting {wildcards.test}: F, parametric"
