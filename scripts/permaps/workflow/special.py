"""What lies where a file is expected: opening a pipe waits for ever, and a device may never end."""

import os
import stat

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def no_file(path):
    """Return what a path leads to if that is there and no regular file, in two words; "" otherwise.

    Parameters
    ----------
    path : path

    Returns
    -------
    str
        Such as "a pipe". What cannot be reached is left to those who open it: they can say why.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return _KINDS.get(stat.S_IFMT(mode), "")
