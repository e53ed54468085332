"""Maps among BIDS derivatives, found by the entities in their names.

Own code in place of pybids, which needs a database and reads every side-car: it would run at each start of Snakemake.
"""

import functools
import os
import re
from pathlib import Path

from permaps.maps.map_paths import HEMI
from permaps.workflow.errors import UserError, listed, nearest

# Endings of maps: side-cars, tables, reports and figures have the same entities.
IMAGES = (".nii.gz", ".nii", ".dscalar.nii", ".pscalar.nii", ".func.gii", ".shape.gii")
# What pybids and its users call these.
_SHORT = {"subject": "sub", "session": "ses", "hemisphere": "hemi", "description": "desc"}
_SUFFIX, _EXTENSION = "suffix", "extension"


def entities_of(name: str) -> dict[str, str]:
    """Return the entities of a file's name, with `suffix` and `extension`.

    Parameters
    ----------
    name : str
        Such as sub-01_task-faces_contrast-fear_stat-effect_statmap.nii.gz.
    """
    stem, dot, extension = name.partition(".")
    *pairs, suffix = stem.split("_")
    entities = dict(pair.partition("-")[::2] for pair in pairs if "-" in pair)
    return entities | {_SUFFIX: suffix, _EXTENSION: dot + extension}


@functools.lru_cache(maxsize=4)
def _below(folder):
    """Return (path, entities) of the images below a folder that are someone's."""
    images = []
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            entities = entities_of(name)
            if "sub" in entities and entities[_EXTENSION] in IMAGES:
                images.append((os.path.join(place, name), entities))
    return images


def find_maps(
    folder: str | Path, entities: dict, people: list[str | None], sessions: list[str | None]
) -> list[str | None]:
    """Return each row's map among derivatives, or None.

    Parameters
    ----------
    folder : path
    entities : dict of str to str
        What the name of a map must say.
    people : list of (str or None)
        Of each row, the person's id, with or without "sub-".
    sessions : list of (str or None)
        Of each row, the session, with or without "ses-"; None for any.

    Returns
    -------
    list of (str or None)
        A path with {hemi} where a map has a file per hemisphere.

    Raises
    ------
    UserError
        If no file has an entity, or several files fit one row.
    """
    if not os.path.isdir(folder):
        raise UserError(
            f"dataset.maps: {folder} is no folder; with dataset.entities, expected that of the derivatives."
        )
    wanted = {_SHORT.get(key, key): str(value) for key, value in entities.items()}
    files = _below(folder)
    _refuse_unknown(wanted, files, folder)
    fitting = {}
    for path, has in files:
        if all(has.get(key) == value for key, value in wanted.items()):
            fitting.setdefault(has["sub"], []).append((path, has))
    return [
        _only(fitting.get(person.removeprefix("sub-"), []), session, person, wanted) if person else None
        for person, session in zip(people, sessions, strict=True)
    ]


def _refuse_unknown(wanted, files, folder):
    for key, value in wanted.items():
        there = sorted({has[key] for _, has in files if key in has})
        if value not in there:
            known = sorted({name for _, has in files for name in has})
            instead = (
                f"{nearest(value, there) or '.'} There are: {listed(there)}."
                if there
                else f" or any other {key}. The entities are: {listed(known)}."
            )
            raise UserError(f"dataset.entities.{key}: no image below {folder} has {key}-{value}{instead}")


def _only(files, session, person, wanted):
    if session is not None:
        files = [one for one in files if one[1].get("ses") == session.removeprefix("ses-")]
    # A file per hemisphere is one map.
    paths = dict.fromkeys(re.sub(r"hemi-[LR](?=_)", f"hemi-{HEMI}", path) for path, _ in files)
    if len(paths) > 1:
        varying = {
            key: sorted({has.get(key, "none") for _, has in files})
            for key in dict.fromkeys(key for _, has in files for key in has)
            if key != "hemi" and key not in wanted and len({has.get(key) for _, has in files}) > 1
        }
        differ = "; ".join(f"{key}: {', '.join(values)}" for key, values in varying.items())
        advice = (
            "say in dataset.entities which" + (", or list dataset.sessions" if "ses" in varying else "")
            if varying
            else "take all but one out of the folder"
        )
        raise UserError(
            f"dataset.entities: {len(paths)} files fit {person}, the first {next(iter(paths))}; expected one. They "
            f"differ in {differ or 'their folders alone'}: {advice}."
        )
    return next(iter(paths), None)
