# Who is analysed, and why the others are not.


rule screen_participants:
    input:
        participants=result("dataset/participants.tsv"),
        maps=source_maps,
        covariates=source_covariates,
    output:
        screened=result("quality/screened.tsv"),
    log:
        result("logs/screen_participants.log"),
    benchmark:
        result("benchmarks/screen_participants.tsv")
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(30),
    params:
        settings=lambda wildcards: dict(
            formula=config["model"]["formula"],
            blocks=config["permutation"]["blocks"],
            variance_groups=config["model"]["variance_groups"],
            voxelwise=list(VOXELWISE),
            query=config["quality"]["query"],
            sources=state_of("quality/screened.tsv", user_maps(wildcards), source_covariates(wildcards)),
            library=library("screen_participants"),
        ),
    message:
        "Checking variates and maps"
    script:
        "../scripts/screen_participants.py"


rule make_brain_mask:
    input:
        screened=result("quality/screened.tsv"),
        maps=source_maps,
        file=mask_file,
    output:
        brain=result("quality/brain_mask.nii.gz"),
    log:
        result("logs/make_brain_mask.log"),
    benchmark:
        result("benchmarks/make_brain_mask.tsv")
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1500),
        runtime=minutes(30),
    params:
        settings=lambda wildcards: dict(
            strategy=config["mask"]["strategy"],
            sources=state_of("quality/brain_mask.nii.gz", user_maps(wildcards), mask_file(wildcards)),
            library=library("make_brain_mask"),
        ),
    message:
        "Making the brain mask"
    script:
        "../scripts/make_brain_mask.py"


rule select_participants:
    input:
        screened=result("quality/screened.tsv"),
        maps=source_maps,
        brain=result("quality/brain_mask.nii.gz"),
    output:
        included=result("quality/included.tsv"),
        excluded=result("quality/excluded.tsv"),
        metrics=result("quality/metrics.tsv"),
    log:
        result("logs/select_participants.log"),
    benchmark:
        result("benchmarks/select_participants.tsv")
    conda:
        "../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(30),
    params:
        settings=lambda wildcards: dict(
            max_missing=config["quality"]["max_missing"],
            zero_is_missing=config["mask"]["zero_is_missing"],
            sources=state_of("quality/included.tsv", user_maps(wildcards)),
            library=library("select_participants"),
        ),
    message:
        "Comparing the maps with the brain mask"
    script:
        "../scripts/select_participants.py"
