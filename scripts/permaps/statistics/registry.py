"""The statistics of a run, one row for each: all their names are looked up here.

Only plain values, because the Snakefile imports this module at every start.
"""

from dataclasses import dataclass

# Two values closer than this, relative to their size, are a tie.
TIE = 1e-9
# Enhancement uses heights in single precision, so ties differ in the last bits of those.
ENHANCED_TIE = 1e-6
# Where a model leaves less than this share of what the nuisance leaves, its fit is perfect but for rounding. This
# share is then taken to be left, so that t is 1e5 times the root of its degrees of freedom, and not infinite.
PERFECT = 1e-10


@dataclass(frozen=True)
class Statistic:
    """One statistic.

    Attributes
    ----------
    name : str
        In file names.
    key : str
        In the config (`inference.statistics`) and in files of nulls.
    label : str
        In titles and tables.
    unit : str
        Unit of its values, on axes.
    words : str
        In the sentences of the methods text.
    reference : str
        Key of the paper that the methods text cites; empty for none.
    panel : str
        The panel of glass brains in which it is shown.
    tie : float
        Relative difference up to which two values are equal.
    one_tail : bool
        Whether it is never negative, whatever `two_sided` says.
    of_clusters : bool
        Whether its values belong to whole clusters, so that single elements have no p of their own.
    """

    name: str
    key: str
    label: str
    unit: str
    words: str
    reference: str = ""
    panel: str = "comparison"
    tie: float = ENHANCED_TIE
    one_tail: bool = False
    of_clusters: bool = False

    @property
    def title(self) -> str:
        """The name of its test, in figures."""
        return f"Max {self.label}"


# The combinations of p at an element, in the order of table 1 of Winkler et al. 2016.
_COMBINATIONS = (
    ("tippett", "Tippett", "tippett1931"),
    ("fisher", "Fisher", "fisher1932"),
    ("pearson_david", "Pearson-David", "david1934"),
    ("stouffer", "Stouffer", "stouffer1949"),
    ("wilkinson", "Wilkinson", "wilkinson1951"),
    ("winer", "Winer", "winer1962"),
    ("edgington", "Edgington", "edgington1972"),
    ("mudholkar_george", "Mudholkar-George", "mudholkar1979"),
    ("friston", "Friston", "friston1999"),
    ("zaykin", "Zaykin", "zaykin2002"),
    ("taylor_tibshirani", "Taylor-Tibshirani", "taylor2006"),
)
# Multivariate tests of inputs, each with what its values are.
_MULTIVARIATE = (
    ("wilks", "Wilks' lambda", "-ln Λ", "wilks1932"),
    ("pillai", "Pillai's trace", "Pillai's trace", "pillai1955"),
    ("lawley", "Lawley and Hotelling's trace", "Lawley-Hotelling trace", "lawley1938"),
    ("roy_ii", "Roy's largest root (ii)", "Roy's largest root, λ", "roy1953"),
    ("roy_iii", "Roy's largest root (iii)", "Roy's largest root, θ", "roy1953"),
    ("cca", "Hotelling's canonical correlation", "canonical correlation", "hotelling1936"),
)


def _combination(name, author, reference):
    words = f"the combination of {author}"
    return Statistic(name, "voxel", f"{author} statistic", author, words, reference, tie=TIE, one_tail=True)


def _multivariate(name, words, unit, reference):
    return Statistic(name, "voxel", words, unit, words, reference, tie=TIE, one_tail=True)


# In the order of a paper: from the strictest idea of a finding to the loosest.
_ROWS = (
    Statistic("t", "voxel", "t-statistic", "t", "the voxel statistic", tie=TIE),
    Statistic("F", "voxel", "F-statistic", "F", "the voxel statistic", tie=TIE, one_tail=True),
    *(_combination(*row) for row in _COMBINATIONS),
    *(_multivariate(*row) for row in _MULTIVARIATE),
    Statistic(
        "conjunction",
        "voxel",
        "conjunction",
        "-log10 p",
        "the conjunction",
        "nichols2005",
        tie=TIE,
        one_tail=True,
    ),
    Statistic("tfce", "tfce", "TFCE", "TFCE", "threshold-free cluster enhancement", "smith2009"),
    Statistic(
        "clustersize",
        "cluster_size",
        "cluster size",
        "voxels",
        "cluster size",
        "hayasaka2003",
        panel="clusters",
        of_clusters=True,
    ),
    Statistic(
        "clustermass",
        "cluster_mass",
        "cluster mass",
        "mass",
        "cluster mass",
        "bullmore1999",
        panel="clusters",
        of_clusters=True,
    ),
)
STATISTICS = {row.name: row for row in _ROWS}
# By key: the statistic of voxels is t or F, as the contrast is.
SHORT = {row.key: row.label for row in _ROWS} | {"voxel": "voxel"}
TIES = {row.key: row.tie for row in _ROWS}
PANELS = tuple(dict.fromkeys(row.panel for row in _ROWS))


def panels_of(stats: list[str]) -> list[str]:
    """Return the panels of figures that these statistics have; the parametric test alone is one too."""
    return [p for p in PANELS if p == "comparison" or any(STATISTICS[s].panel == p for s in stats)]


def voxel_statistic(expressions: str | list[str]) -> str:
    """Return the name of a contrast's voxel statistic: t for one expression, F for a list of them."""
    return "F" if isinstance(expressions, list) else "t"


def joint_statistic(test: dict) -> str:
    """Return the name of the voxel statistic of a joint test: how it combines p, or its multivariate test."""
    return test["combine"] or test["multivariate"]


def statistics_of(voxel: str, keys: list[str]) -> list[str]:
    """Return the names of a contrast's statistics.

    Parameters
    ----------
    voxel : str
        Its voxel statistic: "t", "F" or that of a joint test.
    keys : list of str
        `inference.statistics`.
    """
    by_key = {row.key: name for name, row in STATISTICS.items() if row.key != "voxel"} | {"voxel": voxel}
    return [by_key[key] for key in keys]
