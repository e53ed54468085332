"""Small studies of every kind that tests of the statistics run through, and the way to their model."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from permaps.permutation.model import contrast_model

RNG = np.random.default_rng(20)
ONE = np.ones(12)
GROUP = np.repeat([0.0, 1.0], 6)
GROUPS = np.eye(3)[np.arange(12) % 3]
SCORE = RNG.standard_normal(12)
AGE = 40 + 10 * RNG.standard_normal(12) + 5 * GROUP
PAIR = np.arange(12) // 2
PAIRS = np.eye(6)[PAIR]
TIME = np.tile([0.0, 1.0], 6)


@dataclass
class Study:
    """A design, a contrast, and how it is relabelled."""

    columns: list
    contrast: list
    scheme: str
    blocks: dict = field(default_factory=dict)

    @property
    def design(self):
        return np.column_stack(self.columns)

    @property
    def weights(self):
        return np.atleast_2d(np.array(self.contrast, float))

    @property
    def is_f(self):
        return len(self.weights) > 1

    @property
    def statistic(self):
        return "F" if self.is_f else "t"

    def contrast_model(self, groups=None, **options):
        """Return the model of the contrast."""
        blocks = {kind: rows.tolist() for kind, rows in self.blocks.items()}
        return contrast_model(
            self.design, self.weights, self.statistic, self.scheme, blocks, groups, **options
        )

    @cached_property
    def _shared(self):
        return self.contrast_model()

    def model(self):
        """Return what is evaluated, and the exchangeability: of one model, as chunks read it from a file."""
        return self._shared.estimator(), self._shared.exchangeability

    def maps(self, n_voxels=60, seed=0):
        """Noise around means that differ, with an effect of the tested columns in some voxels."""
        rng = np.random.default_rng(seed)
        effect = self.design @ self.weights.sum(axis=0)
        effect /= np.abs(effect).max()
        planted = np.where(np.arange(n_voxels) % 4 == 0, 1.0, 0.0)
        noise = rng.standard_normal((len(effect), n_voxels)) + 5 * rng.standard_normal(n_voxels)
        return (noise + np.outer(effect, planted)).astype(np.float32)


STUDIES = {
    "one sample": Study([ONE], [1], "flip"),
    "one sample with a covariate": Study([ONE, SCORE - SCORE.mean()], [1, 0], "flip"),
    "two groups": Study([ONE, GROUP], [0, 1], "permute"),
    "two groups without an intercept": Study([1 - GROUP, GROUP], [-1, 1], "permute"),
    "two groups and age": Study([ONE, GROUP, AGE], [0, 1, 0], "permute"),
    "a regressor": Study([ONE, SCORE], [0, 1], "permute"),
    "a regressor, negative": Study([ONE, SCORE], [0, -1], "permute"),
    "a regressor without an intercept": Study([SCORE], [1], "permute"),
    "slopes that differ": Study(
        [1 - GROUP, GROUP, SCORE * (1 - GROUP), SCORE * GROUP], [0, 0, 1, -1], "permute"
    ),
    "three groups": Study([*GROUPS.T], [[1, -1, 0], [0, 1, -1]], "permute"),
    "three groups, age and score": Study(
        [*GROUPS.T, AGE, SCORE], [[1, -1, 0, 0, 0], [0, 1, -1, 0, 0]], "permute"
    ),
    "two regressors at once": Study([ONE, AGE, SCORE], [[0, 1, 0], [0, 0, 1]], "both"),
    "pairs": Study([*PAIRS.T, TIME], [0, 0, 0, 0, 0, 0, 1], "permute", {"within": PAIR}),
    "pairs and a covariate": Study(
        [*PAIRS.T, TIME, SCORE], [0, 0, 0, 0, 0, 0, 1, 0], "permute", {"within": PAIR}
    ),
    "families as wholes": Study([ONE, AGE, TIME], [0, 1, 0], "permute", {"whole": PAIR}),
    "families as wholes, flipped too": Study([ONE, AGE, SCORE], [0, 1, 0], "both", {"whole": PAIR}),
    "families and their members": Study(
        [ONE, AGE, SCORE], [0, 1, 0], "permute", {"within": PAIR, "whole": PAIR}
    ),
    "units of very different size": Study([1e-6 * ONE, 1e7 * AGE, 1e-5 * SCORE], [0, 1, 0], "permute"),
}
