"""What speaks against taking a run at its word, one sentence for each limitation."""

from permaps.quality.outliers import sentence
from permaps.quality.plausible import doubt_of_coverage, doubts_of_mask
from permaps.reporting.terminal import too_few
from permaps.reporting.words import masks_of, space_of
from permaps.workflow.names import input_names

FEW_PARTICIPANTS = 20


def limitations(record: dict) -> list[str]:
    """Return the limitations of a run; empty if there are none.

    Parameters
    ----------
    record : dict
        The run's provenance.
    """
    alpha, tail_fit = (record["config"]["inference"][key] for key in ("alpha", "tail_fit"))
    shared = {}
    for name, contrast in record["contrasts"].items():
        for note in _contrast_limits(contrast, alpha, tail_fit):
            shared.setdefault(note, []).append(name)
    notes = [f"{', '.join(names)}: {note}" for note, names in shared.items()]
    people = record["participants"]["people"] or record["participants"]["included"]
    if people < FEW_PARTICIPANTS:
        notes.append(
            f"{people} participants are few: power is low, and effects at peaks that reach significance are "
            "overestimated."
        )
    for name, mask in masks_of(record).items():
        doubts = _mask_limits(mask, record["config"]["mask"]["strategy"], space_of(record))
        notes += [f"{name}: {note}" if name else note for note in doubts]
    if note := sentence(record["participants"]["stand_out"]):
        notes.append(note)
    if len(record["contrasts"]) > 1:
        notes.append(
            f"p values are corrected over {space_of(record).elements}, not over the {len(record['contrasts'])} "
            "contrasts or over the statistics; the maps corr-cfwe are, over contrasts."
        )
    if len(names := input_names(record["config"]["dataset"])) > 1:
        notes.append(
            f"p values of one input are not corrected for the {len(names)} inputs; the maps corr-ifwe are, over all "
            "inputs and contrasts."
        )
    return notes


def _mask_limits(mask, strategy, space):
    """Limitations of the analysis mask of one input."""
    if sides := mask.get("voxel_size_mm"):
        yield from doubts_of_mask(strategy, mask["n_voxels"], sides, mask["share_of_image"])
    left_out = mask.get("left_out", {})
    lost = left_out.get("under coverage", 0), left_out.get(space.whole, 0)
    if doubt := doubt_of_coverage(*lost, space.elements, space.whole):
        yield doubt


def _contrast_limits(contrast, alpha, tail_fit):
    """Limitations of one contrast."""
    n = contrast["n_relabellings"]
    n_alike = round(contrast["smallest_p"] * (n + 1))
    if note := too_few(n, alpha, tail_fit=tail_fit, n_alike=n_alike):
        yield f"{note[0].lower()}{note[1:]}"
    elif not contrast["exact"] and n + 1 < 50 / alpha:
        half = 1.96 * (alpha * (1 - alpha) / (n + 1)) ** 0.5
        more = "more would settle what lies near it."
        if n + 1 == contrast["n_distinct"]:
            more = (
                "these are all distinct ones, but where people are missing it makes a difference which of several "
                "who are alike in the design change places, and that is drawn by permutation.seed."
            )
        yield f"{n:,} relabellings leave a corrected p of {alpha:g} uncertain by ± {half:.2g}; {more}"
    if contrast["scheme"] in ("flip", "both"):
        yield "sign-flips assume errors that are symmetric around 0 and independent."
    yield from contrast.get("warnings", [])
