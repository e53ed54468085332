"""Every participant's values, correlation with the others and missing share, who stands out, and a contact sheet."""

from permaps.figures.sample_charts import quality, who_stands_out
from permaps.figures.sheet import chosen, contact_sheet
from permaps.figures.style import draw
from permaps.maps.store import Store
from permaps.quality.outliers import flags_of
from permaps.reporting.captions import write_caption
from permaps.spaces.files import read_space
from permaps.tables.participants import read_participants
from permaps.tables.text import ID, MAP
from permaps.tables.tsv import read_frame
from permaps.workflow.jobs import job


def main(*, metrics, excluded, outputs, caption, elements):
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
    draw(outputs, quality, table, elements)
    write_caption(caption, who_stands_out(table, read_participants(excluded)))


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
    table = _read_metrics(metrics)
    shown = chosen(flags_of(table), len(table))
    maps = Store(images, values).maps(table[ID].iloc[shown], MAP)
    draw(outputs, contact_sheet, maps, table, shown, read_space(brain), zero_is_missing)
    few = "" if len(shown) == len(table) else ": all that stand out, and some of the others"
    write_caption(caption, f"{len(shown)} of {len(table)} maps{few}.")


def _read_metrics(path):
    return read_frame(path, participant_id=str, duplicate_of=str, stands_out=str)


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
