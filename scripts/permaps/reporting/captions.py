"""Sentences with a run's own numbers, which the report's captions include.

A caption that quoted the config would show the config of now, not the one of the figure. So each figure
stores its own numbers next to it.
"""

import re
from pathlib import Path

from permaps.workflow.jobs import write_text

# All characters with a meaning within a line. A colon before text also makes a link of `javascript:alert(1)`.
_MARKS = re.compile(r"([\\`*_|<>\[\]@]|:(?=\S))")


def write_caption(path: str | Path, text: str) -> None:
    """Write plain text as one paragraph of reStructuredText that shows it as it is."""
    # An escaped space is invisible, and stops the first word from starting a list or a directive.
    paragraph = "\\ " + _MARKS.sub(r"\\\1", " ".join(text.split()))
    write_text(path, paragraph + "\n")


def read_caption(path: str | Path) -> str:
    """Return the text that `write_caption` wrote."""
    return re.sub(r"\\(.)", r"\1", Path(path).read_text(encoding="utf-8").strip()).strip()


def explanation(path: str | Path) -> str:
    """Return what a caption of the report says of all figures of a kind, below the numbers of the one."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return " ".join(line.strip() for line in lines if line.strip() and not line.startswith(".. "))
