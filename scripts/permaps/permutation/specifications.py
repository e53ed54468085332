"""What a contrast shows in all of its specifications: how often it is significant, and how often by chance.

The specification curve of Simonsohn, Simmons & Nelson (2020, Nature Human Behaviour 4:1208). Specifications are not
independent: they have the same participants. Where relabelling j is the same in all of them, what they show together
in each relabelling is known, and with it how surprising it is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from permaps.permutation.correction import fwe_p, minus_log10
from permaps.permutation.relabelling import NUMBERED
from permaps.permutation.thresholds import significant
from permaps.spaces.space import Space
from permaps.statistics.registry import STATISTICS


@dataclass(frozen=True)
class Together:
    """What the specifications show together.

    Attributes
    ----------
    n_significant : int
        Specifications with something significant.
    p_as_many : float
        Share of the relabellings in which as many have, or more.
    p_any : float
        Share of the relabellings whose smallest p over the specifications is at most the observed one: the smallest
        p, corrected for having tried all of them.
    """

    n_significant: int
    p_as_many: float
    p_any: float


def together(maxima: Sequence[np.ndarray], alpha: float, tie: float) -> Together:
    """Compare what the specifications show with what they show in each relabelling.

    Parameters
    ----------
    maxima : sequence of numpy.ndarray of float, shape (1 + n_relabellings,)
        The null of each specification, the observed labelling first. Relabelling j is the same in all.
    alpha : float
        Corrected level.
    tie : float
        Of the statistic, as in `permaps.statistics.registry`.
    """
    p = np.array([fwe_p(null, null, tie) for null in maxima])
    counts = significant(minus_log10(p), alpha).sum(axis=0)
    smallest = p.min(axis=0)
    return Together(
        int(counts[0]), float(np.mean(counts >= counts[0])), float(np.mean(smallest <= smallest[0]))
    )


def by_chance(maxima: Sequence[dict[str, np.ndarray]], alpha: float) -> dict[str, Together]:
    """Return what specifications with the same relabellings show together, by the statistics that all have.

    Parameters
    ----------
    maxima : sequence of dict of str to numpy.ndarray of float, shape (1 + n_relabellings,)
        The nulls of each specification, by the names of statistics in file names.
    alpha : float
        Corrected level.
    """
    return {
        stat: together([of[stat] for of in maxima], alpha, STATISTICS[stat].tie)
        for stat in maxima[0]
        if all(stat in of for of in maxima)
    }


def common_place(spaces: Sequence[Space], values: Sequence[np.ndarray]) -> list[int] | None:
    """Return where the specifications together are furthest from 0: an element of each, at one place.

    Effects can be compared at one place alone; each specification has its own peak.

    Parameters
    ----------
    spaces : sequence of permaps.spaces.space.Space
    values : sequence of numpy.ndarray of float, shape (n_elements,)
        The voxel statistic of each.

    Returns
    -------
    list of int or None
        None where they have no place in common, as spaces of unlike kinds.
    """
    if len({space.kind for space in spaces}) > 1:
        return None
    places = spaces[0].place(slice(None))
    try:
        elements = np.array([space.at(places) for space in spaces])
    except KeyError:  # nodes or hemispheres that one of them lacks
        return None
    everywhere = (elements >= 0).all(axis=0)
    if not everywhere.any():
        return None
    elements = elements[:, everywhere]
    mean = np.mean([np.abs(v[at]) for v, at in zip(values, elements, strict=True)], axis=0)
    return elements[:, np.argmax(mean)].tolist()


def same_relabellings(records: Sequence[dict], contrasts: Sequence[str]) -> bool:
    """Tell whether relabelling j is the same in all analyses: same people, blocks, scheme, seed and level.

    Permutations that can be numbered are numbered by who has equal rows of the design.

    Parameters
    ----------
    records : sequence of dict
        The provenance of each analysis.
    contrasts : sequence of str
        That are relabelled; a joint test may be of several.
    """
    known = [[record["contrasts"].get(name) for name in contrasts] for record in records]
    if not contrasts or any(None in plans for plans in known):
        return False
    what = [
        (
            *record["inputs"],
            json.dumps(record["config"]["permutation"] | {"chunk_size": 0}, sort_keys=True),
            record["config"]["inference"]["alpha"],
            *((plan["scheme"], plan["n_relabellings"], _numbered_by(plan)) for plan in plans),
        )
        for record, plans in zip(records, known, strict=True)
    ]
    return len(set(what)) == 1


def _numbered_by(plan):
    # A number beyond 2^53 is text, with its first digits.
    few = float(plan["n_distinct"]) <= NUMBERED * (1 + 1e-3)
    return plan["equal_rows"] if few and plan["scheme"] != "flip" else ""
