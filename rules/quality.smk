# Who is analysed, and why the others are not.


rule screen_participants:
    input:
        participants=own("dataset/participants.tsv"),
        images=own("dataset/images.json"),
    output:
        screened=own("quality/screened.tsv"),
    params:
        settings=chosen(*OF_DESIGN, "quality.query", voxelwise=list(VOXELWISE)),
    message:
        "Choosing participants by their variates and maps"
    script:
        "../scripts/screen_participants.py"


rule make_brain_mask:
    input:
        screened=own("quality/screened.tsv"),
        images=own("dataset/images.json"),
        values=own("dataset/values.bin"),
        file=mask_file,
        space=space_files,
    output:
        brain=own(BRAIN),
    resources:
        mem_mb=memory(base=1500),
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
        screened=own("quality/screened.tsv"),
        images=own("dataset/images.json"),
        values=own("dataset/values.bin"),
        brain=own(BRAIN),
    output:
        included=own("quality/included.tsv"),
        excluded=own("quality/excluded.tsv"),
        metrics=own("quality/metrics.tsv"),
    params:
        settings=chosen("quality.max_missing", "mask.zero_is_missing"),
    message:
        "Comparing the maps with the brain mask"
    script:
        "../scripts/select_participants.py"


if INPUTS:

    rule join_inputs:
        input:
            participants=[own("dataset/participants.tsv", prefix) for prefix in PREFIXES],
            excluded=[own("quality/excluded.tsv", prefix) for prefix in PREFIXES],
        output:
            included=result("quality/included.tsv"),
            excluded=result("quality/excluded.tsv"),
        params:
            settings=chosen("quality.require", inputs=INPUTS),
        message:
            "Joining the participants of all inputs"
        script:
            "../scripts/join_inputs.py"
