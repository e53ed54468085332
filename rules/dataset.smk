# From a source to results/dataset/participants.tsv: one row and one map per participant.

if COHORT["source"] == "simulated":

    rule simulate_cohort:
        output:
            participants=result("dataset/participants.tsv"),
            # As one folder: Snakemake lists every updated file on the terminal.
            maps=directory(result("dataset/maps")),
            regions=result("dataset/truth/regions.tsv"),
            labels=result("dataset/truth/regions.nii.gz"),
            effect_pseudo=result("dataset/truth/effect-pseudo.nii.gz"),
            effect_mean=result("dataset/truth/effect-mean.nii.gz"),
        log:
            result("logs/simulate_cohort.log"),
        benchmark:
            result("benchmarks/simulate_cohort.tsv")
        conda:
            "../envs/imaging.yaml"
        threads: 1
        resources:
            mem_mb=memory(base=1000),
            runtime=minutes(10),
        params:
            settings=dict(
                n_subjects=COHORT["n_subjects"],
                seed=COHORT["seed"],
                effect_size=COHORT["effect_size"],
                library=library("simulate_cohort"),
            ),
        message:
            "Simulating {params.settings[n_subjects]} participants"
        script:
            "../scripts/simulate_cohort.py"

elif COHORT["source"] == "localizer":

    rule fetch_localizer:
        output:
            participants=result("dataset/participants.tsv"),
        log:
            result("logs/fetch_localizer.log"),
        benchmark:
            result("benchmarks/fetch_localizer.tsv")
        conda:
            "../envs/imaging.yaml"
        threads: 1
        resources:
            mem_mb=memory(base=1000),
            runtime=minutes(120),
        params:
            settings=dict(
                contrast=COHORT["contrast"],
                n_subjects=COHORT["n_subjects"],
                data_dir=COHORT["data_dir"],
                library=library("fetch_localizer"),
            ),
        message:
            "Fetching the Localizer's contrast '{params.settings[contrast]}'"
        script:
            "../scripts/fetch_localizer.py"

else:

    rule collect_table:
        input:
            table=given_file("dataset.path", COHORT["path"]),
            maps=source_maps,
        output:
            participants=result("dataset/participants.tsv"),
        log:
            result("logs/collect_table.log"),
        benchmark:
            result("benchmarks/collect_table.tsv")
        conda:
            "../envs/imaging.yaml"
        threads: 1
        resources:
            mem_mb=memory(base=500),
            runtime=minutes(5),
        params:
            settings=lambda wildcards: dict(
                table=COHORT["path"],
                maps=COHORT["maps"],
                voxelwise=VOXELWISE,
                sources=state_of(
                    "dataset/participants.tsv", os.path.abspath(COHORT["path"]), user_maps(wildcards)
                ),
                library=library("collect_table"),
            ),
        message:
            "Reading the participants table"
        script:
            "../scripts/collect_table.py"
