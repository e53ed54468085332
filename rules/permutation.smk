# The null of the maximum statistics, in chunks. An analysis is a contrast, or a contrast in a small volume.


rule observe:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        model=result("design/contrast-{analysis}_model.npz"),
    output:
        observed=result("observed/contrast-{analysis}.npz"),
    conda:
        "../envs/kernel.yaml"
    resources:
        mem_mb=memory(base=1000, per_input=1),
    params:
        settings=CHUNK_SETTINGS,
    message:
        "Computing the observed maps of {wildcards.analysis}"
    script:
        "../scripts/observe.py"


rule compute_null_chunk:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        model=result("design/contrast-{analysis}_model.npz"),
    output:
        chunk=result("nulls/contrast-{analysis}/{start}-{stop}.npz"),
    conda:
        "../envs/kernel.yaml"
    resources:
        mem_mb=memory(base=1500),
        runtime=minutes(120),
    params:
        settings=CHUNK_SETTINGS,
    message:
        "Relabelling {wildcards.analysis}: {wildcards.start} to {wildcards.stop}"
    script:
        "../scripts/compute_null_chunk.py"


rule merge_nulls:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        model=result("design/contrast-{analysis}_model.npz"),
        chunks=chunks,
    output:
        null=result("nulls/contrast-{analysis}.npz"),
        exceedances=result("counts/contrast-{analysis}.npz"),
    conda:
        "../envs/kernel.yaml"
    resources:
        mem_mb=memory(base=1500),
        runtime=minutes(60),
    params:
        settings=dict(
            n_permutations=config["permutation"]["n_permutations"],
            statistics=config["inference"]["statistics"],
            shift=SHIFT,
            chunks=CHUNK_SETTINGS,
        ),
    message:
        "Merging the null of {wildcards.analysis}"
    script:
        "../scripts/merge_nulls.py"
