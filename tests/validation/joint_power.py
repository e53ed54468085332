"""Power of joint tests of two inputs, beside a correction of each input's own test for their number."""

from dataclasses import dataclass

import numpy as np
from permaps.permutation.smallest import over_all, smallest_p
from permaps.statistics.registry import TIE

from validation import studies
from validation.joint import corrected_p, dependent_maps, joint_model, maxima_of, rng_of, significant
from validation.power import PER_GROUP, SIGNALS

JOINT = ("fisher", "stouffer", "tippett", "wilks")
METHODS = (*JOINT, "smallest", "bonferroni")
# As the power of single statistics is measured with: neither focal nor wide.
SIGNAL = SIGNALS[1]


@dataclass(frozen=True)
class Planted:
    """A group difference that is planted in one or in both of two inputs.

    Attributes
    ----------
    name : str
        Data sets depend on it and on their number alone.
    title : str
    amounts : tuple of float
        What part of the signal each input has.
    correlation : float
        Of the noise of the inputs.
    """

    name: str
    title: str
    amounts: tuple
    correlation: float

    def outcomes(self, indices, n_relabellings):
        """Return how each method does, beside Bonferroni's.

        Returns
        -------
        dict of dict of str to number
            By method: `anywhere`, in how many data sets a true voxel is found; `gained` and `lost`, in how many
            of them where Bonferroni's method finds none, and the reverse; `share`, of the true voxels, summed.
        """
        truth = SIGNAL.effect().ravel() > 0
        found = {what: dict.fromkeys(METHODS, 0) for what in ("anywhere", "gained", "lost", "share")}
        for index in indices:
            shares = {
                method: float(significant(p[truth]).mean())
                for method, p in self.p(index, n_relabellings).items()
            }
            for method, share in shares.items():
                one, other = share > 0, shares["bonferroni"] > 0
                found["anywhere"][method] += one
                found["gained"][method] += one and not other
                found["lost"][method] += other and not one
                found["share"][method] += share
        return found

    def p(self, index, n_relabellings):
        """Return the corrected p of every voxel by each method: a small one says that some input has an effect."""
        rng = rng_of(self.name, index)
        study = studies.two_sample(PER_GROUP, PER_GROUP)(rng)
        maps = dependent_maps(rng, len(study.design), 2, self.correlation)
        effect = (study.design[:, 1:] * SIGNAL.effect().ravel()).astype(np.float32)
        for one, amount in zip(maps, self.amounts, strict=True):
            one += np.float32(amount) * effect
        fitted = studies.model_of(study, maps[0])
        nulls = [maxima_of(fitted, one, index, n_relabellings) for one in maps]
        least = np.min([corrected_p(fitted, *each) for each in zip(maps, nulls, strict=True)], axis=0)
        found = {
            "smallest": over_all(least, smallest_p((maxima, TIE) for maxima in nulls)),
            "bonferroni": np.minimum(1, len(maps) * least),
        }
        for statistic in JOINT:
            model = joint_model(statistic, study, maps)
            found[statistic] = corrected_p(model, maps, maxima_of(model, maps, index, n_relabellings))
        return found


PLANTED = [
    Planted("in_both", "in both", (1.0, 1.0), 0.7),
    Planted("in_both_independent", "in both", (1.0, 1.0), 0.0),
    Planted("in_one", "in one alone", (1.0, 0.0), 0.7),
    Planted("in_one_independent", "in one alone", (1.0, 0.0), 0.0),
]
