"""A file that is put in its place whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from npusim.errors import BadOutput


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
