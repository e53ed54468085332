"""The simulated cohort as a table: the same people, and the thickness of the regions of Desikan and Killiany."""

import numpy as np

from permaps.cohort import simulation

REGIONS = (
    "bankssts", "caudalanteriorcingulate", "caudalmiddlefrontal", "cuneus", "entorhinal", "frontalpole",
    "fusiform", "inferiorparietal", "inferiortemporal", "insula", "isthmuscingulate", "lateraloccipital",
    "lateralorbitofrontal", "lingual", "medialorbitofrontal", "middletemporal", "paracentral",
    "parahippocampal", "parsopercularis", "parsorbitalis", "parstriangularis", "pericalcarine",
    "postcentral", "posteriorcingulate", "precentral", "precuneus", "rostralanteriorcingulate",
    "rostralmiddlefrontal", "superiorfrontal", "superiorparietal", "superiortemporal", "supramarginal",
    "temporalpole", "transversetemporal",
)  # fmt: skip
# In units of the noise's sd, per standard deviation of `pseudo`.
PLANTED = {
    "lh_parsopercularis": 0.7,
    "lh_supramarginal": 0.6,
    "lh_fusiform": 0.6,
    "rh_superiorparietal": -0.55,
    "lh_inferiorparietal": 0.4,
}
MEAN, SD = 2.5, 0.15  # mm
# Share of the noise that all regions of a person have in common.
COMMON = 0.3


def columns() -> list[str]:
    """Return the names of the columns, as FreeSurfer's aparcstats2table writes them."""
    return [f"{side}_{region}_thickness" for side in ("lh", "rh") for region in REGIONS]


def planted(effect_size: float) -> np.ndarray:
    """Return the effect of `pseudo` on each region, shape (n_regions,)."""
    return np.array([effect_size * PLANTED.get(name.removesuffix("_thickness"), 0.0) for name in columns()])


def thickness(seed: int, index: int, effect: np.ndarray, number: int = 0) -> np.ndarray:
    """Return the thickness of a participant's regions in mm, shape (n_regions,)."""

    def noise(rng):
        return np.sqrt(COMMON) * rng.standard_normal() + np.sqrt(1 - COMMON) * rng.standard_normal(
            len(effect)
        )

    return MEAN + SD * simulation.measured(seed, index, lambda row, reading: reading * effect, noise, number)
