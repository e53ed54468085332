"""Small studies without an effect, and how often the workflow's statistics find one in them.

Everything goes through the library as a run does: the scheme that `auto` chooses, the model, the maxima of
every relabelling, the observed maps, the corrected p. A study is a few thousandths of a brain, so that a
thousand of them take seconds.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from permaps.design import partition, scheme
from permaps.permutation import correction, from_settings, model, null, observed, smallest
from permaps.spaces.edges import Edges
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.parcels import Parcels
from permaps.spaces.space import Space
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume
from permaps.statistics import registry
from scipy.special import log_ndtr, ndtri

STATISTICS = ("voxel", "tfce", "cluster_size", "cluster_mass")
SHAPE = (10, 10, 10)
FWHM = 3.0  # voxels
ALPHA = 0.05
# The exponents of TFCE where the extent is an area.
ON_MESH = {"extent": 1.0, "height": 2.0}
SETTINGS = {
    "two_sided": True,
    "enhance": True,
    "connectivity": 6,
    "tfce": {"extent": 0.5, "height": 2.0},
    # At the default 0.001 so small a volume seldom holds a cluster, and two empty maps tie.
    "cluster_p": 0.01,
}


@dataclass(frozen=True)
class Study:
    """A design, the contrast tested, and what may be exchanged.

    Attributes
    ----------
    design : numpy.ndarray, shape (n_participants, n_columns)
        A column of NaN is a map.
    contrast : numpy.ndarray, shape (n_rows, n_columns)
        Several rows are an F.
    blocks : dict
        `within`, `whole` and `nested`, as the config's columns give them.
    shared : array of int, optional
        Participants of one number share half the variance of their noise.
    effect : array of float, optional
        What each column of the design truly does to the maps, in standard deviations; 0 for what is tested.
    scale : array of float, optional
        Standard deviation of each participant's noise.
    groups : array of int, optional
        Variance groups, as the analysis takes them.
    missing : float
        Share of each map that is missing, in patches.
    cut : sequence of int
        Participants whose maps end in the middle of the volume.
    covariate : array of float32, optional
        The design's column that is a map, shape (n_participants, n_voxels).
    variance_fwhm : float
        In voxels: how much the residual variance is smoothed.
    scheme : str
        As in the config.
    space : permaps.spaces.space.Space, optional
        What the maps are defined on, if not a box of voxels.
    shape : tuple of int
        Of the box in which the noise is smooth, if that is another one.
    settings : dict
        Other settings than usual.
    """

    design: np.ndarray
    contrast: np.ndarray
    blocks: dict = field(default_factory=dict)
    shared: np.ndarray | None = None
    effect: tuple = ()
    scale: np.ndarray | None = None
    groups: np.ndarray | None = None
    missing: float = 0.0
    cut: tuple = ()
    covariate: np.ndarray | None = None
    variance_fwhm: float = 0.0
    scheme: str = "auto"
    space: Space | None = None
    shape: tuple = ()
    settings: dict = field(default_factory=dict)

    @property
    def covariates(self):
        """The covariates that are maps."""
        return [] if self.covariate is None else [self.covariate]


@dataclass(frozen=True)
class Scenario:
    """A kind of study whose error rate is measured.

    Attributes
    ----------
    name : str
        Data sets depend on it and on their number alone.
    title : str
        As the table in the docs says it.
    study : callable
        Takes a random generator, returns a Study.
    noise : str
        A key of NOISE.
    fails : str
        Why the error rate is known to be off, where it is.
    scheme : str
        As in the config.
    """

    name: str
    title: str
    study: Callable
    noise: str = "normal"
    fails: str = ""
    scheme: str = "auto"


def _intercept(*columns):
    return np.column_stack([np.ones(len(columns[0])), *columns])


def two_sample(first, second):
    """Two groups of these sizes."""
    group = np.repeat([0.0, 1.0], [first, second])
    return lambda rng: Study(_intercept(group), np.array([[0.0, 1.0]]))


def nuisance(per_group):
    """Two groups, and a covariate that is twice the group and noise, and does have an effect."""
    group = np.repeat([0.0, 1.0], per_group)

    def study(rng):
        covariate = 2 * group + rng.standard_normal(2 * per_group)
        contrast = np.array([[0.0, 0.0, 1.0]])
        return Study(_intercept(covariate, group), contrast, effect=(0.0, 1.0, 0.0))

    return study


def regression(n):
    """A covariate of interest, drawn again for every data set."""
    return lambda rng: Study(_intercept(rng.standard_normal(n)), np.array([[0.0, 1.0]]))


def one_sample(n):
    """A mean against 0."""
    return lambda rng: Study(np.ones((n, 1)), np.ones((1, 1)))


def groups(*sizes):
    """An F over the differences between several groups."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    design = _intercept(*(np.eye(len(sizes))[group].T[1:]))
    return lambda rng: Study(design, np.eye(len(sizes))[1:])


def with_missing(study, share):
    """A study whose maps lack this share of their voxels."""
    return lambda rng: replace(study(rng), missing=share)


def with_cut(study, *who):
    """A study in which the maps of these participants end in the middle of the volume."""
    return lambda rng: replace(study(rng), cut=who)


def with_cut_anywhere(study, n_cut):
    """A study in which those of so many do, whoever they are."""

    def cut(rng):
        plain = study(rng)
        return replace(plain, cut=tuple(rng.choice(len(plain.design), n_cut, replace=False)))

    return cut


def unequal(first, second, ratio, allowed):
    """Two groups, of which the first varies `ratio` times as much; variance groups only if `allowed`."""
    group = np.repeat([0, 1], [first, second])
    study = two_sample(first, second)
    return lambda rng: replace(
        study(rng), scale=np.where(group == 0, ratio, 1.0), groups=group if allowed else None
    )


def within_blocks(n_blocks, per_block):
    """Scans of the same participants, with a regressor that differs between and within them."""
    block = np.repeat(np.arange(n_blocks), per_block)

    def study(rng):
        x = rng.standard_normal(n_blocks)[block] + rng.standard_normal(len(block))
        return Study(_intercept(x), np.array([[0.0, 1.0]]), {"within": block.tolist()}, block)

    return study


def whole_blocks(n_blocks, per_block):
    """Families whose members share a regressor."""
    block = np.repeat(np.arange(n_blocks), per_block)

    def study(rng):
        x = rng.standard_normal(n_blocks)[block]
        return Study(_intercept(x), np.array([[0.0, 1.0]]), {"whole": block.tolist()}, block)

    return study


def families(n_families, n_pairs):
    """Families of pairs, numbered as in a block file: families, pairs in one, and the two of a pair may change."""
    family = np.repeat(np.arange(n_families), 2 * n_pairs)
    pair = np.repeat(np.arange(n_families * n_pairs), 2)
    levels = [[1] * len(family), (1 + family).tolist(), (1 + pair).tolist()]

    def study(rng):
        x = sum(rng.standard_normal(level.max() + 1)[level] for level in (family, pair, np.arange(len(pair))))
        return Study(_intercept(x), np.array([[0.0, 1.0]]), {"nested": levels}, family)

    return study


def with_map(study):
    """A study with a further covariate, of no interest, that is a map and does have an effect."""

    def extended(rng):
        plain = study(rng)
        design = np.column_stack([plain.design, np.full(len(plain.design), np.nan)])
        contrast = np.column_stack([plain.contrast, np.zeros(len(plain.contrast))])
        maps = fields(rng, len(design)).reshape(len(design), -1).astype(np.float32)
        return replace(plain, design=design, contrast=contrast, covariate=maps)

    return extended


def smoothed(study):
    """A study whose residual variance is smoothed."""
    return lambda rng: replace(study(rng), variance_fwhm=FWHM)


def sheet(rows, columns):
    """Return a sheet of vertices, 3 mm apart, each square of them cut into two triangles."""
    at = np.arange(rows * columns).reshape(rows, columns)
    one, right, below, across = at[:-1, :-1], at[:-1, 1:], at[1:, :-1], at[1:, 1:]
    triangles = np.stack([one, right, below, right, across, below], axis=-1).reshape(-1, 3).astype(np.int32)
    places = 3 * np.column_stack([*np.divmod(np.arange(at.size), columns), np.zeros(at.size)])
    return Surface(
        np.ones(at.size, bool), np.array(["L"]), np.array([at.size]), places.astype(np.float32), triangles,
        np.array(["sheet"]),
    )  # fmt: skip


def on_a_surface(study):
    """A study on a sheet of vertices, with the exponents of surfaces."""
    mesh = sheet(25, 40)
    return lambda rng: replace(study(rng), space=mesh, shape=(25, 40, 1), settings={"tfce": ON_MESH})


def on_grayordinates(study):
    """A study on as many vertices as voxels, corrected together; both take up the same noise."""
    cortex, voxels = sheet(20, 25), Volume(np.ones((5, 10, 10), bool), np.diag([2.0, 2.0, 2.0, 1.0]))
    structure = np.repeat([0, 1], 500)
    names = np.array(["CORTEX_LEFT", "CEREBELLUM_LEFT"])
    space = Grayordinates(np.ones(1000, bool), cortex, voxels, names, structure, np.arange(1000))
    exponents = {"cortex": ON_MESH, "voxels": SETTINGS["tfce"]}
    return lambda rng: replace(study(rng), space=space, settings={"tfce": exponents})


def on_parcels(study, n):
    """A study of regions in a row, each a neighbour of the next."""
    pairs = np.column_stack([np.arange(n - 1), np.arange(1, n)])
    space = Parcels(
        np.ones(n, bool), np.arange(n).astype(str), np.full((n, 3), np.nan), pairs, np.empty(0, np.uint8)
    )
    return lambda rng: replace(study(rng), space=space, shape=(n, 1, 1))


def on_edges(study, n_nodes):
    """A study of connectomes."""
    n = n_nodes * (n_nodes - 1) // 2
    space = Edges(np.ones(n, bool), np.arange(n_nodes).astype(str), np.full((n_nodes, 3), np.nan))
    return lambda rng: replace(study(rng), space=space, shape=(n, 1, 1))


_WELCH = (
    "errors that differ in variance do not become exchangeable by Welch's t, whose tails depend on who is in "
    "which group. Flips need no equal variances, unless a small group varies most"
)
_FEW_VARY = (
    "flips of residuals, where a small group varies most, find too much, and Permaps warns of groups that differ so "
    "much in size"
)
_UNEQUAL = "errors that differ in variance are not exchangeable"
_ROUGH = (
    "where people are missing, relabelled maps are rougher than the observed one, and more so where a block leaves "
    "as a whole. The largest t keeps its level"
)
_SKEWED = "flips need errors that are symmetric about 0; these are skewed"

SCENARIOS = [
    Scenario("balanced_normal", "two-sample, 12 v 12, normal", two_sample(12, 12)),
    Scenario("balanced_exponential", "two-sample, 12 v 12, exponential", two_sample(12, 12), "exponential"),
    Scenario("balanced_heavy", "two-sample, 12 v 12, heavy-tailed", two_sample(12, 12), "heavy"),
    Scenario("unbalanced_normal", "two-sample, 6 v 18, normal", two_sample(6, 18)),
    Scenario("unbalanced_exponential", "two-sample, 6 v 18, exponential", two_sample(6, 18), "exponential"),
    Scenario("unbalanced_heavy", "two-sample, 6 v 18, heavy-tailed", two_sample(6, 18), "heavy"),
    Scenario("few_exponential", "two-sample, 4 v 20, exponential", two_sample(4, 20), "exponential"),
    Scenario("regression_exponential", "regression, n = 24, exponential", regression(24), "exponential"),
    Scenario("nuisance_normal", "15 v 15, nuisance 2 x group + noise, normal", nuisance(15)),
    Scenario(
        "nuisance_exponential",
        "15 v 15, nuisance 2 x group + noise, exponential",
        nuisance(15),
        "exponential",
    ),
    Scenario("f_normal", "F over four groups of 6, normal", groups(6, 6, 6, 6)),
    Scenario("f_exponential", "F over groups of 4, 8 and 12, exponential", groups(4, 8, 12), "exponential"),
    Scenario("within_normal", "within blocks, 8 x 3, normal", within_blocks(8, 3)),
    Scenario("within_exponential", "within blocks, 8 x 3, exponential", within_blocks(8, 3), "exponential"),
    Scenario("whole_normal", "whole blocks, 10 x 2, normal", whole_blocks(10, 2)),
    Scenario("whole_exponential", "whole blocks, 10 x 2, exponential", whole_blocks(10, 2), "exponential"),
    Scenario(
        "missing_exponential",
        "two-sample, 6 v 18, 10 % missing, exponential",
        with_missing(two_sample(6, 18), 0.1),
        "exponential",
    ),
    Scenario("missing_f", "F over four groups of 6, 10 % missing", with_missing(groups(6, 6, 6, 6), 0.1)),
    Scenario("missing_flips", "one-sample flips, n = 16, 10 % missing", with_missing(one_sample(16), 0.1)),
    Scenario(
        "cut_few_exponential",
        "9 v 15, 3 of the 9 maps cut in half, exponential",
        with_cut(two_sample(9, 15), *range(3)),
        "exponential",
    ),
    Scenario(
        "cut_exponential",
        "9 v 15, 6 of the 9 maps cut in half, exponential",
        with_cut(two_sample(9, 15), *range(6)),
        "exponential",
    ),
    Scenario(
        "cut_normal", "9 v 15, 6 of the 9 maps cut in half, normal", with_cut(two_sample(9, 15), *range(6))
    ),
    Scenario(
        "cut_anyone_exponential",
        "9 v 15, any 6 maps cut in half, exponential",
        with_cut_anywhere(two_sample(9, 15), 6),
        "exponential",
    ),
    Scenario(
        "cut_nuisance_exponential",
        "15 v 15, nuisance 2 x group + noise, 10 of one 15 cut in half, exponential",
        with_cut(nuisance(15), *range(10)),
        "exponential",
    ),
    Scenario(
        "missing_whole",
        "whole blocks, 10 x 2, 10 % missing, normal",
        with_missing(whole_blocks(10, 2), 0.1),
        fails=_ROUGH,
    ),
    Scenario(
        "unequal_few_flips",
        "4 v 16, the 4 vary 3 times as much, variance groups, flips",
        unequal(4, 16, 3.0, True),
        scheme="flip",
        fails=_FEW_VARY,
    ),
    Scenario(
        "unequal_flips",
        "8 v 16, the 8 vary 3 times as much, variance groups, flips",
        unequal(8, 16, 3.0, True),
        scheme="flip",
    ),
    Scenario("unequal_groups", "the same, permuted", unequal(8, 16, 3.0, True), fails=_WELCH),
    Scenario(
        "unequal", "the same, permuted, without variance groups", unequal(8, 16, 3.0, False), fails=_UNEQUAL
    ),
    Scenario("nested_normal", "nested blocks, 6 families of 2 pairs, normal", families(6, 2)),
    Scenario(
        "nested_exponential",
        "nested blocks, 6 families of 2 pairs, exponential",
        families(6, 2),
        "exponential",
    ),
    Scenario(
        "map_exponential",
        "6 v 18, a covariate that is a map, exponential",
        with_map(two_sample(6, 18)),
        "exponential",
    ),
    Scenario(
        "smoothed_exponential",
        "two-sample, 6 v 6, smoothed variance, exponential",
        smoothed(two_sample(6, 6)),
        "exponential",
    ),
    Scenario("smoothed_flips", "one-sample flips, n = 8, smoothed variance, normal", smoothed(one_sample(8))),
    Scenario(
        "both_normal", "regression, n = 16, permutations and flips, normal", regression(16), scheme="both"
    ),
    Scenario(
        "surface", "surface, two-sample, 6 v 18, exponential", on_a_surface(two_sample(6, 18)), "exponential"
    ),
    Scenario(
        "grayordinates",
        "vertices and voxels together, 6 v 18, exponential",
        on_grayordinates(two_sample(6, 18)),
        "exponential",
    ),
    Scenario(
        "parcels",
        "68 regions, regression, n = 24, exponential",
        on_parcels(regression(24), 68),
        "exponential",
    ),
    Scenario(
        "connectome",
        "edges between 45 nodes, 12 v 12, exponential",
        on_edges(two_sample(12, 12), 45),
        "exponential",
    ),
    Scenario("flips_normal", "one-sample flips, n = 16, normal", one_sample(16)),
    Scenario("flips_heavy", "one-sample flips, n = 16, heavy-tailed", one_sample(16), "heavy"),
    Scenario(
        "flips_exponential", "one-sample flips, n = 16, exponential", one_sample(16), "exponential", _SKEWED
    ),
]
SCENARIOS = {scenario.name: scenario for scenario in SCENARIOS}


def _smoother(length):
    """Circulant matrix that smooths along an axis of this length and keeps unit variance."""
    distance = np.arange(length)
    distance = np.minimum(distance, length - distance)
    kernel = np.exp(-4 * np.log(2) * (distance / FWHM) ** 2)
    kernel /= np.linalg.norm(kernel)
    return kernel[(np.arange(length)[:, None] - np.arange(length)) % length]


def fields(rng, n, shape=SHAPE):
    """Draw smooth Gaussian fields of unit variance, alike everywhere: shape (n, *shape)."""
    x = rng.standard_normal((n, *shape))
    for length in shape:
        # Contracts the first spatial axis and puts it last: three times are back in order.
        x = np.tensordot(x, _smoother(length), axes=(1, 0))
    return x


def _exponential(rng, x):
    return -log_ndtr(-x) - 1


def _heavy(rng, x):
    # One factor for a whole map: participants who are outliers everywhere. Each voxel is t with 3 df.
    return x * np.sqrt(3 / rng.chisquare(3, len(x)))[:, None, None, None]


NOISE = {"normal": lambda rng, x: x, "exponential": _exponential, "heavy": _heavy}


def simulate(scenario, index, shape=SHAPE):
    """Make one data set of a scenario, the same for the same index.

    Returns
    -------
    study : Study
    maps : numpy.ndarray of float32, shape (n_participants, n_voxels)
    """
    rng = np.random.default_rng([zlib.crc32(scenario.name.encode()), index])
    study = replace(scenario.study(rng), scheme=scenario.scheme)
    shape = study.shape or shape
    x = fields(rng, len(study.design), shape)
    if study.shared is not None:
        x = np.sqrt(0.5) * (x + fields(rng, max(study.shared) + 1, shape)[study.shared])
    maps = NOISE[scenario.noise](rng, x).reshape(len(x), -1)
    if study.scale is not None:
        maps *= study.scale[:, None]
    if study.missing:
        holes = fields(rng, len(maps), shape).reshape(maps.shape)
        maps[holes > -ndtri(study.missing)] = np.nan
    if len(study.cut):
        maps.reshape(-1, *shape)[list(study.cut), : shape[0] // 2] = np.nan
    if study.effect:
        maps += study.design @ np.array(study.effect)[:, None]
    if study.covariate is not None:
        maps += study.covariate
    return study, maps.astype(np.float32)


def smallest_p(study, maps, seed, n_relabellings, shape=SHAPE, settings=SETTINGS):
    """Test a study and return the smallest corrected p of each statistic, as a dict."""
    return {
        name: p.min() for name, p in corrected_p(study, maps, seed, n_relabellings, shape, settings).items()
    }


def corrected_p(study, maps, seed, n_relabellings, shape=SHAPE, settings=SETTINGS):
    """Test a study and return each statistic's map of corrected p, as a dict."""
    settings = settings | study.settings
    fitted, maxima = tested(study, maps, seed, n_relabellings, shape, settings)
    if len(fitted.space.parts) > 1:
        # The least p of all is that of the observed labelling among the relabellings, over the parts.
        joined = smallest.with_joined_parts(
            {
                key: values
                for key, values in maxima.items()
                if key.startswith(STATISTICS) and "exceed" not in key
            }
        )
        return {
            name: correction.fwe_p(joined[name][:1], joined[name], registry.TIES[name]) for name in STATISTICS
        }
    return {
        name: correction.fwe_p(
            reached, maxima[name], registry.TIE if name == "voxel" else registry.ENHANCED_TIE
        )
        for name, reached in observed_maps(fitted, maps, settings, study.covariates).items()
    }


def model_of(study, maps, shape=SHAPE):
    """Return a study's model."""
    part = partition.partition_of(study.design, study.contrast)
    return model.contrast_model(
        study.design,
        study.contrast,
        "F" if len(study.contrast) > 1 else "t",
        scheme.scheme_of(study.scheme, part),
        study.blocks,
        study.groups,
        incomplete=model.lack_participants(maps),
        variance_sigma=[study.variance_fwhm / np.sqrt(8 * np.log(2))] * 3 if study.variance_fwhm else None,
        space=study.space or Volume(np.ones(shape, bool), np.eye(4)),
    )


def tested(study, maps, seed, n_relabellings, shape=SHAPE, settings=SETTINGS):
    """Return a study's model and the maxima of its relabellings, the observed labelling first."""
    fitted = model_of(study, maps, shape)
    enhanced, both_signs = from_settings.enhancement_of(fitted, settings)
    stop = min(n_relabellings + 1, fitted.exchangeability.n_distinct)
    return fitted, null.null_maxima(
        maps,
        fitted.estimator(study.covariates),
        fitted.exchangeability,
        seed,
        0,
        stop,
        is_f=fitted.is_f,
        both_signs=both_signs,
        enhancement=enhanced,
    )


def observed_maps(fitted, maps, settings=SETTINGS, covariates=()):
    """Return the observed map of each statistic, from the function that makes the workflow's maps."""
    found = observed.observe(maps, fitted, settings, covariates)
    return {key: np.abs(values) if found.both_signs else values for key, values in found.measures.items()}


def rejections(scenario, indices, n_relabellings, shape=SHAPE, settings=SETTINGS):
    """Return in how many data sets of a scenario each statistic is significant, as a dict.

    Parameters
    ----------
    scenario : Scenario
    indices : iterable of int
        Numbers of the data sets; each has relabellings of its own.
    n_relabellings : int
        Besides the observed one.
    """
    found = dict.fromkeys(STATISTICS if settings["enhance"] else STATISTICS[:1], 0)
    for index in indices:
        study, maps = simulate(scenario, index, shape)
        for name, p in smallest_p(study, maps, index, n_relabellings, shape, settings).items():
            found[name] += bool(p <= ALPHA + 1e-12)
    return found


def stretches(n, size):
    """Cut range(n) into ranges of at most this size."""
    return [range(first, min(first + size, n)) for first in range(0, n, size)]
