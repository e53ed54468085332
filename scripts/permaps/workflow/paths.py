"""What a path leads to, checked before it is opened: a pipe can block forever, and a device may never end."""

import os
import stat
import tempfile
from pathlib import Path

# Files of regions of the cortex that hold the names of these.
LABELLED = (".annot", ".label.gii", ".dlabel.nii")

_NO_FILES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# How the text begins that stands for content elsewhere, and the most bytes that it has.
_POINTERS = (b"/annex/objects/", b"version https://git-lfs.github.com/")
_LONGEST_POINTER = 1024


def no_file(path: str | Path) -> str:
    """Return what a path leads to, in two words, if it exists and is no regular file; otherwise "".

    Returns
    -------
    str
        Such as "a pipe". Whoever opens a path that cannot be reached can say why.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return _NO_FILES.get(stat.S_IFMT(mode), "")


def not_fetched(path: str | Path) -> str:
    """Return what is in place of a file that git-annex, DataLad or Git LFS has not fetched yet; otherwise ""."""
    try:
        size = os.stat(path).st_size
    except FileNotFoundError:
        return "a link that leads to no file" if os.path.islink(path) else ""
    except (OSError, ValueError):
        return ""
    if size > _LONGEST_POINTER or no_file(path):
        return ""
    try:
        return "a pointer to its content" if Path(path).read_bytes().startswith(_POINTERS) else ""
    except OSError:
        return ""


def lies_below(path: str | Path, folder: str | Path) -> bool:
    """Tell whether a path leads into a folder, or to the folder itself, through any links."""
    try:
        path, folder = os.path.realpath(path), os.path.realpath(folder)
    except ValueError:  # a zero byte: the error comes when the path is opened
        return False
    return os.path.commonpath([path, folder]) == folder


def is_writable(folder: str | Path) -> bool:
    """Tell whether files can be made in a folder: in /proc, or on a read-only file system, its mode says nothing."""
    try:
        os.rmdir(tempfile.mkdtemp(dir=folder, prefix=".permaps-"))
    except OSError:
        return False
    return True
