# Who is analysed, and why the others are not.


rule screen_participants:
    input:
        participants=per_input("dataset/participants.tsv"),
        images=per_input("dataset/images.json"),
    output:
        screened=per_input("quality/screened.tsv"),
    params:
        settings=DESIGN_SETTINGS | from_config("quality.query", "mask.zero_is_missing"),
    message:
        "Choosing participants by their variates and maps"
    script:
        "../scripts/screen_participants.py"


rule make_brain_mask:
    input:
        **STORE,
        **SPACE_FILES,
        screened=per_input("quality/screened.tsv"),
    output:
        brain=per_input(BRAIN),
    params:
        settings=dict(
            kind=KIND.name,
            **(config["space"] if KIND.name != "volume" else dict(strategy=config["mask"]["strategy"])),
        ),
        sources=lambda wildcards: state_of(of_its_job(BRAIN, wildcards), *SPACE_FILES.values()),
    message:
        "Making the brain mask"
    script:
        "../scripts/make_brain_mask.py"


rule select_participants:
    input:
        **STORE,
        screened=per_input("quality/screened.tsv"),
        brain=per_input(BRAIN),
    output:
        included=per_input("quality/included.tsv"),
        excluded=per_input("quality/excluded.tsv"),
        metrics=per_input("quality/metrics.tsv"),
    params:
        settings=from_config("quality.max_missing", "mask.zero_is_missing"),
    message:
        "Comparing the maps with the brain mask"
    script:
        "../scripts/select_participants.py"


if INPUTS:

    rule join_inputs:
        input:
            participants=[per_input("dataset/participants.tsv", prefix) for prefix in PREFIXES],
            excluded=[per_input("quality/excluded.tsv", prefix) for prefix in PREFIXES],
        output:
            included=result("quality/included.tsv"),
            excluded=result("quality/excluded.tsv"),
        params:
            settings=from_config("quality.require", inputs=INPUTS),
        message:
            "Joining the participants of all inputs"
        script:
            "../scripts/join_inputs.py"
