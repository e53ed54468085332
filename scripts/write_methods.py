"""The methods paragraph of the run, ready to be pasted, with its references."""

from permaps.reporting.limitations import limitations
from permaps.reporting.methods import as_code, methods_paragraph
from permaps.reporting.references import bibtex, cited, listed
from permaps.workflow.jobs import read_json, run, write_text


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
    write_text(methods, "\n".join(lines))
    write_text(bibliography, bibtex(keys))


if "snakemake" in globals():
    run(main, snakemake)
