"""A sign of life on a terminal's standard error while long work runs; nothing for quick work or in a pipe."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_S = 0.5  # work done within this shows nothing


@contextmanager
def working(what: str) -> Iterator[None]:
    """Shows `what` with a spinner until the block ends, if it lasts longer than half a second."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_spin, args=(what, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _spin(what: str, done: threading.Event) -> None:
    if done.wait(PATIENCE_S):
        return
    from rich.console import Console

    with Console(stderr=True).status(what, spinner="dots"):
        done.wait()
