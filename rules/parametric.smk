# Least squares at every element, with parametric p.


for voxel_stat in ("t", "F"):

    rule:
        name:
            rule_by(voxel_stat, "fit_parametric")
        input:
            matrix=of_its_input("maps.npy"),
            covariates=covariate_maps,
            model=result("design/{test}_model.npz"),
        output:
            effect=map_of("{test}", "effect"),
            stat=map_of("{test}", voxel_stat),
            z=map_of("{test}", "z"),
            partialr2=map_of("{test}", "partialr2"),
            bonferroni=map_of("{test}", voxel_stat, "corr-bonferroni_logp"),
        wildcard_constraints:
            test=one_of(tested_by(voxel_stat)),
        params:
            settings=lambda wildcards: dict(title=title_of(wildcards.test)),
        message:
            "Fitting {wildcards.test}"
        script:
            "../scripts/fit_parametric.py"
