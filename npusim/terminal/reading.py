"""What may be opened: a file. Opening a pipe may wait for ever, and a device never ends."""

from __future__ import annotations

import os
import stat

SPECIAL_FILES = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def special(path: str | os.PathLike[str]) -> str | None:
    """What a path is if neither a file nor a folder: 'a pipe', 'a device'. Raises OSError if it is not there."""
    mode = os.stat(path).st_mode
    return next((what for test, what in SPECIAL_FILES if test(mode)), None)
