# From a source to results/dataset/participants.tsv, one row and one map per participant, and to the maps' values.

# Of one name in every space, so that a run in another space makes the same files again.
if COHORT["source"] == "simulated" and KIND.name == "surface":

    rule simulate_cohort:
        output:
            participants=own("dataset/participants.tsv"),
            maps=directory(own("dataset/maps")),
            regions=own("dataset/truth/regions.tsv"),
            pseudo_L=own("dataset/truth/hemi-L_effect-pseudo.func.gii"),
            pseudo_R=own("dataset/truth/hemi-R_effect-pseudo.func.gii"),
            mean_L=own("dataset/truth/hemi-L_effect-mean.func.gii"),
            mean_R=own("dataset/truth/hemi-R_effect-mean.func.gii"),
        params:
            settings=lambda wildcards: dict(
                space=KIND.name,
                n_subjects=COHORT["n_subjects"],
                seed=COHORT["seed"],
                effect_size=COHORT["effect_size"],
                number=input_number(wildcards),
            ),
        message:
            "Simulating {params.settings[n_subjects]} participants"
        script:
            "../scripts/simulate_surfaces.py"

elif COHORT["source"] == "simulated" and KIND.name == "edges":

    rule simulate_cohort:
        output:
            participants=own("dataset/participants.tsv"),
            maps=directory(own("dataset/maps")),
            effect=own("dataset/truth/effect-pseudo.tsv"),
        params:
            settings=lambda wildcards: dict(
                space=KIND.name,
                n_subjects=COHORT["n_subjects"],
                seed=COHORT["seed"],
                effect_size=COHORT["effect_size"],
                number=input_number(wildcards),
            ),
        message:
            "Simulating {params.settings[n_subjects]} participants"
        script:
            "../scripts/simulate_connectomes.py"

elif COHORT["source"] == "simulated" and KIND.name == "grayordinates":

    rule simulate_cohort:
        output:
            participants=own("dataset/participants.tsv"),
            maps=directory(own("dataset/maps")),
            regions=own("dataset/truth/regions.tsv"),
            effect_pseudo=own("dataset/truth/effect-pseudo.dscalar.nii"),
            effect_mean=own("dataset/truth/effect-mean.dscalar.nii"),
        params:
            settings=lambda wildcards: dict(
                space=KIND.name,
                n_subjects=COHORT["n_subjects"],
                seed=COHORT["seed"],
                effect_size=COHORT["effect_size"],
                number=input_number(wildcards),
            ),
        message:
            "Simulating {params.settings[n_subjects]} participants"
        script:
            "../scripts/simulate_grayordinates.py"

elif COHORT["source"] == "simulated":

    rule simulate_cohort:
        output:
            participants=own("dataset/participants.tsv"),
            # As one folder: Snakemake lists every updated file on the terminal.
            maps=directory(own("dataset/maps")),
            regions=own("dataset/truth/regions.tsv"),
            labels=own("dataset/truth/regions.nii.gz"),
            effect_pseudo=own("dataset/truth/effect-pseudo.nii.gz"),
            effect_mean=own("dataset/truth/effect-mean.nii.gz"),
        params:
            settings=lambda wildcards: dict(
                n_subjects=COHORT["n_subjects"],
                seed=COHORT["seed"],
                effect_size=COHORT["effect_size"],
                number=input_number(wildcards),
            ),
        message:
            "Simulating {params.settings[n_subjects]} participants"
        script:
            "../scripts/simulate_cohort.py"

elif COHORT["source"] == "localizer":

    rule fetch_localizer:
        output:
            participants=own("dataset/participants.tsv"),
        resources:
            runtime=minutes(120),
        params:
            settings=dict(
                contrast=COHORT["contrast"],
                n_subjects=COHORT["n_subjects"],
                data_dir=COHORT["data_dir"],
            ),
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
            participants=own("dataset/participants.tsv"),
        params:
            settings=lambda wildcards: dict(
                dataset=rows_of(dataset_of(wildcards)),
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
        participants=own("dataset/participants.tsv"),
        maps=source_maps,
        covariates=source_covariates,
    output:
        images=own("dataset/images.json"),
        values=own("dataset/values.bin"),
    resources:
        runtime=minutes(60),
    params:
        settings=lambda wildcards: dict(
            voxelwise=list(VOXELWISE),
            kind=KIND.name,
            sources=state_of("dataset/images.json", source_maps(wildcards), source_covariates(wildcards)),
        ),
    message:
        "Reading the maps"
    script:
        "../scripts/read_maps.py"
