"""Messages for the user about problems that they can fix."""

from collections.abc import Iterable


class UserError(Exception):
    """A problem in the user's config, table or images.

    The message says which file, row or key, what was found, what was expected and what to do. It is
    shown without a traceback, so it must be complete.
    """


def nearest(name: object, known: Iterable) -> str:
    """Return ", did you mean 'x'?" for the known name closest to `name`, or an empty string."""
    import difflib

    close = difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.5)
    return f", did you mean '{close[0]}'?" if close else ""


def listed(names: Iterable, most: int = 30, longest: int = 60) -> str:
    """Return names as a phrase, with long names and lists cut: a file that is no table may have huge ones."""
    names = [str(name) for name in names]
    shown = [name if len(name) <= longest else f"{name[: longest - 3]}..." for name in names[:most]]
    more = len(names) - most
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def one_line(error: Exception) -> str:
    """Return what an error says, in one line of at most 200 characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:200] + " ..."
