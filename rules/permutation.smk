# The nulls of the maximum statistics: in chunks, whole, and over several contrasts. An analysis is a test, or a test
# in a small volume.


rule observe:
    input:
        **fitted("analysis"),
    output:
        observed=result("observed/{analysis}.npz"),
    wildcard_constraints:
        analysis=one_of(RELABELLED),
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
        **fitted("analysis"),
    output:
        # Not deleted before the job, which keeps it if it would make the same again.
        chunk=update(result("nulls/{analysis}/{start}-{stop}.npz")),
    params:
        settings=CHUNK_SETTINGS,
    message:
        "Relabelling {wildcards.analysis}: {wildcards.start} to {wildcards.stop}"
    script:
        "../scripts/compute_null_chunk.py"


rule merge_nulls:
    input:
        **fitted("analysis"),
        chunks=chunks,
    output:
        null=result("nulls/{analysis}.npz"),
        exceedances=result("counts/{analysis}.npz"),
    wildcard_constraints:
        analysis=one_of(RELABELLED),
    params:
        settings=from_config(
            "permutation.n_permutations", "inference.statistics", shift=SHIFT, settings=CHUNK_SETTINGS
        ),
    message:
        "Merging the null of {wildcards.analysis}"
    script:
        "../scripts/merge_nulls.py"


# Once for all contrasts. If each read the nulls of all, the plan would grow with the square of their number.
rule merge_contrasts:
    input:
        models=[result(f"design/{INPUT_PREFIX}contrast-{c}_model.npz") for c in CONTRASTS],
        nulls=[result(f"nulls/{INPUT_PREFIX}contrast-{c}.npz") for c in CONTRASTS],
    output:
        null=per_input("nulls/across-contrasts.npz"),
    message:
        "Merging the nulls of all contrasts"
    script:
        "../scripts/merge_contrasts.py"


if INPUTS:

    use rule merge_contrasts as merge_inputs with:
        input:
            models=[result(f"design/{t}_model.npz") for t in SINGLE],
            nulls=[result(f"nulls/{t}.npz") for t in SINGLE],
        output:
            null=result("nulls/across-inputs.npz"),
        message:
            "Merging the nulls of all inputs and contrasts"
