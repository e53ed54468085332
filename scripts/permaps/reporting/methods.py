"""A run in words: the methods paragraph and the questions."""

import re
from collections.abc import Callable

from permaps.quality.plausible import FULL
from permaps.reporting.references import cite
from permaps.reporting.words import SCHEMES, analysed, enhanced, masks_of, space_of, without_some
from permaps.statistics.registry import STATISTICS, joint_statistic, statistics_of, voxel_statistic
from permaps.tables.reasons import counted
from permaps.workflow.names import input_names

BLOCKS = {"within": "relabelled within", "whole": "relabelled as wholes", "nested": "nested"}


def methods_paragraph(record: dict, verbatim: Callable[[str], str] = str) -> str:
    """Return the methods of a run as one paragraph, ready to be pasted.

    Parameters
    ----------
    record : dict
        The run's provenance.
    verbatim : callable
        Formats the user's own text, such as the formula, which could otherwise be read as markup.
    """
    parts = (_participants, _mask, _model, _relabellings, _statistics, _software)
    return " ".join(part(record, verbatim) for part in parts)


def as_code(text: str) -> str:
    """Return Markdown that shows a text as it is: no link, no emphasis, no HTML."""
    text = " ".join(text.split())
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    edge = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{edge}{text}{edge}{fence}"


def _participants(record, verbatim):
    config, people = record["config"], record["participants"]
    source = {
        "simulated": "Simulated statistic maps",
        "localizer": f"Statistic maps of the Brainomics Localizer {cite('pinel2007')}",
    }.get(config["dataset"]["source"], "Statistic maps")
    contrast = (
        f" for the contrast '{verbatim(config['dataset']['contrast'])}'"
        if "contrast" in config["dataset"]
        else ""
    )
    if names := input_names(config["dataset"]):
        source += f" of {len(names)} kinds ({_and(names)})"
    text = f"{source} of {people['included']} participants{contrast} were analysed"
    if people["people"] is not None:
        text = f"{source} ({people['included']}) of {people['people']} participants{contrast} were analysed"
    if people["excluded"]:
        gone = people["excluded"]
        text += f"; {gone} more {_were(gone)} left out ({verbatim(counted(people['reasons']))})"
    text += "".join(f"; {n} of them had a map of {name}" for name, n in without_some(people).items())
    return text + "."


_PASSED_OVER = ", in which a value that a participant lacks had no weight"


def _mask(record, verbatim):
    config, space = record["config"], space_of(record)
    where = _where(config)
    if space.kind == "grayordinates":
        return (
            f"Maps {_smoothed_along(config, enhanced(record))}. Grayordinates were analysed that had a value other "
            f"than 0 in someone and a value in {where}: {analysed(record)}."
        )
    if space.kind == "surface":
        masked = config["space"]["mask"] is not None
        return (
            f"Maps {_smoothed_along(config, enhanced(record))}. Vertices {'of the mask ' if masked else ''}were "
            f"analysed that had a value {'' if masked else 'other than 0 in someone and a value '}in {where}: "
            f"{analysed(record)}."
        )
    if space.kind in ("edges", "parcels"):
        return (
            f"The {space.elements} were analysed that had a value in {where} and were not the same in everyone: "
            f"{analysed(record)}."
        )
    return _mask_of_a_volume(record, where)


def _mask_of_a_volume(record, where):
    config = record["config"]
    how = {
        "background": "computed from the maps by nilearn's background strategy",
        "epi": "computed from the maps by nilearn's EPI strategy",
        "template": "taken from the MNI152 template",
        "file": "given by the authors",
    }[config["mask"]["strategy"]]
    if (share := max(mask["share_of_image"] for mask in masks_of(record).values())) > FULL:
        how += f", took {100 * share:.0f} % of the image"
    fwhm = config["smoothing_fwhm"]
    smoothed = (
        f"Maps were smoothed with a Gaussian kernel of {fwhm:g} mm FWHM{_PASSED_OVER}"
        if fwhm
        else "Maps were not smoothed"
    )
    text = (
        f"{smoothed}. The brain mask was {how} and kept voxels with a value in {where}: {analysed(record)}."
    )
    every = [key for mask in masks_of(record).values() for key in mask.get("resampled", [])]
    if resampled := list(dict.fromkeys(every)):
        were = _were(len(resampled))
        text += f" On another grid than the maps, {_and(resampled)} {were} taken at the nearest voxel."
    return text


def _smoothed_along(config, parts):
    """Say how maps were smoothed of which some parts are no volume."""
    fwhm, ways = config["smoothing_fwhm"], []
    if not fwhm:
        return "were not smoothed"
    if "cortex" in parts:
        ways.append(f"by heat diffusion along the surface {cite('chung2005')}")
    if "voxels" in parts:
        ways.append("by a Gaussian kernel within the voxels")
    return f"were smoothed {_and(ways)} to {fwhm:g} mm FWHM{_PASSED_OVER}"


def _where(config):
    share = config["mask"]["min_coverage"]
    return "every participant" if share >= 1 else f"at least {100 * share:g} % of the participants"


def _model(record, verbatim):
    config = record["config"]
    tests = []
    for name, expression in config["model"]["contrasts"].items():
        rows = expression if isinstance(expression, list) else [expression]
        what = "; ".join(verbatim(str(row)) for row in rows)
        dof = record["contrasts"][name]["dof"]
        dof = ", ".join(str(d) for d in dof) if isinstance(dof, list) else dof
        most = "at most " if _some_missing(record) else ""
        tests.append(f"{name} ({voxel_statistic(expression)} test of {what}; {most}{dof} degrees of freedom)")
    return (
        f"At each {space_of(record).element} a general linear model, "
        f"{verbatim(config['model']['formula'])}, was fitted "
        f"by least squares{_beyond_the_formula(record)}. "
        f"The contrast{_s(tests)} tested {_were(len(tests))} {_and(tests)}.{_variance(config, verbatim)}"
    )


def _some_missing(record):
    """Tell whether an element may be analysed where a participant has no value."""
    return record["config"]["mask"]["min_coverage"] < 1 or bool(without_some(record["participants"]))


def _beyond_the_formula(record):
    """Describe what else is in the model at an element."""
    config, space, parts = record["config"], space_of(record), []
    if names := list(config["model"]["voxelwise"]):
        parts.append(
            f", with {_and(names)} as covariate{_s(names)} of {_its(names)} own at every {space.element}"
        )
    if _some_missing(record):
        parts.append(f", each {space.element} with the participants who have a value there")
    return "".join(parts)


def _variance(config, verbatim):
    """Describe the variance, if it is not a single one for all residuals of a voxel."""
    text = ""
    if column := config["model"]["variance_groups"]:
        text += (
            f" Variances were estimated apart for the groups of {verbatim(column)}, by the G statistic "
            f"{cite('winkler2014')}, in place of t and F."
        )
    if fwhm := config["inference"]["variance_smoothing_fwhm"]:
        text += (
            f" For inference by relabelling, the variance was smoothed with a Gaussian kernel of {fwhm:g} mm FWHM, "
            f"which gives a pseudo-t {cite('nichols2002')}."
        )
    return text


def _relabellings(record, verbatim):
    config = record["config"]
    numbers = {}
    for name, contrast in record["contrasts"].items():
        how = SCHEMES[contrast["scheme"]]
        number = f"{contrast['n_relabellings']:,} {how}"
        if contrast["exact"]:
            number = f"all {contrast['n_relabellings'] + 1:,} distinct {how} with the observed labelling among them"
        numbers.setdefault(number, []).append(name)
    parts = [
        f"{number} for {_and(names)}" if len(numbers) > 1 else number for number, names in numbers.items()
    ]
    blocks = [
        f"blocks by {_and(map(verbatim, columns if isinstance(columns, list) else [columns]))} ({BLOCKS[name]})"
        for name, columns in config["permutation"]["blocks"].items()
        if columns
    ]
    within = f", respecting {_and(blocks)}" if blocks else ""
    sides = "two-sided" if config["permutation"]["two_sided"] else "one-sided, in the positive direction"
    seed = config["permutation"]["seed"]
    return (
        f"Inference was by relabelling {cite('winkler2014')}, with nuisance effects removed by the method of "
        f"Freedman and Lane {cite('freedman1983')}: {_and(parts)}{within} (seed {seed}). "
        f"Tests of t were {sides}. The p values count the observed labelling as one of the relabellings "
        f"{cite('phipson2010')}."
    )


def _statistics(record, verbatim):
    inference = record["config"]["inference"]
    space = space_of(record)
    parts, neighbours = enhanced(record), _neighbours(record)
    rows = [STATISTICS[name] for name in statistics_of("t", inference["statistics"])]
    used = []
    for row in rows:
        how = f", integrated exactly with {_exponents(inference, parts)}" if row.key == "tfce" else ""
        words = row.words.replace("voxel", space.element)
        used.append(f"{words}{' ' + cite(row.reference) if row.reference else ''}{how}")
    forming = ""
    if any(row.of_clusters for row in rows):
        forming = f" Clusters were formed at an uncorrected p of {inference['cluster_p']:g}."
    also = _across(record["config"]) + _joint(record["config"], space.element)
    if len(parts) > 1:
        also += (
            " Cortex and voxels were enhanced each on its own and corrected together, by the smallest p of each "
            f"relabelling over the two {cite('westfall2008')}; the {space.element} statistic has one maximum over "
            "both."
        )
    if volumes := [_place(name, where) for name, where in inference["small_volumes"].items()]:
        also += f" The same was done within {_and(volumes)}, by relabellings of {_its(volumes)} own."
    if inference["tail_fit"]:
        also += (
            " For p below what so many relabellings can give, a generalised Pareto distribution was fitted to the "
            f"tails of the null distributions {cite('winkler2016')}."
        )
    also += _active(record["config"], space.elements)
    return (
        f"Family-wise error over {space.elements} was controlled by the distribution of the maximum over the brain "
        f"{cite('nichols2002')} of {_and(used)}{f' ({neighbours})' if neighbours else ''}.{forming} "
        f"Results are reported at a corrected level of {inference['alpha']:g}.{also}"
    )


def _neighbours(record):
    """Say which elements are neighbours; "" where none are."""
    space, parts = space_of(record), enhanced(record)
    if space.kind == "edges":
        return f"edges are neighbours if they share a node, as in the network-based statistic {cite('zalesky2010')}"
    if space.kind == "parcels":
        pairs = max(mask["n_neighbours"] for mask in masks_of(record).values())
        return f"{pairs:,} pairs of regions are neighbours" if pairs else ""
    on_voxels = f"{record['config']['inference']['connectivity']} neighbours per voxel"
    on_mesh = "neighbours are joined by an edge of the mesh, and extent is area, in mm²"
    if len(parts) > 1:
        return f"on the cortex, {on_mesh}; below it, {on_voxels}, and extent is volume, in mm³"
    return on_mesh if parts == ["cortex"] else on_voxels


def _exponents(inference, parts):
    """Describe the exponents of TFCE, by part where there are several."""
    keys = {"cortex": ("tfce_surface", " on the cortex"), "voxels": ("tfce", " in the voxels")}
    texts = []
    for part in parts:
        key, where = keys[part]
        powers = inference[key]
        texts.append(
            f"E = {powers['extent']:g} and H = {powers['height']:g}" + (where if len(parts) > 1 else "")
        )
    return _and(texts)


def _place(name, where):
    """Return the name of a small volume, with the place of a sphere."""
    if isinstance(where, str):
        return name
    center = ", ".join(f"{c:g}" for c in where["center"])
    return f"{name} (a sphere of {where['radius']:g} mm around {center} mm)"


def _active(config, elements):
    """Describe the bounds on true discoveries."""
    inference = config["inference"]
    if inference["tdp"] is None:
        return ""
    regions = inference["regions"] or config["atlas"]["image"]
    sets = "each cluster and each region" if regions else "each cluster"
    shift = inference["tdp"]["shift"]
    shifted = f", with thresholds shifted by {shift} {cite('andreella2023')}" if shift else ""
    return (
        f" For {sets}, the number of {elements} with a true effect was bounded from below by the p of all {elements} "
        f"in the same relabellings {cite('blanchard2020')}{shifted}; these bounds hold together, for all sets of "
        f"{elements}, with a confidence of {100 * (1 - inference['alpha']):g} %."
    )


def _across(config):
    """Describe whether p is corrected for the number of contrasts and inputs."""
    several = ["contrasts"] * (len(config["model"]["contrasts"]) > 1)
    several += ["inputs"] * (len(input_names(config["dataset"])) > 1)
    if not several:
        return ""
    return (
        f" Where nothing else is said, p is not corrected for the number of {_and(several)}; corrected over the "
        f"{_and(several)} of one relabelling scheme, by the smallest p of each relabelling over them "
        f"{cite('westfall2008')}, it is given beside."
    )


def _joint(config, element):
    """Describe the joint tests."""
    combined, multivariate, conjoined = [], [], []
    for name, test in config["joint"].items():
        row = STATISTICS[joint_statistic(test)]
        of_inputs = f" of {_and(test['inputs'])}" if test["inputs"] else ""
        said = f"{name}, {row.words} {cite(row.reference)} of {_and(test['contrasts'])}{of_inputs}"
        together = ", with the same sign in all of them" if test["direction"] == "concordant" else ""
        if test["multivariate"]:
            multivariate.append(said)
        elif test["combine"] == "conjunction":
            conjoined.append(f"{said}{together}")
        else:
            sides = test["direction"] or ("two-sided" if config["permutation"]["two_sided"] else "one-sided")
            combined.append(f"{said} ({sides})")
    text = ""
    if combined:
        text += (
            f" Tests were combined at each {element} by non-parametric combination {cite('winkler2016npc')}: "
            f"{_and(combined)}. The parametric p of the tests were combined in every relabelling, which was the same "
            "for all of them; what was enhanced is the normal deviate that the combination has if they are "
            "independent."
        )
    if conjoined:
        text += (
            f" Against the null hypothesis that one test or more has no effect, each {element} has the largest of "
            f"the corrected p that it has in each test: {_and(conjoined)}."
        )
    if multivariate:
        text += (
            f" Inputs were tested together at each {element} by multivariate tests: {_and(multivariate)}. Every "
            "relabelling was the same for all inputs of a participant; what was enhanced is the normal deviate of "
            "the parametric p."
        )
    return text


def _software(record, verbatim):
    versions = record["software"]
    named = [
        f"{shown} {versions[key]}"
        for key, shown in (("python", "Python"), ("numpy", "NumPy"), ("scipy", "SciPy"), ("numba", "Numba"))
        if versions.get(key)
    ]
    return (
        f"The analysis was run by Permaps {record['permaps']['version']} with "
        f"Snakemake {versions['snakemake']} {cite('molder2021')}, "
        f"nilearn {versions['nilearn']} {cite('abraham2014')}, {_and(named)}."
    )


def question(record: dict) -> list[str]:
    """Return the questions of a run, one sentence for each contrast."""
    asked = []
    for name, expression in record["config"]["model"]["contrasts"].items():
        if isinstance(expression, list):
            asked.append(f"{name}: where does any of {', '.join(map(str, expression))} matter?")
        else:
            sides = "differ from" if record["config"]["permutation"]["two_sided"] else "exceed"
            asked.append(f"{name}: where does the effect of {expression} {sides} 0?")
    for name, test in record["config"]["joint"].items():
        if test["multivariate"]:
            asked.append(
                f"{name}: where does {test['contrasts'][0]} matter for any mixture of {_and(test['inputs'])}?"
            )
        elif test["combine"] == "conjunction":
            asked.append(
                f"{name}: where is there an effect in all of {_and([*test['inputs'], *test['contrasts']])}?"
            )
        else:
            combined = _and([*test["inputs"], *test["contrasts"]])
            asked.append(f"{name}: where do {combined} together speak against no effect?")
    return asked


def _s(things):
    return "s" if len(things) != 1 else ""


def _its(things):
    return "its" if len(things) == 1 else "their"


def _were(count):
    return "was" if count == 1 else "were"


def _and(things):
    things = list(things)
    return things[0] if len(things) == 1 else ", ".join(things[:-1]) + " and " + things[-1]
