"""Sentences with a run's own numbers, which the report's captions include.

A caption that quoted the config would tell what the config says now, not what the figure was made
with; so each figure leaves its numbers beside it.
"""

import re

from permaps.workflow.jobs import written_whole


def write_caption(path, text):
    """Write plain text as reStructuredText of one paragraph that shows it as it is.

    All marks are escaped, not only those of emphasis: docutils makes a link of `javascript:alert(1)` too.
    """
    plain = re.sub(r"([^\w\s]|_)", r"\\\1", " ".join(text.split()))
    with written_whole(path) as temporary:
        temporary.write_text(plain + "\n", encoding="utf-8")
