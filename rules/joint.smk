# Joint tests: several inputs or contrasts, made into one at every element. After their model they go the way of the others.


rule build_joint:
    input:
        models=lambda wildcards: [result(f"design/{t}_model.npz") for t in parts_of(wildcards.test)],
        matrices=matrices,
    output:
        model=result("design/{test}_model.npz"),
        mask=own(MASK, "{test}_"),
        plan=result("design/{test}_plan.json"),
    wildcard_constraints:
        test=one_of(t for t in TESTS if t not in SINGLE),
    params:
        settings=lambda wildcards: dict(
            titles=[title_of(t) for t in parts_of(wildcards.test)],
            inputs=list(parts_of(wildcards.test).values()),
            name=contrast_of(wildcards.test),
            statistic=statistic_of(wildcards.test),
            direction=JOINT[contrast_of(wildcards.test)]["direction"],
            two_sided=config["permutation"]["two_sided"],
            cluster_p=config["inference"]["cluster_p"],
        ),
    message:
        "Putting together the model of {wildcards.test}"
    script:
        "../scripts/build_joint.py"


# A conjunction is not relabelled: it has the largest p of its tests.
rule conjoin:
    input:
        model=result("design/{test}_model.npz"),
        parts=lambda wildcards: [result(f"observed/{t}.npz") for t in parts_of(wildcards.test)],
        nulls=lambda wildcards: [result(f"nulls/{t}.npz") for t in parts_of(wildcards.test)],
        counts=lambda wildcards: [result(f"counts/{t}.npz") for t in parts_of(wildcards.test)],
    output:
        observed=result("observed/{test}.npz"),
        null=result("nulls/{test}.npz"),
        exceedances=result("counts/{test}.npz"),
    wildcard_constraints:
        test=one_of(CONJUNCTIONS),
    params:
        settings=dict(shift=SHIFT),
    message:
        "Taking the largest p of the tests of {wildcards.test}"
    script:
        "../scripts/conjoin.py"


# Tests that are joined alike have results of the same names.
for joint in JOINING:

    rule:
        name:
            f"fit_joint_{joint}"
        input:
            matrix=matrices,
            covariates=covariate_maps,
            model=result("design/{test}_model.npz"),
        output:
            stat=map_of("{test}", joint),
            z=map_of("{test}", "z"),
            bonferroni=map_of("{test}", joint, "corr-bonferroni_logp"),
        wildcard_constraints:
            test=one_of(tested_by(joint)),
        resources:
            runtime=minutes(30),
        params:
            settings=lambda wildcards: dict(title=title_of(wildcards.test)),
        message:
            "Computing the statistic of {wildcards.test}"
        script:
            "../scripts/fit_joint.py"
