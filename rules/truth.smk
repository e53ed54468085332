# Compares the findings with the known truth of the simulated cohort.


TRUTH = []

if config["dataset"]["source"] == "simulated" and KIND.name == "volume" and not config["model"]["voxelwise"]:
    TRUTH = [result(f"tables/contrast-{c}_truth.tsv") for c in CONTRASTS if has_truth(c)]

    rule score_truth:
        input:
            regions=result("dataset/truth/regions.tsv"),
            labels=result("dataset/truth/regions.nii.gz"),
            effect_pseudo=result("dataset/truth/effect-pseudo.nii.gz"),
            effect_mean=result("dataset/truth/effect-mean.nii.gz"),
            participants=result("quality/included.tsv"),
            design=result("design/design.tsv"),
            contrasts=result("design/contrast-{contrast}_weights.tsv"),
            mask=MASK,
            values=voxel_map,
            corrected=corrected_maps,
        output:
            table=report(
                result("tables/contrast-{contrast}_truth.tsv"),
                caption="captions/truth.rst",
                category="3 Tables",
                labels={"table": "found of what was planted", "contrast": "{contrast}", "statistic": "all"},
            ),
        params:
            settings=lambda wildcards: dict(
                stats=stats_of(wildcards.contrast),
                alpha=config["inference"]["alpha"],
                # In mm; without smoothing, a voxel of the simulated grid.
                margin=2 * config["smoothing_fwhm"] if config["smoothing_fwhm"] else 3,
            ),
        message:
            "Comparing {wildcards.contrast} with the planted truth"
        script:
            "../scripts/score_truth.py"
