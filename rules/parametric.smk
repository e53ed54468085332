# Least squares at every voxel, with parametric p.


rule fit_parametric:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        mask=result("mask.nii.gz"),
        design=result("design/design.tsv"),
        contrasts=result("design/contrast-{contrast}_weights.tsv"),
        blocks=result("design/blocks.json"),
    output:
        effect=result("maps/contrast-{contrast}_stat-effect_statmap.nii.gz"),
        stat=result("maps/contrast-{contrast}_stat-t_statmap.nii.gz"),
        z=result("maps/contrast-{contrast}_stat-z_statmap.nii.gz"),
        partialr2=result("maps/contrast-{contrast}_stat-partialr2_statmap.nii.gz"),
        bonferroni=result("maps/contrast-{contrast}_stat-t_corr-bonferroni_logp.nii.gz"),
    wildcard_constraints:
        contrast=one_of(c for c in CONTRASTS if statistic_of(c) == "t"),
    resources:
        runtime=minutes(30),
    message:
        "Fitting {wildcards.contrast}: t, parametric"
    script:
        "../scripts/fit_parametric.py"


use rule fit_parametric as fit_parametric_f with:
    output:
        effect=result("maps/contrast-{contrast}_stat-effect_statmap.nii.gz"),
        stat=result("maps/contrast-{contrast}_stat-F_statmap.nii.gz"),
        z=result("maps/contrast-{contrast}_stat-z_statmap.nii.gz"),
        partialr2=result("maps/contrast-{contrast}_stat-partialr2_statmap.nii.gz"),
        bonferroni=result("maps/contrast-{contrast}_stat-F_corr-bonferroni_logp.nii.gz"),
    wildcard_constraints:
        contrast=one_of(c for c in CONTRASTS if statistic_of(c) == "F"),
    message:
        "Fitting {wildcards.contrast}: F, parametric"
