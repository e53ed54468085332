"""The provenance of a run, so that it can be reported and repeated."""

import pandas as pd
from permaps.inputs.ids import PERSON, has_people
from permaps.inputs.participants import read_participants
from permaps.inputs.store import read_index
from permaps.inputs.tables import ID, MAP, map_column
from permaps.inputs.tsv import read_frame
from permaps.spaces.files import read_space
from permaps.spaces.masks import on_other_grids
from permaps.workflow.jobs import job, log, read_json, write_json
from permaps.workflow.provenance import drawn_in, plain, sha256, software

BIDS_VERSION = "1.10.0"


def main(
    *, included, excluded, inputs, plan, relabellings, nulls, output, description, config, version, code,
    snakemake_version, missing=()
):  # fmt: skip
    """Write provenance.json and the BIDS dataset_description.json; neither holds a date.

    Parameters
    ----------
    included, excluded : path
        Participants who stay, and those who left with their reason.
    inputs : dict of str to dict of str to path
        By the name of each input, "" for one without: `images`, what the images are, checksums among it;
        `with_maps`, who has a map of use; `metrics`, what every map looks like, and which of them stand out; `mask`,
        that of the analysis; `voxels`, which left it, by reason.
    plan : path
        Scheme, degrees of freedom and distinct relabellings per contrast (JSON).
    relabellings : path
        The smallest p that each contrast can have.
    nulls : dict of str to path
        Merged maxima per contrast.
    output, description : path
    config : dict
        As resolved.
    version, code, snakemake_version : str
        Of Permaps, a digest of its files, and of the engine.
    missing : list of path
        Per contrast, whether who lacks values goes with it.
    """
    people, gone = read_participants(included), read_participants(excluded)
    contrasts = with_notes(with_relabellings(read_json(plan), nulls, relabellings), missing)
    log.info("%d participants, %d contrasts", len(people), len(contrasts))
    record = {
        "permaps": {"version": version, "code": code},
        "software": software() | {"snakemake": snakemake_version},
        "config": config,
        "seeds": {"relabellings": config["permutation"]["seed"], "dataset": config["dataset"].get("seed")},
        "participants": {
            "included": len(people),
            "excluded": len(gone),
            # None where each has one map.
            "people": people[PERSON].nunique() if has_people(config["dataset"]) else None,
            "reasons": gone["reason"].value_counts().sort_index().to_dict(),
            "stand_out": stand_out(inputs, list(people[ID])),
            **with_maps(inputs, list(people[ID])),
        },
        **by_input(
            "mask", {name: mask_of(files["mask"], files["voxels"], config) for name, files in inputs.items()}
        ),
        "contrasts": contrasts,
        "inputs": maps_of(inputs, people),
    }
    write_json(output, plain(record))
    write_json(
        description,
        {
            "Name": "Permaps: permutation inference on brain maps",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [{"Name": "Permaps", "Version": version}],
        },
    )


def mask_images(config):
    """Return the user's mask images by key."""
    places = {
        f"inference.{key}.{name}": where
        for key in ("small_volumes", "regions")
        for name, where in config["inference"][key].items()
    }
    if config["mask"]["strategy"] == "file":
        places["mask.file"] = config["mask"]["file"]
    return {key: where for key, where in places.items() if isinstance(where, str)}


def by_input(key, entries):
    """Return what there is of every input: by its name, or alone if it has none."""
    return {key: entries[""]} if entries.keys() == {""} else {f"{key}s": entries}


def stand_out(inputs, people):
    """Return why maps of participants stand out, with the name of the input if it has one."""
    reasons = {}
    for name, files in inputs.items():
        flags = read_frame(files["metrics"], participant_id=str, stands_out=str).set_index(ID)["stands_out"]
        for person, why in flags.dropna().items():
            reasons.setdefault(person, []).append(f"{name}: {why}" if name else why)
    return {person: "; ".join(why) for person, why in reasons.items() if person in people}


def with_maps(inputs, people):
    """Return how many of those who are analysed have a map, by the name of the input if it has one."""
    if inputs.keys() == {""}:
        return {}
    counts = {
        name: int(read_participants(files["with_maps"])[ID].isin(people).sum())
        for name, files in inputs.items()
    }
    return {"with_maps": counts}


def mask_of(mask, voxels, config):
    """Return what an analysis mask is, and how many elements left it, by reason."""
    space = read_space(mask)
    return {
        "kind": space.kind,
        f"n_{space.elements}": space.n_elements,
        **space.measures(),
        **({"resampled": on_other_grids(space, mask_images(config))} if space.kind == "volume" else {}),
        "sha256": sha256(mask),
        "left_out": pd.read_csv(voxels, sep="\t").set_index("reason")[f"n_{space.elements}"].to_dict(),
    }


def maps_of(inputs, people):
    """Return the files of every participant's maps, with their checksums."""
    by_person = {person: {} for person in people[ID]}
    for name, files in inputs.items():
        entries = read_index(files["images"])
        for person, path in zip(people[ID], people[map_column(name)], strict=True):
            if isinstance(path, str):
                by_person[person][name] = {"map": path, "sha256": entries[person][MAP].checksums}
    return {person: maps.get("", maps) for person, maps in by_person.items()}


def with_relabellings(plans, nulls, counted):
    """Return the plan of each contrast, with the number of relabellings in its null and the smallest p by them."""
    smallest = read_frame(counted, contrast=str).set_index("contrast")["smallest_p"]
    return {
        name: plans[name] | drawn_in(path, plans[name]["n_distinct"]) | {"smallest_p": smallest[name]}
        for name, path in nulls.items()
    }


def with_notes(contrasts, tables):
    """Return the contrasts, their warnings with what the tables of missing values say."""
    for path in tables:
        for row in pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).itertuples():
            contrasts[row.contrast]["warnings"] += [row.note] if row.note else []
    return contrasts


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
