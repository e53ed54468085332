# The null of the maximum statistics, in chunks. An analysis is a test, or a test in a small volume.


rule observe:
    input:
        **FITTED,
    output:
        observed=result("observed/{analysis}.npz"),
    wildcard_constraints:
        analysis=one_of(RELABELLED),
    conda:
        "../envs/kernel.yaml"
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt * int(1500 + input.size_mb),
    params:
        settings=CHUNK_SETTINGS,
    message:
        "Computing the observed maps of {wildcards.analysis}"
    script:
        "../scripts/observe.py"


rule compute_null_chunk:
    input:
        **FITTED,
    output:
        # Not deleted before the job, which keeps it if it would make the same again.
        chunk=update(result("nulls/{analysis}/{start}-{stop}.npz")),
    conda:
        "../envs/kernel.yaml"
    params:
        settings=CHUNK_SETTINGS,
    message:
        "Relabelling {wildcards.analysis}: {wildcards.start} to {wildcards.stop}"
    script:
        "../scripts/compute_null_chunk.py"


rule merge_nulls:
    input:
        **FITTED,
        chunks=chunks,
    output:
        null=result("nulls/{analysis}.npz"),
        exceedances=result("counts/{analysis}.npz"),
    wildcard_constraints:
        analysis=one_of(RELABELLED),
    conda:
        "../envs/kernel.yaml"
    params:
        settings=from_config(
            "permutation.n_permutations", "inference.statistics", shift=SHIFT, chunks=CHUNK_SETTINGS
        ),
    message:
        "Merging the null of {wildcards.analysis}"
    script:
        "../scripts/merge_nulls.py"
