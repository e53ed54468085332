# From a source to results/dataset/participants.tsv, one row and one map per participant, and to the maps' values.

if DATASET["source"] == "simulated":

    rule simulate_cohort:
        output:
            **{key: per_input(f"dataset/truth/{file}") for key, file in PLANTED.items()},
            participants=per_input("dataset/participants.tsv"),
            # As one folder: Snakemake lists every updated file on the terminal.
            maps=directory(per_input("dataset/maps")),
        threads: threads_here
        params:
            settings=lambda wildcards: from_config(
                *("dataset.n_subjects", "dataset.seed", "dataset.effect_size"),
                kind=KIND.name,
                number=input_number(wildcards),
            ),
        message:
            "Simulating {params.settings[n_subjects]} participants"
        script:
            "../scripts/simulate_cohort.py"

elif DATASET["source"] == "localizer":

    rule fetch_localizer:
        output:
            participants=per_input("dataset/participants.tsv"),
        params:
            settings=from_config("dataset.contrast", "dataset.n_subjects", "dataset.data_dir"),
        message:
            "Fetching the Localizer's contrast '{params.settings[contrast]}'"
        script:
            "../scripts/fetch_localizer.py"

else:

    rule collect_table:
        input:
            listed=SOURCE_FILES,
            maps=source_maps,
        output:
            participants=per_input("dataset/participants.tsv"),
        params:
            settings=lambda wildcards: dict(
                dataset=rows_of(each_input(DATASET)[wildcards.get("of", "")]),
                name=wildcards.get("of", ""),
                # Not those after it: one more, at the end, is nothing new to the others.
                earlier={name: DATASET["maps"][name] for name in INPUTS[: input_number(wildcards)]},
                voxelwise=VOXELWISE,
            ),
            sources=lambda wildcards: state_of(
                of_its_job("dataset/participants.tsv", wildcards), SOURCE_FILES, source_maps(wildcards)
            ),
        message:
            "Reading the participants table"
        script:
            "../scripts/collect_table.py"


# The only rule that decodes the maps: who is analysed, in which mask and how smooth, is asked of what it leaves.
rule read_maps:
    input:
        participants=per_input("dataset/participants.tsv"),
        maps=source_maps,
        covariates=source_covariates,
    output:
        images=per_input("dataset/images.json"),
        values=per_input("dataset/values.bin"),
    params:
        settings=lambda wildcards: dict(
            voxelwise=list(VOXELWISE),
            kind=KIND.name,
            columns=parcel_columns(wildcards),
            measure=not INPUTS,
        ),
        sources=lambda wildcards: state_of(
            of_its_job("dataset/images.json", wildcards),
            source_maps(wildcards),
            source_covariates(wildcards),
        ),
    message:
        "Reading the maps"
    script:
        "../scripts/read_maps.py"
