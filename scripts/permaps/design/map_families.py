"""Images whose names differ in the person, the session and the hemisphere alone: what may be the maps of a study."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from permaps.cohort.bids import entities_of
from permaps.maps.map_paths import VOLUMES

# Names of maps of an effect, and of what lies beside them.
_EFFECT = re.compile(r"stat-effect|con_\d+|cope\d*|beta|thickness|contrast", re.I)
_BESIDE = re.compile(r"stat-(?!effect)|var|mask|ResMS|zstat|tstat|spmT|bold|dseg|probseg|T1w", re.I)
# Names of maps that are smoothed already.
_SMOOTHED = re.compile(r"con_\d+\.|cope|skeleton|fwhm[1-9]|desc-s\d|/s\d?w|smooth", re.I)
# What differs between maps of one kind.
_CONTRAST = re.compile(r"contrast-[A-Za-z0-9]+|con_\d+|cope\d+")
_SESSION = re.compile(r"ses-([A-Za-z0-9]+)")
_SIDE = re.compile(r"((?:^|[/._-]|hemi-))(lh|rh|L|R)(?=[._-])")


@dataclass(frozen=True)
class Family:
    """Images whose names differ in the person, the session and the hemisphere alone.

    Attributes
    ----------
    pattern : str
    example : str
        One of them, as a pattern with {hemi} if there are two hemispheres.
    n_people, n_maps : int
    sessions : tuple of str
        Empty if there is one at most.
    """

    pattern: str
    example: str
    n_people: int
    n_maps: int
    sessions: tuple

    @property
    def contrast(self) -> str:
        """The first-level contrast that the name says, or ""."""
        match = _CONTRAST.search(os.path.basename(self.pattern))
        return match[0].removeprefix("contrast-") if match else ""

    @property
    def likeness(self) -> str:
        """What it has in common with the maps of other contrasts."""
        folder, name = os.path.split(self.pattern)
        return os.path.join(folder, _CONTRAST.sub("*", name))

    @property
    def lies_beside(self) -> bool:
        """Whether it is what lies beside maps of an effect, by the name."""
        return bool(_BESIDE.search(os.path.basename(self.pattern)))

    @property
    def order(self) -> tuple:
        """Sorts the maps that are most likely meant to the front."""
        pattern, name = self.pattern, os.path.basename(self.pattern)
        likely = bool(_EFFECT.search(name)) - self.lies_beside + ("contrast" in entities_of(name))
        return -likely, -self.n_people, not is_smoothed(pattern), pattern.count("/"), self.contrast, pattern


def is_smoothed(pattern: str) -> bool:
    """Tell whether maps are smoothed already, by the name."""
    return bool(_SMOOTHED.search(pattern))


def map_families(folder: str | Path, rows: list[dict], who: str, images: list[str]) -> list[Family]:
    """Return the images that may be the maps of a study, those first that are most likely meant.

    Parameters
    ----------
    folder : path
        That of the table.
    rows : list of dict
        Of the table, as `permaps.tables.text.read_rows` gives them.
    who : str
        The column with the ids.
    images : list of str
        Below the folder.
    """
    return sorted(_families(_patterns(folder, rows, who, images)), key=lambda family: family.order)


def _families(patterns):
    """Join patterns that differ in the session or the hemisphere alone."""
    joined = {}
    for pattern, having in patterns.items():
        session = _SESSION.search(pattern)
        side = _SIDE.search(pattern) if not pattern.lower().endswith(VOLUMES) else None
        general = _SIDE.sub(r"\1{hemi}", pattern) if side else pattern
        general = _SESSION.sub("ses-{session}", general)
        joined.setdefault(general, []).append((session and session[1], side and side[2], having))
    families = []
    for general, members in joined.items():
        sessions = sorted({session for session, *_ in members if session})
        sides = {side for _, side, _ in members if side}
        example = next(iter(members[0][2].values()))
        if len(sides) > 1:
            example = _SIDE.sub(r"\1{hemi}", example)
        elif sides:
            general = general.replace("{hemi}", *sides)
        if len(sessions) == 1:
            general = general.replace("{session}", *sessions)
        maps = {(person, session) for session, _, having in members for person in having}
        n_people = len({person for person, _ in maps})
        families.append(
            Family(general, example, n_people, len(maps), tuple(sessions) if len(sessions) > 1 else ())
        )
    return families


def _patterns(folder, rows, who, images):
    """Return {pattern with the id's placeholder: {person: image}}."""
    having = {}
    names = sorted((row[who] for row in rows if row[who]), key=len, reverse=True)
    # An id is a whole word in the path, so that sub-1 is none in sub-10.
    known = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(map(re.escape, names))})(?![A-Za-z0-9])")
    for path in images:
        relative = os.path.relpath(path, folder)
        if "{" in relative or not (match := known.search(relative)):
            continue
        pattern = known.sub(lambda m, one=match[1]: f"{{{who}}}" if m[1] == one else m[0], relative)
        having.setdefault(pattern, {})[match[1]] = path
    return {pattern: people for pattern, people in having.items() if 2 * len(people) >= len(names)}
