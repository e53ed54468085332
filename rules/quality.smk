# Who is analysed, and why the others are not.


rule screen_participants:
    input:
        participants=result("dataset/participants.tsv"),
        images=result("dataset/images.json"),
    output:
        screened=result("quality/screened.tsv"),
    params:
        settings=dict(
            formula=config["model"]["formula"],
            blocks=config["permutation"]["blocks"],
            variance_groups=config["model"]["variance_groups"],
            voxelwise=list(VOXELWISE),
            query=config["quality"]["query"],
        ),
    message:
        "Choosing participants by their variates and maps"
    script:
        "../scripts/screen_participants.py"


rule make_brain_mask:
    input:
        screened=result("quality/screened.tsv"),
        images=result("dataset/images.json"),
        values=result("dataset/values.bin"),
        file=mask_file,
        space=space_files,
    output:
        brain=BRAIN,
    resources:
        mem_mb=memory(base=1500),
        runtime=minutes(30),
    params:
        settings=lambda wildcards: dict(
            kind=KIND.name,
            **(config["space"] if KIND.name != "volume" else dict(strategy=config["mask"]["strategy"])),
            sources=state_of(
                f"quality/brain_mask{KIND.stored}", mask_file(wildcards), space_files(wildcards)
            ),
        ),
    message:
        "Making the brain mask"
    script:
        "../scripts/make_brain_mask.py"


rule select_participants:
    input:
        screened=result("quality/screened.tsv"),
        images=result("dataset/images.json"),
        values=result("dataset/values.bin"),
        brain=BRAIN,
    output:
        included=result("quality/included.tsv"),
        excluded=result("quality/excluded.tsv"),
        metrics=result("quality/metrics.tsv"),
    resources:
        runtime=minutes(30),
    params:
        settings=dict(
            max_missing=config["quality"]["max_missing"],
            zero_is_missing=config["mask"]["zero_is_missing"],
        ),
    message:
        "Comparing the maps with the brain mask"
    script:
        "../scripts/select_participants.py"


# Where every voxel has everybody, there is nothing to compare.
MISSING = (
    [result(f"quality/contrast-{c}_missing.tsv") for c in CONTRASTS]
    if config["mask"]["min_coverage"] < 1
    else []
)


rule compare_missing:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        design=result("design/design.tsv"),
        contrasts=result("design/contrast-{contrast}_weights.tsv"),
        blocks=result("design/blocks.json"),
        plan=result("design/contrast-{contrast}_plan.json"),
    output:
        table=result("quality/contrast-{contrast}_missing.tsv"),
    priority: 100  # before hours of relabelling
    message:
        "Comparing who lacks values with {wildcards.contrast}"
    script:
        "../scripts/compare_missing.py"
