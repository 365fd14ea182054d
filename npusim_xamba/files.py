"""Files in and out, for both tools: what may be opened, what stays in its folder, and how a file is put in place.

A regular file is written beside its place first and then put there, whole or not at all. A device or a pipe
that exists is written to and never replaced: putting a file in the place of /dev/null, as root, would take it
from the whole machine.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

Place = str | os.PathLike[str]
#: What is written: text, bytes, or the file to copy.
Content = str | bytes | Path

SPECIAL_FILES = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


class Refused(Exception):
    """A file that cannot be read or written; the message is the sentence for the user."""


def special(path: Place) -> str | None:
    """What a path is if neither a file nor a folder: 'a pipe', 'a device'. Raises OSError if it is not there."""
    mode = os.stat(path).st_mode
    return next((what for test, what in SPECIAL_FILES if test(mode)), None)


def check_readable(path: Place, what: str) -> None:
    """Raises `Refused` for what is no file that can be read. `what` says what it should be ('an ONNX file').

    A pipe or a device is not opened: the first may wait for ever, the second never ends.
    """
    name = shown(path)
    try:
        kind = special(path)
        if kind:
            raise Refused(f"{name} is {kind}, not {what}; give a file")
        if os.path.isdir(path):
            raise Refused(f"{name} is a folder, not {what}")
        with open(path, "rb"):
            pass
    except FileNotFoundError:
        raise Refused(f"there is no file {name}") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Refused(f"{name} cannot be read: {_reason(error)}") from None


def inside(folder: Place, location: str) -> Path:
    """The file `location` of a model in `folder`, links followed. Raises `Refused` if it is outside the folder.

    A model may name any file of the machine as its weights; reading it, or copying it beside the
    output, would hand that file out.
    """
    check_location(location)
    home = os.path.realpath(folder or ".")
    path = os.path.realpath(os.path.join(home, location))
    if os.path.commonpath([home, path]) != home:
        raise Refused(f"weights in {shown(location)}, a link out of the model's folder")
    if os.path.lexists(path) and not os.path.isfile(path):
        raise Refused(f"weights in {shown(location)}, which is no file")
    return Path(path)


def check_location(location: str) -> None:
    """Raises `Refused` for a place of weights that is not written as one in the model's folder."""
    parts = location.replace("\\", "/").split("/")
    if not location or "\0" in location or os.path.isabs(location) or ".." in parts or ":" in parts[0]:
        raise Refused(f"weights in {shown(location)}, which must lie in the model's folder")


def check_target(path: Place, where: str, taken: Mapping[str, str] = {}) -> str:
    """The place a path stands for, links followed. Raises `Refused` if it cannot be written.

    where: the option and the path, for the sentence. taken: places that may not be it, and what they are.
    """
    text = os.fspath(path)
    try:
        target = os.path.realpath(text)
        folder = os.path.dirname(target)
        if not text or text.endswith(os.sep) or os.path.isdir(target):
            raise Refused(f"{where} is a folder; name a file in it")
        for place, what in taken.items():
            if target == place or _same(target, place):
                raise Refused(f"{where} is also {what}; give it a name of its own")
        if not os.path.isdir(folder):
            missing = os.path.dirname(text) or folder
            raise Refused(f"{where}: there is no folder {shown(missing)}; make it first")
        if os.path.exists(target):
            writable = os.access(target, os.W_OK)
        else:
            os.stat(folder)
            _refuse_long_name(target)
            writable = os.access(folder, os.W_OK | os.X_OK)
    except (OSError, ValueError) as error:
        raise Refused(f"{where} cannot be written: {_reason(error)}") from None
    if not writable:
        raise Refused(f"{where} cannot be written: no permission, or a read-only disk")
    return target


def write_all(contents: Mapping[str, Content]) -> None:
    """Write every path, or none of them: all are written beside their places first, then put there at once.

    Raises `Refused`. A device or a pipe is written to as it is.
    """
    waiting: dict[str, str] = {}
    devices: list[tuple[str, str, Content]] = []
    try:
        for path, content in contents.items():
            try:
                target = os.path.realpath(path)  # through links, as a plain write would
                if os.path.exists(target) and special(target):
                    devices.append((path, target, content))
                    continue
                waiting[target] = f"{target[:200]}.{os.urandom(4).hex()}.part"
                _write_new(waiting[target], content)
            except (OSError, ValueError) as error:
                raise Refused(f"cannot write {shown(path)}: {_reason(error)}") from None
        for path, target, content in devices:
            try:
                _write_device(target, content)
            except OSError as error:
                raise Refused(f"cannot write {shown(path)}: {_reason(error)}") from None
        for target, part in waiting.items():
            try:
                if os.path.exists(target):
                    shutil.copymode(target, part)
                os.replace(part, target)
            except OSError as error:
                raise Refused(f"cannot write {shown(target)}: {_reason(error)}") from None
    finally:
        for part in waiting.values():
            if os.path.lexists(part):
                os.unlink(part)


def shown(path: Place) -> str:
    """A path in quotes for a sentence."""
    from npusim_xamba.text import quoted

    return quoted(os.fspath(path))


def _pieces(content: Content) -> Iterable[bytes]:
    if isinstance(content, Path):
        with open(content, "rb") as file:
            while piece := file.read(2**22):
                yield piece
    elif isinstance(content, str):
        # A lone surrogate (a file name that is no UTF-8) is written as its escape.
        yield content.encode("utf-8", errors="backslashreplace")
    else:
        yield content


def _write_new(path: str, content: Content) -> None:
    with open(path, "xb") as file:
        for piece in _pieces(content):
            file.write(piece)


def _write_device(path: str, content: Content) -> None:
    """Write to what exists: not created, not cut to length 0, not replaced."""
    with open(os.open(path, os.O_WRONLY), "wb", closefd=True) as device:
        for piece in _pieces(content):
            device.write(piece)


def _refuse_long_name(target: str) -> None:
    """OSError (name too long, links in a circle): `exists` says False of those."""
    try:
        os.stat(target)
    except FileNotFoundError:
        return


def _same(target: str, other: str) -> bool:
    """One file under two names (a hard link)?"""
    return os.path.exists(target) and os.path.exists(other) and os.path.samefile(target, other)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
