# The null of the maximum statistics, in chunks. An analysis is a test, or a test in a small volume.


rule observe:
    input:
        matrix=matrices,
        covariates=covariate_maps,
        model=result("design/{analysis}_model.npz"),
    output:
        observed=result("observed/{analysis}.npz"),
    wildcard_constraints:
        analysis=one_of(RELABELLED),
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
        matrix=matrices,
        covariates=covariate_maps,
        model=result("design/{analysis}_model.npz"),
    output:
        # Not deleted before the job, which keeps it if it would make the same again.
        chunk=update(result("nulls/{analysis}/{start}-{stop}.npz")),
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
        matrix=matrices,
        covariates=covariate_maps,
        model=result("design/{analysis}_model.npz"),
        chunks=chunks,
    output:
        null=result("nulls/{analysis}.npz"),
        exceedances=result("counts/{analysis}.npz"),
    wildcard_constraints:
        analysis=one_of(RELABELLED),
    conda:
        "../envs/kernel.yaml"
    resources:
        mem_mb=memory(base=1500),
    params:
        settings=chosen(
            "permutation.n_permutations", "inference.statistics", shift=SHIFT, chunks=CHUNK_SETTINGS
        ),
    message:
        "Merging the null of {wildcards.analysis}"
    script:
        "../scripts/merge_nulls.py"
