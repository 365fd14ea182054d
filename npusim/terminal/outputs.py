"""Files a command writes: refused before the work if they cannot be written, and never half-written."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from npusim.errors import BadArgument, BadOutput

STDOUT = "-"


def check_outputs(outputs: Mapping[str, str | None], inputs: Iterable[str] = ()) -> dict[str, str]:
    """The outputs asked for, option by option; `-` is standard output, None is none.

    Raises BadOutput for a path that cannot be written, is a folder, or is one of `inputs` or of the other
    outputs; BadArgument if two options want standard output.
    """
    wanted = {option: path for option, path in outputs.items() if path is not None}
    on_stdout = [option for option, path in wanted.items() if path == STDOUT]
    if len(on_stdout) > 1:
        raise BadArgument(
            f"{' and '.join(on_stdout)} cannot both be '-': standard output holds one; name a file"
        )
    taken = {os.path.realpath(path): f"the input '{path}'" for path in inputs}
    for option, path in wanted.items():
        if path != STDOUT:
            where = f"{option} '{path}'"
            _check(path, where, taken)
            taken[os.path.realpath(path)] = f"the file of {option}"
    return wanted


def write_outputs(texts: Mapping[str, str]) -> None:
    """Text of each path: all files are written beside their places first, then put there at once.

    Raises BadOutput if one cannot be written; then none is.
    """
    waiting: dict[str, str] = {}
    try:
        for path, text in texts.items():
            if path == STDOUT:
                sys.stdout.write(text)
                continue
            target = os.path.realpath(path)  # through links, as a plain write would
            try:
                if _is_special(target):
                    with open(target, "w", encoding="utf-8") as device:
                        device.write(text)
                else:
                    waiting[target] = f"{target[:200]}.{secrets.token_hex(4)}.part"
                    _write_new(waiting[target], text)
            except OSError as error:
                raise BadOutput(f"cannot write '{path}': {error.strerror}") from None
        for target, part in waiting.items():
            if os.path.exists(target):
                shutil.copymode(target, part)
            os.replace(part, target)
    finally:
        for part in waiting.values():
            if os.path.exists(part):
                os.unlink(part)


def _check(path: str, where: str, taken: Mapping[str, str]) -> None:
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    try:
        if not path or path.endswith(os.sep) or os.path.isdir(target):
            raise BadOutput(f"{where} is a folder; name a file in it")
        if target in taken or any(_same(target, other) for other in taken):
            other = next(what for place, what in taken.items() if place == target or _same(target, place))
            raise BadOutput(f"{where} is also {other}; give it a name of its own")
        if not os.path.isdir(folder):
            raise BadOutput(f"{where}: there is no folder '{os.path.dirname(path) or folder}'; make it first")
        if os.path.exists(target):
            writable = os.access(target, os.W_OK)
        else:
            os.stat(folder)
            _refuse_long_name(target)
            writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise BadOutput(f"{where} cannot be written: {error.strerror}") from None
    if not writable:
        raise BadOutput(f"{where} cannot be written: no permission, or a read-only disk")


def _refuse_long_name(target: str) -> None:
    """OSError (name too long, links in a circle): `exists` says False of those."""
    try:
        os.stat(target)
    except FileNotFoundError:
        return


def _same(target: str, other: str) -> bool:
    """One file under two names (a hard link)?"""
    return os.path.exists(target) and os.path.exists(other) and os.path.samefile(target, other)


def _is_special(target: str) -> bool:
    """A device or a pipe (/dev/null): written to, never replaced."""
    return os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode)


def _write_new(path: str, text: str) -> None:
    # A lone surrogate (a file name that is no UTF-8) is written as its escape.
    with open(path, "x", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.write(text)


@contextmanager
def put_in_place(part: str, target: str, path: str | Path) -> Iterator[None]:
    """The block writes the file `part`; at its end that becomes `target`, and after an error it is gone.

    Raises BadOutput, which names `path`, for an OSError."""
    try:
        yield
        os.replace(part, target)
    except OSError as error:
        raise BadOutput(f"cannot write '{path}': {error.strerror or error}") from None
    finally:
        if os.path.exists(part):
            os.unlink(part)
