# Least squares at every element, with parametric p.


for voxel_stat in ("t", "F"):

    rule:
        name:
            rule_for(voxel_stat, "fit_parametric")
        input:
            **fitted("test"),
        output:
            effect=group_map("{test}", "effect"),
            stat=group_map("{test}", voxel_stat),
            z=group_map("{test}", "z"),
            partialr2=group_map("{test}", "partialr2"),
            bonferroni=group_map("{test}", voxel_stat, "corr-bonferroni_logp"),
        wildcard_constraints:
            test=one_of(tests_by(voxel_stat)),
        params:
            settings=test_settings("title"),
        message:
            "Fitting {wildcards.test}"
        script:
            "../scripts/fit_parametric.py"
