"""Every participant's values, correlation with the others and missing share, who stands out, and a contact sheet."""

import numpy as np
from permaps.figures.sample_charts import quality
from permaps.figures.sheet import chosen, contact_sheet
from permaps.figures.style import draw
from permaps.maps.store import Store
from permaps.reporting.captions import write_caption
from permaps.spaces.files import read_space
from permaps.tables.participants import read_participants
from permaps.tables.text import MAP
from permaps.tables.tsv import read_frame
from permaps.workflow.jobs import job


def main(*, metrics, excluded, outputs, caption, elements="voxels"):
    """Draw the quality metrics of the screened participants.

    Parameters
    ----------
    metrics : path
        One row per screened participant.
    excluded : path
        Those who left, with their reason.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    elements : str
        What a map consists of.
    """
    table = _read_metrics(metrics)
    gone = read_participants(excluded)
    flags = _flags(table)
    title = f"Quality of {len(table)} maps: {len(flags)} stand{'s' * (len(flags) == 1)} out"
    bands = table[["q01", "q25", "q50", "q75", "q99"]].to_numpy()
    people = table["participant_id"].tolist()
    draw(
        outputs,
        quality,
        people,
        bands,
        table["correlation"].to_numpy(),
        table["missing"].to_numpy(),
        flags,
        title,
        elements,
    )
    named = "; ".join(f"{people[i]}: {reason}" for i, reason in flags.items()) or "nobody"
    left = (
        "; ".join(f"{p}: {r}" for p, r in zip(gone["participant_id"], gone["reason"], strict=True))
        or "nobody"
    )
    write_caption(
        caption, f"{len(table)} maps were measured. Stands out: {named}. Left out of the analysis: {left}."
    )


def draw_sheet(*, metrics, images, values, brain, outputs, caption, zero_is_missing):
    """Draw a slice of each map of use, with the brain mask.

    Parameters
    ----------
    metrics : path
        One row per screened participant.
    images, values : path
        What their images are, and the values of these.
    brain : path
        Brain mask.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    zero_is_missing : bool
        Whether an exact 0 stands for a missing value.
    """
    table, space = _read_metrics(metrics), read_space(brain)
    flags = _flags(table)
    shown = chosen(flags, len(table))
    names = table["participant_id"].tolist()
    draw(
        outputs,
        contact_sheet,
        Store(images, values).maps([names[i] for i in shown], MAP),
        [names[i] for i in shown],
        {k: flags[i] for k, i in enumerate(shown) if i in flags},
        space.mask,
        space.affine,
        # Those of most maps, so that one on another scale is seen to be.
        (float(np.median(table["q01"])), float(np.median(table["q99"]))),
        zero_is_missing,
        f"Each map, with the brain mask ({len(shown)} of {len(names)})",
    )
    few = "" if len(shown) == len(names) else ": all that stand out, and some of the others"
    write_caption(caption, f"{len(shown)} of {len(names)} maps{few}.")


def _read_metrics(path):
    return read_frame(path, participant_id=str, duplicate_of=str, stands_out=str)


def _flags(table):
    """Return what stands out, by the participant's position."""
    return {i: reason for i, reason in enumerate(table["stands_out"]) if isinstance(reason, str)}


if "snakemake" in globals():
    with job(snakemake):
        files, settings = snakemake.input, snakemake.params.settings
        main(
            metrics=files.metrics,
            excluded=files.excluded,
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
            elements=settings["elements"],
        )
        if settings["sheet"]:
            draw_sheet(
                metrics=files.metrics,
                images=files.images,
                values=files.values,
                brain=files.brain,
                outputs=[snakemake.output.sheet, snakemake.output.sheet_vector],
                caption=snakemake.output.sheet_caption,
                zero_is_missing=settings["zero_is_missing"],
            )
