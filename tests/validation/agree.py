"""Compare with other tools on the same data; write docs/validation.md.

make agree

A tool can be compared alone, by its name; the rows of the others stay:

PYTHONPATH=scripts:tests python -m validation.agree --only sanssouci ARI
"""

import argparse
import shutil
import sys
import tempfile
from dataclasses import asdict
from importlib.util import find_spec

from validation import page, peers

NOTES = [
    "mrclusterstats and nilearn sum TFCE over steps and leave out the factor of the step: with it, "
    "their sums approach the exact integral in proportion to the step.",
    "mrclusterstats enhances z where we enhance t: it is compared with the exact TFCE of z. Cluster sizes "
    "are equal all the same, since z and t of one p form the same clusters.",
    "mrclusterstats is one-sided, so one-sided tests are compared, by the same relabellings. It counts only "
    "maxima above a value, not those that equal it, so that its p is smaller by one of N + 1.",
    "nilearn draws its own relabellings: nulls and p can only agree in distribution.",
    "ARI is nilearn's cluster_level_inference. At the level of Simes' inequality, our bound is never above it, since "
    "ARI takes account of how many voxels have an effect. Relabelling calibrates the level itself.",
    "sanssouci is in no lock: `pip install sanssouci` beside the environment.",
]


# In the order of the page; and the package that each needs.
PEERS = {
    "statsmodels": "statsmodels", "tfce": "tfce", "nilearn": "nilearn", "ARI": "nilearn", "sanssouci": "sanssouci"
}  # fmt: skip
MRTRIX = "mrclusterstats"


def main(n_nilearn, n_mrtrix, install, only=()):
    """Run every comparison that can be run, or some of them; say which could not."""
    data = peers.Data()
    compare = {
        "statsmodels": peers.against_statsmodels,
        "tfce": peers.against_tfce,
        "nilearn": lambda data: peers.against_nilearn(data, n_nilearn),
        "ARI": peers.against_ari,
        "sanssouci": peers.against_sanssouci,
    }
    rows = []
    for name, package in PEERS.items():
        if not only or name in only:
            rows += compare[name](data) if find_spec(package) else [missing(name)]
    if only and MRTRIX not in only:
        pass
    elif peers.install_mrtrix() if install else shutil.which(MRTRIX):
        with tempfile.TemporaryDirectory() as folder:
            rows += peers.against_mrclusterstats(data, folder, n_mrtrix)
    else:
        rows.append(missing(MRTRIX))
    table = [asdict(row) | {"verdict": verdict(row)} for row in rows]
    if only:
        others = [row for row in page.kept("agreement")["rows"] if row["peer"] not in only]
        order = [*PEERS, MRTRIX]
        table = sorted([*others, *table], key=lambda row: order.index(row["peer"]))
    for row in table:
        print(f"{row['verdict']:>8}  {row['peer']}: {row['quantity']}: {row['difference']} ({row['bound']})")
    told = (
        "12 v 12 participants with a nuisance covariate and effects of both signs, "
        f"{data.maps.shape[1]:,} voxels inside an ellipsoid."
    )
    page.keep("agreement", {"data": told, "rows": table, "notes": NOTES})
    page.write()
    return any(row["verdict"] == "differs" for row in table)


def missing(peer):
    """Return the row of a tool that is not there."""
    return peers.Row(peer, "everything", "not installed", "", None)


def verdict(row):
    """Say in a word how a comparison came out."""
    return "missing" if row.good is None else "agrees" if row.good else "differs"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nilearn", type=int, default=2000, help="relabellings for nilearn (2000)")
    parser.add_argument("--mrtrix", type=int, default=200, help="relabellings for mrclusterstats (200)")
    parser.add_argument("--install", action="store_true", help="install mrtrix3 with apt-get, as root")
    parser.add_argument("--only", nargs="+", choices=[*PEERS, MRTRIX], metavar="TOOL", default=[])
    given = parser.parse_args()
    sys.exit(main(given.nilearn, given.mrtrix, given.install, given.only))
