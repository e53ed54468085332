"""The observed maps: computed once, and read by every job that needs them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from permaps.permutation.correction import fwe_p, minus_log10
from permaps.permutation.from_settings import enhancement_of, p_scale
from permaps.permutation.model import Model
from permaps.permutation.null import ENHANCED, heights_of, observed_statistic
from permaps.permutation.smallest import parts_of
from permaps.spaces.space import Space
from permaps.spaces.stored import space_arrays, take_space
from permaps.statistics.enhanced_maps import clusters, tfce_map
from permaps.statistics.registry import STATISTICS
from permaps.workflow.arrays import read_arrays, write_arrays


@dataclass(frozen=True)
class Observed:
    """The observed maps of an analysis.

    Attributes
    ----------
    space : permaps.spaces.space.Space
        What the maps are defined on.
    scheme : {"permute", "flip", "both"}
        How the analysis is relabelled: relabelling j is the same for all contrasts of one scheme.
    both_signs : bool
        Whether values count by their absolute value.
    measures : dict of str to numpy.ndarray of float64, shape (n_elements,)
        By the key of a statistic, with its sign if it has one: `voxel` and, if maps are enhanced, `tfce`,
        `cluster_size` and `cluster_mass`. An element has the size or mass of its cluster, and 0 outside
        clusters. With bounds on true discoveries also `p`, the p that they are computed from.
    """

    space: Space
    scheme: str
    both_signs: bool
    measures: dict

    def measure(self, stat: str) -> np.ndarray:
        """Return the map of a statistic, by its name in file names; shape (n_elements,)."""
        return self.measures[STATISTICS[stat].key]

    def reach(self, stat: str) -> np.ndarray:
        """Return what is compared with the null, absolute values if both signs count; shape (n_elements,)."""
        return np.abs(self.measure(stat)) if self.both_signs else self.measure(stat)

    def corrected(self, null: str | Path, stats: Iterable[str]) -> dict[str, np.ndarray]:
        """Return the family-wise-error-corrected p of every element.

        Parameters
        ----------
        null : path
            .npz, as `merge_nulls` writes it. If parts have maxima of their own, they are corrected together.
        stats : iterable of str
            Names of statistics as in file names.

        Returns
        -------
        dict of str to numpy.ndarray of float, shape (n_elements,)
            By those names.
        """
        maxima, p = read_arrays(null), {}
        for stat in stats:
            key, tie, reach = STATISTICS[stat].key, STATISTICS[stat].tie, self.reach(stat)
            if parts := parts_of(maxima, key):
                own = np.empty(len(reach))
                for name, (inside, _) in self.space.parts.items():
                    own[inside] = fwe_p(reach[inside], maxima[parts[name]], tie)
                reach = minus_log10(own)
            p[stat] = fwe_p(reach, maxima[key], tie)
        return p

    def save(self, path: str | Path) -> None:
        """Write it to a file that `load` reads."""
        write_arrays(
            path, scheme=self.scheme, both_signs=self.both_signs, **space_arrays(self.space), **self.measures
        )

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote."""
        stored = read_arrays(path)
        return cls(take_space(stored), str(stored.pop("scheme")), bool(stored.pop("both_signs")), stored)


def observe(
    matrix: np.ndarray | str | Path, model: Model, settings: dict, covariates: Sequence[str | Path] = ()
) -> Observed:
    """Compute the observed maps of an analysis.

    Parameters
    ----------
    matrix, model
        As for `permaps.permutation.chunk.compute_chunk`; a matrix may also be an array.
    settings : dict
        The settings of the chunks.
    covariates : list of path
        The voxelwise covariates.
    """
    values = observed_statistic(
        model.maps(matrix), model.estimator(covariates), model.exchangeability, is_f=model.is_f
    )
    enhancement, both_signs = enhancement_of(model, settings)
    measures = {"voxel": values}
    if enhancement:
        # In single precision, as the null enhances them.
        heights = heights_of(values, model.rescaled)
        measures |= {name: np.empty(len(values)) for name in ENHANCED}
        for inside, part in enhancement.parts.values():
            own = heights[inside]
            label, size, mass = clusters(own, part.adjacency, part.threshold, both_signs)
            measures["tfce"][inside] = tfce_map(own, part.adjacency, part.extent, part.height, both_signs)
            measures["cluster_size"][inside], measures["cluster_mass"][inside] = size[label], mass[label]
    if scale := p_scale(model, settings):
        measures["p"] = scale.of(heights_of(values, model.rescaled))
    return Observed(model.space, model.scheme, both_signs, measures)
