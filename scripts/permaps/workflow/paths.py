"""What a path leads to, before anything is opened: a pipe can wait for ever, and a device may never end."""

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


def lies_below(path, folder):
    """Tell whether a path leads to a folder, or to what is below it, by whatever links."""
    try:
        path, folder = os.path.realpath(path), os.path.realpath(folder)
    except ValueError:  # a zero byte, which is told when the path is opened
        return False
    return os.path.commonpath([path, folder]) == folder
