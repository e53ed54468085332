"""Every participant's values, correlation with the others and missing share, and who stands out."""

from permaps.inputs.participants import read_participants
from permaps.inputs.tsv import read_frame
from permaps.reporting.captions import write_caption
from permaps.reporting.charts import quality
from permaps.reporting.style import draw
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
    table = read_frame(metrics, participant_id=str, duplicate_of=str, stands_out=str)
    gone = read_participants(excluded)
    flags = {i: reason for i, reason in enumerate(table["stands_out"]) if isinstance(reason, str)}
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


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.input,
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
            elements=snakemake.params.settings["elements"],
        )
