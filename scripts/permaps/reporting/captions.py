"""Sentences with a run's own numbers, which the report's captions include.

A caption that quoted the config would tell what the config says now, not what the figure was made
with; so each figure leaves its numbers beside it.
"""

import re

from permaps.workflow.jobs import written_whole


def write_caption(path, text):
    """Write plain text as reStructuredText, so that a column such as `site_` stays as it is."""
    with written_whole(path) as temporary:
        temporary.write_text(re.sub(r"([\\`*_|<>])", r"\\\1", text) + "\n", encoding="utf-8")
