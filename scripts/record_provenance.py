"""The provenance of a run, so that it can be reported and repeated."""

from permaps.reporting.record import record
from permaps.workflow.jobs import job, write_json
from permaps.workflow.provenance import plain

BIDS_VERSION = "1.10.0"


def main(*, provenance, description, version, code, snakemake_version, **made_of):
    """Write provenance.json and the BIDS dataset_description.json.

    Parameters
    ----------
    provenance, description : path
    version, code, snakemake_version : str
        Of Permaps, a digest of its files, and of the engine.
    made_of
        As `permaps.reporting.record.record` takes it.
    """
    known = record(**made_of)
    known["software"] |= {"snakemake": snakemake_version}
    write_json(provenance, plain({"permaps": {"version": version, "code": code}} | known))
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
        given, settings = dict(snakemake.input.items()), dict(snakemake.params.settings)
        kinds = ("images", "with_maps", "metrics", "mask", "voxels")
        files = zip(*(given.pop(kind) for kind in kinds), strict=True)
        main(
            inputs={
                name: dict(zip(kinds, its, strict=True))
                for name, its in zip(settings.pop("inputs") or [""], files, strict=True)
            },
            nulls=dict(zip(settings.pop("contrasts"), given.pop("nulls"), strict=True)),
            **given,
            **settings,
            **snakemake.output,
        )
