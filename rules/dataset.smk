# From a source to results/dataset/participants.tsv, one row and one map per participant, and to the maps' values.

# What simulates each space, and the effects that it plants, besides the participants and their maps.
SIMULATED = dict(
    volume=(
        "simulate_cohort.py",
        dict(
            regions="regions.tsv",
            labels="regions.nii.gz",
            effect_pseudo="effect-pseudo.nii.gz",
            effect_mean="effect-mean.nii.gz",
        ),
    ),
    surface=(
        "simulate_surfaces.py",
        dict(
            regions="regions.tsv",
            pseudo_L="hemi-L_effect-pseudo.func.gii",
            pseudo_R="hemi-R_effect-pseudo.func.gii",
            mean_L="hemi-L_effect-mean.func.gii",
            mean_R="hemi-R_effect-mean.func.gii",
        ),
    ),
    grayordinates=(
        "simulate_grayordinates.py",
        dict(
            regions="regions.tsv",
            effect_pseudo="effect-pseudo.dscalar.nii",
            effect_mean="effect-mean.dscalar.nii",
        ),
    ),
    parcels=("simulate_parcels.py", dict(effect="effect-pseudo.tsv")),
    edges=("simulate_connectomes.py", dict(effect="effect-pseudo.tsv")),
)

if DATASET["source"] == "simulated":

    # Of one name in every space, so that a run in another space makes the same files again.
    rule simulate_cohort:
        output:
            **{key: per_input(f"dataset/truth/{file}") for key, file in SIMULATED[KIND.name][1].items()},
            participants=per_input("dataset/participants.tsv"),
            # As one folder: Snakemake lists every updated file on the terminal.
            maps=directory(per_input("dataset/maps")),
        params:
            settings=simulation_settings,
        message:
            "Simulating {params.settings[n_subjects]} participants"
        script:
            f"../scripts/{SIMULATED[KIND.name][0]}"

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
                dataset=rows_of(input_dataset(wildcards)),
                input=wildcards.get("of", ""),
                earlier=earlier_inputs(wildcards),
                voxelwise=VOXELWISE,
                sources=state_of(
                    "dataset/participants.tsv",
                    SOURCE_FILES,
                    source_maps(wildcards),
                ),
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
            sources=state_of("dataset/images.json", source_maps(wildcards), source_covariates(wildcards)),
        ),
    message:
        "Reading the maps"
    script:
        "../scripts/read_maps.py"
