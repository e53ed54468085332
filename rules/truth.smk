# Compares the findings with the known truth of the simulated cohort.


TRUTH = []

if config["dataset"]["source"] == "simulated" and KIND.name == "volume" and not config["model"]["voxelwise"]:
    TRUTH = [result(f"tables/{t}_truth.tsv") for t in TESTS.values() if has_truth(t)]

    rule score_truth:
        input:
            **tested("t"),
            regions=of_its_input("dataset/truth/regions.tsv"),
            labels=of_its_input("dataset/truth/regions.nii.gz"),
            effect_pseudo=of_its_input("dataset/truth/effect-pseudo.nii.gz"),
            effect_mean=of_its_input("dataset/truth/effect-mean.nii.gz"),
            participants=result("quality/included.tsv"),
            design=result("design/design.tsv"),
            weights=design_file("weights.tsv"),
        output:
            table=report(
                result("tables/{test}_truth.tsv"),
                caption="captions/truth.rst",
                category="3 Tables",
                labels=labelled(table="found of what was planted", statistic="all"),
            ),
        params:
            settings=test_settings(
                *("contrast", "stats", "inference.alpha"),
                # In mm; without smoothing, a voxel of the simulated grid.
                margin=2 * config["smoothing_fwhm"] if config["smoothing_fwhm"] else 3,
            ),
        message:
            "Comparing {wildcards.test} with the planted truth"
        script:
            "../scripts/score_truth.py"
