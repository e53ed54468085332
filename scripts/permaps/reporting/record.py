"""What a run was made of: people, masks, contrasts and files, so that it can be reported and repeated."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from permaps.maps.store import read_index
from permaps.spaces.files import read_space
from permaps.spaces.masks import on_other_grids
from permaps.tables.ids import PERSON, has_people
from permaps.tables.participants import read_participants
from permaps.tables.text import ID, MAP, map_column
from permaps.tables.tsv import read_frame
from permaps.workflow.jobs import log, read_json
from permaps.workflow.provenance import drawn_in, sha256, software


def record(
    *,
    included: str | Path,
    excluded: str | Path,
    inputs: dict[str, dict],
    plan: str | Path,
    relabellings: str | Path,
    nulls: dict[str, str | Path],
    config: dict,
    missing: Sequence[str | Path] = (),
) -> dict:
    """Return what a run was made of; it holds no date.

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
    config : dict
        As resolved.
    missing : sequence of path
        Per contrast, whether who lacks values goes with it.
    """
    people, gone = read_participants(included), read_participants(excluded)
    contrasts = _with_notes(_with_relabellings(read_json(plan), nulls, relabellings), missing)
    log.info("%d participants, %d contrasts", len(people), len(contrasts))
    return {
        "software": software(),
        "config": config,
        "seeds": {"relabellings": config["permutation"]["seed"], "dataset": config["dataset"].get("seed")},
        "participants": {
            "included": len(people),
            "excluded": len(gone),
            # None where each has one map.
            "people": people[PERSON].nunique() if has_people(config["dataset"]) else None,
            "reasons": gone["reason"].value_counts().sort_index().to_dict(),
            "stand_out": _stand_out(inputs, list(people[ID])),
            **with_maps(inputs, list(people[ID])),
        },
        **_masks(inputs, config),
        "contrasts": contrasts,
        "inputs": _maps_of(inputs, people),
    }


def _mask_images(config):
    """Return the user's mask images by key."""
    places = {
        f"inference.{key}.{name}": where
        for key in ("small_volumes", "regions")
        for name, where in config["inference"][key].items()
    }
    if config["mask"]["strategy"] == "file":
        places["mask.file"] = config["mask"]["file"]
    return {key: where for key, where in places.items() if isinstance(where, str)}


def _masks(inputs, config):
    """Return the analysis mask of every input: by its name, or alone if it has none."""
    masks = {name: _mask_of(files["mask"], files["voxels"], config) for name, files in inputs.items()}
    return {"mask": masks[""]} if masks.keys() == {""} else {"masks": masks}


def _stand_out(inputs, people):
    """Return why maps of participants stand out, with the name of the input if it has one."""
    reasons = {}
    for name, files in inputs.items():
        flags = read_frame(files["metrics"], participant_id=str, stands_out=str).set_index(ID)["stands_out"]
        for person, why in flags.dropna().items():
            reasons.setdefault(person, []).append(f"{name}: {why}" if name else why)
    return {person: "; ".join(why) for person, why in reasons.items() if person in people}


def with_maps(inputs: dict[str, dict], people: list[str]) -> dict[str, dict[str, int]]:
    """Return how many of those who are analysed have a map, by the name of the input if it has one.

    Parameters
    ----------
    inputs : dict of str to dict of str to path
        As in `record`.
    people : list of str
        Who is analysed.
    """
    if inputs.keys() == {""}:
        return {}
    counts = {
        name: int(read_participants(files["with_maps"])[ID].isin(people).sum())
        for name, files in inputs.items()
    }
    return {"with_maps": counts}


def _mask_of(mask, voxels, config):
    """Return what an analysis mask is, and how many elements left it, by reason."""
    space = read_space(mask)
    return {
        "kind": space.kind,
        f"n_{space.elements}": space.n_elements,
        **space.measures(),
        **({"resampled": on_other_grids(space, _mask_images(config))} if space.kind == "volume" else {}),
        "sha256": sha256(mask),
        "left_out": pd.read_csv(voxels, sep="\t").set_index("reason")[f"n_{space.elements}"].to_dict(),
    }


def _maps_of(inputs, people):
    """Return the files of every participant's maps, with their checksums."""
    by_person = {person: {} for person in people[ID]}
    for name, files in inputs.items():
        entries = read_index(files["images"])
        for person, path in zip(people[ID], people[map_column(name)], strict=True):
            if isinstance(path, str):
                by_person[person][name] = {"map": path, "sha256": entries[person][MAP].checksums}
    return {person: maps.get("", maps) for person, maps in by_person.items()}


def _with_relabellings(plans, nulls, counted):
    """Return the plan of each contrast, with the number of relabellings in its null and the smallest p by them."""
    smallest = read_frame(counted, contrast=str).set_index("contrast")["smallest_p"]
    return {
        name: plans[name] | drawn_in(path, plans[name]["n_distinct"]) | {"smallest_p": smallest[name]}
        for name, path in nulls.items()
    }


def _with_notes(contrasts, tables):
    """Return the contrasts, their warnings with what the tables of missing values say."""
    for path in tables:
        for row in pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).itertuples():
            contrasts[row.contrast]["warnings"] += [row.note] if row.note else []
    return contrasts
