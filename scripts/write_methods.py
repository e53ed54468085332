"""The methods paragraph of the run, ready to be pasted, with its references."""

from permaps.reporting.limitations import limitations
from permaps.reporting.methods import as_code, methods_paragraph
from permaps.reporting.references import bibtex, cited, listed
from permaps.workflow.jobs import job, read_json, written_whole


def main(*, provenance, methods, bibliography):
    """Write the paragraph as Markdown, and the papers it cites as BibTeX.

    Parameters
    ----------
    provenance : path
        The run's provenance (JSON).
    methods, bibliography : path
    """
    record = read_json(provenance)
    text = methods_paragraph(record, as_code)
    keys = cited(text)
    lines = ["# Methods", "", text, ""]
    if notes := limitations(record):
        lines += ["# Limitations", "", *(f"- {note}" for note in notes), ""]
    lines += ["# References", "", *(f"- {listed(key)}" for key in keys), ""]
    with written_whole(methods) as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")
    with written_whole(bibliography) as temporary:
        temporary.write_text(bibtex(keys), encoding="utf-8")


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.input,
            **snakemake.output,
        )
