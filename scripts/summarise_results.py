"""The run on one page: question, design, the numbers that matter, the main figure, methods, limits."""

import json
from html import escape
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from permaps.inputs.reasons import counted
from permaps.permutation.correction import read_maxima
from permaps.reporting import pages
from permaps.reporting.methods import limitations, methods_paragraph, question
from permaps.reporting.references import cited, listed
from permaps.reporting.style import NAMES, number, p_text
from permaps.reporting.summary import as_table, bonferroni_row, permutation_row
from permaps.workflow.jobs import job, log, written_whole

SHOWN = 8  # clusters of a table on the page
# Columns that a table has on request.
FURTHER = {"p_cfwe": "p over contrasts", "p_gpd": "p by the tail's fit"}


def main(*, provenance, contrasts, table, page, landing, small_volumes=None):
    """Write the summary as a table, as a page, and as the text that opens the report.

    Parameters
    ----------
    provenance : path
        The run's provenance (JSON).
    contrasts : dict of str to dict
        Files per contrast: `letter` ("t" or "F"), `values`, `bonferroni`, `nulls`, `figures` (list), and
        `corrected` and `clusters` by the name of the statistic as in file names.
    table, page, landing : path
    small_volumes : path, optional
        What was found in small volumes.
    """
    record = json.loads(Path(provenance).read_text(encoding="utf-8"))
    alpha = record["config"]["inference"]["alpha"]
    rows, clusters = [], {}
    for name, files in contrasts.items():
        image = nib.load(files["values"])
        logp = nib.load(files["bonferroni"]).get_fdata()
        rows.append(bonferroni_row(name, files["letter"], image.get_fdata(), logp, image.affine, alpha))
        maxima = read_maxima(files["nulls"], files["clusters"])
        for stat, path in files["clusters"].items():
            clusters[name, stat] = found = pd.read_csv(path, sep="\t")
            logp = nib.load(files["corrected"][stat]).get_fdata()
            rows.append(permutation_row(name, stat, files["letter"], found, logp, maxima[stat], alpha))
    numbers = as_table(rows)
    log.info("%d rows", len(numbers))
    with written_whole(table) as temporary:
        numbers.to_csv(temporary, sep="\t", index=False, float_format="%.6g", na_rep="n/a")
    with written_whole(page) as temporary:
        temporary.write_text(
            pages.page("Permaps: summary", _page(record, numbers, clusters, contrasts, small_volumes)),
            "utf-8",
        )
    with written_whole(landing) as temporary:
        temporary.write_text(_landing(record, numbers, contrasts), "utf-8")


def _page(record, numbers, clusters, contrasts, small_volumes):
    parts = ["<h1>Summary</h1>", _question(record), "<h2>Design</h2>", pages.pairs(_design(record))]
    if notes := limitations(record):
        parts += ["<h2>Limitations</h2>", f'<div class="note">{pages.items(notes)}</div>']
    parts += ["<h2>Results</h2>", _numbers(numbers)]
    if small_volumes:
        parts += ["<h3>In small volumes</h3>", _small_volumes(pd.read_csv(small_volumes, sep="\t"))]
    for name, files in contrasts.items():
        parts.append(f"<h3>{escape(name)}</h3>")
        parts += [pages.picture(path, f"{name}: corrected maps") for path in files["figures"]]
        for stat in files["clusters"]:
            parts += _clusters(stat, clusters[name, stat], files["letter"])
    text = methods_paragraph(record)
    parts += ["<h2>Methods, ready to paste</h2>", f'<p class="paste">{escape(text)}</p>']
    parts += ["<h2>References</h2>", pages.items([listed(key) for key in cited(text)], "ol", "references")]
    return "\n".join(parts)


def _landing(record, numbers, contrasts):
    """Return a short text: the report shows it in a column beside the graph of the workflow."""
    first, files = next(iter(contrasts.items()))
    found = numbers.assign(statistic=numbers["statistic"].map(_landing_name))
    counts = found.pivot(index="contrast", columns="statistic", values="n_significant_voxels")
    counts = counts.loc[list(contrasts), list(dict.fromkeys(found["statistic"]))]
    rows = [
        [name, *("" if pd.isna(v) else f"{v:,}" for v in row)]
        for name, row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    parts = [_question(record), pages.picture(files["figures"][0], f"{first}: corrected maps")]
    parts += ["<h3>Significant voxels</h3>", pages.table(["contrast", *counts.columns], rows, ["contrast"])]
    parts.append(pages.pairs(_design(record)))
    if notes := limitations(record):
        parts += ["<h3>Limitations</h3>", pages.items(notes)]
    return pages.part("\n".join(parts))


def _landing_name(statistic):
    """One column for t and F: contrasts of both kinds share the table."""
    if "Bonferroni" in statistic:
        return "Bonferroni"
    return "voxel" if statistic in ("t", "F") else _named(statistic)


def _question(record):
    return "".join(f'<p class="lead">{escape(line)}</p>' for line in question(record))


def _design(record):
    people, mask = record["participants"], record["mask"]
    sizes = " × ".join(f"{side:g}" for side in mask["voxel_size_mm"])
    entries = {
        "Participants": f"{people['included']}"
        + (f" ({people['excluded']} left out: {counted(people['reasons'])})" if people["excluded"] else ""),
        "Model": record["config"]["model"]["formula"],
        "Mask": f"{mask['n_voxels']:,} voxels of {sizes} mm",
        "Smoothing": f"{record['config']['smoothing_fwhm'] or 0:g} mm FWHM",
        "Corrected level": f"{record['config']['inference']['alpha']:g}",
    }
    if any(
        not isinstance(expression, list) for expression in record["config"]["model"]["contrasts"].values()
    ):
        two_sided = record["config"]["permutation"]["two_sided"]
        entries["Tests of t"] = "two-sided" if two_sided else "one-sided, in the positive direction"
    for name, contrast in record["contrasts"].items():
        kind = {"permute": "permutations", "flip": "sign-flips", "both": "permutations with sign-flips"}
        number = f"{contrast['n_relabellings']:,} {kind[contrast['scheme']]}"
        entries[f"Relabellings, {name}"] = number + (
            " (all there are: p is exact)" if contrast["exact"] else ""
        )
    return entries


def _numbers(numbers):
    columns = [
        "contrast",
        "statistic",
        "voxels",
        "clusters",
        "peak (mm)",
        "t or F",
        "smallest p",
        "observed maximum",
        "critical (95 % CI)",
    ]
    rows = []
    for r in numbers.itertuples():
        peak = "" if pd.isna(r.x) else f"{r.x:.0f}, {r.y:.0f}, {r.z:.0f}"
        value = "" if pd.isna(r.peak_value) else f"{r.peak_value:.2f}"
        count = "" if pd.isna(r.n_clusters) else f"{r.n_clusters:,}"
        critical = (
            "" if pd.isna(r.critical_value) else _interval(r.critical_value, r.critical_low, r.critical_high)
        )
        observed = "" if pd.isna(r.observed_max) else f"{number(r.observed_max)}"
        found = f"{r.n_significant_voxels:,}"
        rows.append(
            [r.contrast, _named(r.statistic), found, count, peak, value, _p(r.p_fwe), observed, critical]
        )
    return pages.table(columns, rows, ("contrast", "statistic"))


def _small_volumes(found):
    columns = ["contrast", "volume", "statistic", "voxels", "significant", "smallest p (95 % CI)", "at (mm)"]
    rows = [
        [
            r.contrast,
            r.volume,
            _named(r.statistic),
            f"{r.n_voxels:,}",
            f"{r.n_significant_voxels:,}",
            _p_interval(r.p_fwe, r.p_fwe_low, r.p_fwe_high),
            f"{r.x:.0f}, {r.y:.0f}, {r.z:.0f}",
        ]
        for r in found.itertuples()
    ]
    return pages.table(columns, rows, ("contrast", "volume", "statistic"))


def _interval(value, low, high):
    return "none" if np.isinf(value) else f"{number(value)} ({number(low)} to {number(high)})"


def _clusters(stat, found, letter):
    title = f"<h3>Clusters by {escape(NAMES[stat][4:])}</h3>"
    main_peaks = found[found["peak"] == 1]
    if main_peaks.empty:
        return [title, "<p>No significant voxel.</p>"]
    size = "effect" if "effect" in found else "partialr2"
    regions = ["region"] * ("region" in found)
    further = [kind for kind in FURTHER if kind in found]
    columns = ["cluster", "x", "y", "z", *regions, letter, size, "corrected p (95 % CI)"]
    columns += [*(FURTHER[kind] for kind in further), "uncorrected p", "mm³", "voxels"]
    rows = [
        [
            int(r["cluster"]),
            *(f"{r[axis]:.0f}" for axis in "xyz"),
            *("" if pd.isna(r[name]) else r[name] for name in regions),
            f"{r[letter]:.2f}",
            f"{r[size]:.3g}",
            _p_interval(r["p_fwe"], r["p_fwe_low"], r["p_fwe_high"]),
            *(_p(r[kind]) for kind in further),
            _p(r["p_unc"]) if pd.notna(r["p_unc"]) else "",
            f"{r['size_mm3']:,.0f}",
            f"{int(r['n_voxels']):,}",
        ]
        for _, r in main_peaks.head(SHOWN).iterrows()
    ]
    more = len(main_peaks) - SHOWN
    rest = [f"<p>{more} more in the table.</p>"] if more > 0 else []
    return [title, pages.table(columns, rows, ("region",)), *rest]


def _named(statistic):
    return NAMES[statistic][4:] if statistic in NAMES else statistic


def _p(p):
    return p_text(p).removeprefix("p = ")


def _p_interval(p, low, high):
    """Of all distinct relabellings p is exact, and has no interval."""
    return _p(p) if low == high else f"{_p(p)} ({_p(low) if low else '0'} to {_p(high)})"


def by_contrast(contrasts, inputs):
    """Deal the rule's flat lists of files out to the contrasts.

    Parameters
    ----------
    contrasts : list of dict
        `name`, `letter`, `stats`, `panels`; in the order of the lists.
    inputs : Snakemake's input
    """
    corrected, clusters, figures = (
        iter(files) for files in (inputs.corrected, inputs.clusters, inputs.figures)
    )
    return {
        c["name"]: {
            "letter": c["letter"],
            "values": values,
            "bonferroni": bonferroni,
            "nulls": nulls,
            "corrected": {stat: next(corrected) for stat in c["stats"]},
            "clusters": {stat: next(clusters) for stat in c["stats"]},
            "figures": [next(figures) for _ in c["panels"]],
        }
        for c, values, bonferroni, nulls in zip(
            contrasts, inputs.values, inputs.parametric, inputs.nulls, strict=True
        )
    }


if "snakemake" in globals():
    with job(snakemake):
        main(
            provenance=snakemake.input.provenance,
            contrasts=by_contrast(snakemake.params.settings["contrasts"], snakemake.input),
            table=snakemake.output.table,
            page=snakemake.output.page,
            landing=snakemake.output.landing,
            small_volumes=next(iter(snakemake.input.small_volumes), None),
        )
