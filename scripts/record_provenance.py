"""The provenance of a run, so that it can be reported and repeated."""

from permaps.reporting.record import record
from permaps.workflow.jobs import job, write_json
from permaps.workflow.provenance import plain

BIDS_VERSION = "1.10.0"


def main(*, output, description, version, code, snakemake_version, **made_of):
    """Write provenance.json and the BIDS dataset_description.json.

    Parameters
    ----------
    output, description : path
    version, code, snakemake_version : str
        Of Permaps, a digest of its files, and of the engine.
    made_of
        As `permaps.reporting.record.record` takes it.
    """
    known = record(**made_of)
    known["software"] |= {"snakemake": snakemake_version}
    write_json(output, plain({"permaps": {"version": version, "code": code}} | known))
    write_json(
        description,
        {
            "Name": "Permaps: permutation inference on brain maps",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [{"Name": "Permaps", "Version": version}],
        },
    )


if "snakemake" in globals():
    with job(snakemake):
        settings = snakemake.params.settings
        main(
            included=snakemake.input.included,
            excluded=snakemake.input.excluded,
            inputs={
                name: dict(zip(("images", "with_maps", "metrics", "mask", "voxels"), files, strict=True))
                for name, *files in zip(
                    settings["inputs"] or [""],
                    snakemake.input.images,
                    snakemake.input.with_maps,
                    snakemake.input.metrics,
                    snakemake.input.masks,
                    snakemake.input.voxels,
                    strict=True,
                )
            },
            plan=snakemake.input.plan,
            relabellings=snakemake.input.relabellings,
            nulls=dict(zip(settings["contrasts"], snakemake.input.nulls, strict=True)),
            output=snakemake.output.provenance,
            description=snakemake.output.description,
            config=settings["config"],
            version=settings["version"],
            code=settings["code"],
            snakemake_version=settings["snakemake_version"],
            missing=list(snakemake.input.missing),
        )
