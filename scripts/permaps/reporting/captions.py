"""Sentences with a run's own numbers, which the report's captions include.

A caption that quoted the config would tell what the config says now, not what the figure was made
with; so each figure leaves its numbers beside it.
"""

import re

from permaps.workflow.jobs import written_whole

# All that means something within a line; a colon before text makes a link of `javascript:alert(1)` too.
_MARKS = re.compile(r"([\\`*_|<>\[\]@]|:(?=\S))")


def write_caption(path, text):
    """Write plain text as one paragraph of reStructuredText that shows it as it is."""
    # An escaped space is nothing, and keeps the first word from beginning a list or a directive.
    paragraph = "\\ " + _MARKS.sub(r"\\\1", " ".join(text.split()))
    with written_whole(path) as temporary:
        temporary.write_text(paragraph + "\n", encoding="utf-8")
