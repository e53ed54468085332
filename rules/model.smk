# From the included participants to the matrices that are fitted.


# Another analysis may make it, with what the design is of.
if "quality" in MAKES:

    rule make_design:
        input:
            included=result("quality/included.tsv"),
        output:
            design=result("design/design.tsv"),
            blocks=result("design/blocks.json"),
        params:
            settings=DESIGN_SETTINGS,
        message:
            "Building the design matrix"
        script:
            "../scripts/make_design.py"


rule plan_contrast:
    input:
        design=result("design/design.tsv"),
        blocks=result("design/blocks.json"),
    output:
        weights=result("design/contrast-{contrast}_weights.tsv"),
        plan=result("design/contrast-{contrast}_plan.json"),
    params:
        # Of no other contrast: one that comes or goes leaves this one as it is.
        settings=lambda wildcards: from_config(
            "permutation.scheme", expressions=config["model"]["contrasts"][wildcards.contrast]
        ),
    message:
        "Planning the relabellings of {wildcards.contrast}"
    script:
        "../scripts/plan_contrast.py"


rule collect_contrasts:
    input:
        weights=[result(f"design/contrast-{c}_weights.tsv") for c in CONTRASTS],
        plans=[result(f"design/contrast-{c}_plan.json") for c in CONTRASTS],
    output:
        contrasts=result("design/contrasts.tsv"),
        plan=result("design/plan.json"),
    priority: 100  # the count of relabellings waits for it
    message:
        "Collecting the contrasts"
    script:
        "../scripts/collect_contrasts.py"


# Of an analysis: a test, or a test in a small volume.
rule build_model:
    input:
        **MODELLED,
        mask=of_its_input(MASK),
        volume=small_volume_file,
    output:
        model=result("design/{analysis}_model.npz"),
    wildcard_constraints:
        analysis=one_of(a for a in ANALYSES.values() if not a.is_joint),
    params:
        settings=lambda wildcards: dict(
            contrast=test_of_job(wildcards).contrast,
            variance_fwhm=config["inference"]["variance_smoothing_fwhm"],
            sphere=sphere(wildcards),
        ),
        sources=lambda wildcards: state_of(
            f"design/{wildcards.analysis}_model.npz", small_volume_file(wildcards)
        ),
    message:
        "Putting together the model of {wildcards.analysis}"
    script:
        "../scripts/build_model.py"


# Where every voxel has everybody, there is nothing to compare.
SOME_MISSING = config["mask"]["min_coverage"] < 1 or (INPUTS and config["quality"]["require"] == "any")
MISSING = [result(f"quality/{t}_missing.tsv") for t in SINGLE] if SOME_MISSING else []


rule compare_missing:
    input:
        **MODELLED,
    output:
        table=result("quality/{test}_missing.tsv"),
    priority: 100  # before hours of relabelling
    params:
        settings=lambda wildcards: dict(
            contrast=TESTS[wildcards.test].contrast,
            name=dict(zip(PREFIXES, INPUTS)).get(TESTS[wildcards.test].prefix, ""),
        ),
    message:
        "Comparing who lacks values with {wildcards.test}"
    script:
        "../scripts/compare_missing.py"
