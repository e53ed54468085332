"""A cohort like the Localizer's, whose truth is known.

A participant's map is scale * (group mean + association * standardised pseudo + noise). The noise has a
smooth part, a smoother part and a white part. Participant i depends only on (seed, i), so neither the order
of generation nor the size of the cohort changes a map.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from permaps.arithmetic.gaussian import exponential, filtered, weights
from permaps.maps.images import load_volume
from permaps.tables.text import ID, MAP
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import log
from permaps.workflow.threads import in_threads

# The grid of the Localizer's maps: 3 mm, x running from right to left.
SHAPE = (53, 63, 46)
AFFINE = np.array([[-3.0, 0, 0, 78], [0, 3, 0, -111], [0, 0, 3, -51], [0, 0, 0, 1]])
VOXEL = 3.0

# From the Localizer's behavioural table: speed of pseudo-word reading.
PSEUDO_MEAN, PSEUDO_SD = 17.7, 3.5
SITES = (("SHFJ", 0.6), ("Neurospin", 0.4))
# The scanner of a site adds this everywhere, in units of the noise's sd.
SITE_OFFSET = {"SHFJ": 0.0, "Neurospin": 0.15}
MISSING_SHARE = 0.05
SCALE_LOG_SD = 0.2
# (share of the variance, FWHM in mm) of the noise; 0 mm is white.
NOISE = ((0.55, 8.0), (0.25, 20.0), (0.20, 0.0))
# Correlation of the noise of another input with that of the first.
SHARED = 0.6


@dataclass(frozen=True)
class Region:
    """A planted effect: highest at its centre and exactly 0 from `radius` on, so that it has an edge."""

    name: str
    variate: str
    peak: float  # in units of the noise's sd, per standard deviation of the variate
    radius: float  # mm
    centre: tuple  # mm, MNI

    @property
    def sign(self) -> int:
        """The effect's direction, 1 or -1."""
        return 1 if self.peak > 0 else -1

    def effect(self, squares: np.ndarray) -> np.ndarray:
        """Return the effect at places with these squared distances from the centre, mm2, in their shape."""
        return self.peak * np.clip(1 - squares / self.radius**2, 0, None) ** 2


# With 89 participants, t is about 9.4 times the effect. Most statistics should miss the last two of `pseudo`,
# because no study detects every effect.
REGIONS = (
    Region("left inferior frontal gyrus, focal and strong", "pseudo", 0.80, 10, (-45, 15, 21)),
    Region("left temporo-parietal cortex, wide and weak", "pseudo", 0.56, 25, (-48, -60, 24)),
    Region("left fusiform gyrus", "pseudo", 0.68, 13, (-42, -54, -15)),
    Region("right intraparietal sulcus, negative", "pseudo", -0.65, 15, (33, -57, 42)),
    Region("left thalamus, small and weak", "pseudo", 0.35, 8, (-12, -15, 9)),
    Region("right cerebellum, weak", "pseudo", 0.30, 13, (27, -63, -27)),
    Region("right primary motor cortex", "mean", 2.4, 18, (39, -24, 54)),
    Region("left cerebellum, lobule V", "mean", 2.0, 11, (-18, -51, -21)),
    Region("supplementary motor area", "mean", 1.2, 14, (3, -6, 54)),
    Region("left auditory cortex", "mean", 1.2, 17, (-51, -21, 6)),
    Region("right auditory cortex", "mean", 1.2, 17, (54, -18, 6)),
    Region("right putamen", "mean", 0.8, 12, (27, -3, 3)),
    Region("left primary motor cortex, negative", "mean", -0.6, 15, (-39, -24, 54)),
)


def brain() -> np.ndarray:
    """Read the cohort's brain mask: 42,441 voxels of the grid, bool of shape (53, 63, 46).

    It is nilearn's MNI152 brain mask without its outer 9.5 mm, as tests/unit/test_simulation.py makes it. The
    template is wider than first-level masks; without the margins it has as many voxels as the Localizer's, and lacks
    the region of orbitofrontal signal loss.
    """
    return load_volume(Path(__file__).with_name("simulated_brain.nii.gz"))[0] > 0


def on_grid(mask: np.ndarray) -> Iterator[tuple[Region, np.ndarray, dict]]:
    """Yield each region, its effect inside a mask on the grid and 0 elsewhere, and its place, as `plant` takes them.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (53, 63, 46)
    """
    position = np.stack(np.indices(SHAPE), axis=-1) @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    for region in REGIONS:
        shape = np.where(mask, region.effect(((position - region.centre) ** 2).sum(axis=-1)), 0.0)
        yield region, shape, dict(zip("xyz", region.centre, strict=True))


def plant(
    regions: Iterable[tuple[Region, np.ndarray, dict]],
    shape: int | tuple[int, ...],
    elements: str,
    effect_size: float,
    first: int = 1,
) -> tuple[list[dict], dict[str, np.ndarray]]:
    """Return the table of planted regions, and the sum of their effects.

    Parameters
    ----------
    regions : iterable of (Region, array, dict)
        A region, its effect everywhere, and where the table says that it is.
    shape : int or tuple of int
        Of these arrays.
    elements : str
        What the table counts: "voxels".
    effect_size : float
        Factor on the effects of `pseudo`; the group mean stays.
    first : int
        Label of the first region.

    Returns
    -------
    table : list of dict
        Per region: label, name, variate, sign, peak_effect, n_{elements}, and its place.
    effects : dict of str to array
        Variate ("pseudo", "mean") to the sum of its regions' effects.
    """
    table, effects = [], {"pseudo": np.zeros(shape), "mean": np.zeros(shape)}
    for label, (region, effect, place) in enumerate(regions, first):
        factor = effect_size if region.variate == "pseudo" else 1.0
        effects[region.variate] += factor * effect
        table.append(
            {
                "label": label,
                "name": region.name,
                "variate": region.variate,
                "sign": region.sign,
                "peak_effect": factor * region.peak,
                f"n_{elements}": int((effect != 0).sum()),
                **place,
            }
        )
    return table, effects


def truth(mask: np.ndarray, effect_size: float) -> tuple[np.ndarray, list[dict], dict[str, np.ndarray]]:
    """Make the planted effects.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (53, 63, 46)
    effect_size : float
        As for `plant`.

    Returns
    -------
    labels : numpy.ndarray of int16, shape (53, 63, 46)
        k in the k-th region, 0 elsewhere. Regions do not overlap.
    table, effects
        From `plant`.
    """
    regions, labels = list(on_grid(mask)), np.zeros(SHAPE, dtype=np.int16)
    for label, (_, effect, _) in enumerate(regions, 1):
        labels[effect != 0] = label
    return labels, *plant(regions, SHAPE, "voxels", effect_size)


def names(n_subjects: int) -> list[str]:
    """Return participant ids S01, S02, ... of equal length."""
    width = max(2, len(str(n_subjects)))
    return [f"S{i:0{width}d}" for i in range(1, n_subjects + 1)]


def without_pseudo(n_subjects: int) -> set[int]:
    """Return the positions of participants without `pseudo`: one in twenty, evenly spread; 5 of 94."""
    n_missing = round(MISSING_SHARE * n_subjects)
    return {int((k + 0.5) * n_subjects / n_missing) for k in range(n_missing)}


def generator(seed: int, index: int) -> np.random.Generator:
    """Return the random generator of a participant."""
    # Philox is counter-based, so a stream depends only on its key; the spawn key separates (seed, index)
    # pairs.
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(index,))))


def variates(seed: int, index: int) -> dict[str, int | str]:
    """Draw a participant's variates: pseudo (words), age (years), sex, site."""
    rng = generator(seed, index)
    site = SITES[int(rng.random() > SITES[0][1])][0]
    return {
        "pseudo": int(np.clip(round(PSEUDO_MEAN + PSEUDO_SD * rng.standard_normal()), 5, 32)),
        "age": int(min(18 + rng.gamma(1.5, 4.5), 50)),
        "sex": "F" if rng.random() < 0.52 else "M",
        "site": site,
    }


def measured(
    seed: int,
    index: int,
    signal: Callable[[dict, float], np.ndarray],
    noise: Callable[[np.random.Generator], np.ndarray],
    number: int = 0,
) -> np.ndarray:
    """Return what a participant's scanner gives: the participant's scale times signal and noise.

    Parameters
    ----------
    seed, index : int
    signal : callable
        Takes the participant's variates and standardised `pseudo`.
    noise : callable
        Takes the participant's random generator.
    number : int
        Of the input, from 0. The noise of the others is correlated with that of the first.
    """
    row = variates(seed, index)
    # A separate stream, so that a new variate would not change the maps.
    rng = generator(seed, (1 << 31) + index)
    scale = exponential(SCALE_LOG_SD * rng.standard_normal())
    drawn = noise(rng)
    if number:
        own = noise(generator(seed, (number << 32) + index))
        drawn = SHARED * drawn + np.sqrt(1 - SHARED**2) * own
    return scale * (signal(row, (row["pseudo"] - PSEUDO_MEAN) / PSEUDO_SD) + drawn)


def brain_map(
    seed: int,
    index: int,
    effects: dict[str, np.ndarray],
    noise: Callable[[np.random.Generator], np.ndarray],
    number: int = 0,
) -> np.ndarray:
    """Return a participant's map of a brain, float32 of the shape of the effects, which are by variate.

    Takes the others as `measured` does.
    """

    def signal(row, reading):
        return effects["mean"] + reading * effects["pseudo"] + SITE_OFFSET[row["site"]]

    return measured(seed, index, signal, noise, number).astype(np.float32)


def write_cohort(
    path: str | Path,
    maps: dict[str, str],
    seed: int,
    write: Callable[[str, int, str], None] | None = None,
    threads: int = 1,
) -> None:
    """Write the maps of a simulated cohort, and its participants table.

    Parameters
    ----------
    path : path
        Of the table.
    maps : dict of str to str
        The path of each participant's map, by the participant's name.
    seed : int
    write : callable, optional
        Takes the path of a map, the participant's position, from 0, and what the file says that it is, and writes it;
        none where all are in one file.
    threads : int
        As many maps are made at once.
    """
    people = list(enumerate(maps.items()))

    def written(person):
        index, (name, its_map) = person
        write(its_map, index, f"Permaps: simulated participant {name}")

    if write:
        list(in_threads(written, people, threads))
    unread = without_pseudo(len(people))
    rows = [
        {ID: name, MAP: its_map} | variates(seed, index) | ({"pseudo": None} if index in unread else {})
        for index, (name, its_map) in people
    ]
    write_frame(pd.DataFrame(rows).astype({"pseudo": "Int64"}), path)
    log.info("%d participants, %d without pseudo", len(rows), len(unread))


def statistic_map(seed: int, index: int, mask: np.ndarray, effects: dict, number: int = 0) -> np.ndarray:
    """Return a participant's map, as `brain_map` does: on the grid of `SHAPE`, 0 outside the mask of the brain."""
    return np.where(mask, brain_map(seed, index, effects, noise, number), np.float32(0))


def noise(rng: np.random.Generator) -> np.ndarray:
    """Return the noise of one map, of unit variance, shape (x, y, z)."""
    return sum(np.sqrt(share) * _field(rng, fwhm) for share, fwhm in NOISE)


def _field(rng, fwhm):
    """Gaussian noise with unit variance and the given smoothness in mm, uniform up to the grid's edge."""
    sigma = fwhm / VOXEL / np.sqrt(8 * np.log(2))
    margin = int(np.ceil(3 * sigma))
    white = rng.standard_normal([n + 2 * margin for n in SHAPE], dtype=np.float32)
    if sigma == 0:
        return white
    smooth = filtered(white, (sigma,) * 3, "wrap", truncate=3.0)
    middle = tuple(slice(margin, margin + n) for n in SHAPE)
    # The remaining variance of white noise: the sum of the squared kernel, per axis.
    left = np.sqrt((weights(sigma, truncate=3.0) ** 2).sum())
    return smooth[middle] / (left * left * left)
