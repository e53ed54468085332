"""The statistics of a run, one row for each: all their names are looked up here.

Only plain values, because the Snakefile imports this module at every start.
"""

from dataclasses import dataclass

# Two values closer than this, relative to their size, are a tie.
TIE = 1e-9
# Enhancement uses heights in single precision, so ties differ in the last bits of those.
ENHANCED_TIE = 1e-6


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


# The combinations of p at an element, in the order of table 1 of Winkler et al. 2016, which has their papers.
_COMBINATIONS = (
    ("tippett", "Tippett"),
    ("fisher", "Fisher"),
    ("pearson_david", "Pearson-David"),
    ("stouffer", "Stouffer"),
    ("wilkinson", "Wilkinson"),
    ("winer", "Winer"),
    ("edgington", "Edgington"),
    ("mudholkar_george", "Mudholkar-George"),
    ("friston", "Friston"),
    ("zaykin", "Zaykin"),
    ("taylor_tibshirani", "Taylor-Tibshirani"),
)


def _combination(name, author):
    return Statistic(
        name,
        "voxel",
        f"{author} statistic",
        author,
        f"the combination of {author}",
        "winkler2016npc",
        tie=TIE,
        one_tail=True,
    )


COMBINED = tuple(name for name, _ in _COMBINATIONS)
# In the order of a paper: from the strictest idea of a finding to the loosest.
_ROWS = (
    Statistic("t", "voxel", "t-statistic", "t", "the voxel statistic", tie=TIE),
    Statistic("F", "voxel", "F-statistic", "F", "the voxel statistic", tie=TIE, one_tail=True),
    *(_combination(*row) for row in _COMBINATIONS),
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


def statistics_of(voxel: str, keys: list[str]) -> list[str]:
    """Return the names of a contrast's statistics.

    Parameters
    ----------
    voxel : {"t", "F"}
        Its voxel statistic.
    keys : list of str
        `inference.statistics`.

    Returns
    -------
    list of str
    """
    by_key = {row.key: name for name, row in STATISTICS.items() if row.key != "voxel"} | {"voxel": voxel}
    return [by_key[key] for key in keys]
