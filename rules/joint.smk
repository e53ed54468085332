# Joint tests: several inputs or contrasts, made into one at every element. After their model they go the way of the others.


rule build_joint:
    input:
        models=lambda wildcards: [result(f"design/{t}_model.npz") for t in TESTS[wildcards.test].combined],
        matrices=MAPS_OF_TEST["matrix"],
    output:
        model=result("design/{test}_model.npz"),
        mask=per_input(MASK, "{test}_"),
        plan=result("design/{test}_plan.json"),
    wildcard_constraints:
        test=one_of(t for t in TESTS.values() if t.is_joint),
    params:
        settings=joint_settings,
    message:
        "Putting together the model of {wildcards.test}"
    script:
        "../scripts/build_joint.py"


# A conjunction is not relabelled: it has the largest p of its tests.
rule conjoin:
    input:
        model=result("design/{test}_model.npz"),
        partials=lambda wildcards: [result(f"observed/{t}.npz") for t in TESTS[wildcards.test].combined],
        nulls=lambda wildcards: [result(f"nulls/{t}.npz") for t in TESTS[wildcards.test].combined],
        counts=lambda wildcards: [result(f"counts/{t}.npz") for t in TESTS[wildcards.test].combined],
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
for joint in JOINT_STATS:

    rule:
        name:
            f"fit_joint_{joint}"
        input:
            **fitted("test"),
        output:
            stat=group_map("{test}", joint),
            z=group_map("{test}", "z"),
            bonferroni=group_map("{test}", joint, "corr-bonferroni_logp"),
        wildcard_constraints:
            test=one_of(tests_by(joint)),
        params:
            settings=test_settings("title"),
        message:
            "Computing the statistic of {wildcards.test}"
        script:
            "../scripts/fit_joint.py"
