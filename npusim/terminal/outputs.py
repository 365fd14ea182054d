"""Files a command writes: refused before the work if they cannot be written, and never half-written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from npusim.errors import BadArgument, BadOutput
from npusim_xamba.files import Refused, check_target, write_all

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
            try:
                target = check_target(path, f"{option} '{path}'", taken)
            except Refused as error:
                raise BadOutput(str(error)) from None
            taken[target] = f"the file of {option}"
    return wanted


def write_outputs(texts: Mapping[str, str | bytes]) -> None:
    """Text, or bytes, of each path: all files are written beside their places first, then put there at once.

    Raises BadOutput if one cannot be written; then none is.
    """
    files = {path: text for path, text in texts.items() if path != STDOUT}
    if STDOUT in texts:
        text = texts[STDOUT]
        sys.stdout.write(text) if isinstance(text, str) else sys.stdout.buffer.write(text)
    try:
        write_all(files)
    except Refused as error:
        raise BadOutput(str(error)) from None


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
