# The null of the maximum statistics, in chunks. An analysis is a contrast, or a contrast in a small volume.


rule observe:
    input:
        matrix=result("maps.npy"),
        covariates=COVARIATES,
        model=result("design/contrast-{analysis}_model.npz"),
    output:
        observed=result("observed/contrast-{analysis}.npz"),
    log:
        result("logs/observe/contrast-{analysis}.log"),
    benchmark:
        result("benchmarks/observe/contrast-{analysis}.tsv")
    conda:
        "../envs/kernel.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000, per_input=1),
        runtime=minutes(10),
    params:
        settings=dict(**CHUNK_SETTINGS, library=library("observe")),
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
    log:
        result("logs/compute_null_chunk/contrast-{analysis}_{start}-{stop}.log"),
    benchmark:
        result("benchmarks/compute_null_chunk/contrast-{analysis}_{start}-{stop}.tsv")
    conda:
        "../envs/kernel.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1500),
        runtime=minutes(120),
    params:
        settings=dict(**CHUNK_SETTINGS, library=library("compute_null_chunk")),
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
    log:
        result("logs/merge_nulls/contrast-{analysis}.log"),
    benchmark:
        result("benchmarks/merge_nulls/contrast-{analysis}.tsv")
    conda:
        "../envs/kernel.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1500),
        runtime=minutes(60),
    params:
        settings=dict(
            n_permutations=config["permutation"]["n_permutations"],
            statistics=config["inference"]["statistics"],
            chunks=CHUNK_SETTINGS,
            library=library("merge_nulls"),
        ),
    message:
        "Merging the null of {wildcards.analysis}"
    script:
        "../scripts/merge_nulls.py"
