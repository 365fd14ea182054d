"""What a command asks of its process, before it imports anything heavy and after its work.

Half of what a command takes on a small network is imports, and they leave half a million objects that live to the end.
Python's collector of cycles would walk all of them again and again: several times while they are made and three times
as the process ends, a quarter of its CPU time. What cycles a long command makes are collected all the same, only later:
most commands end before, and in a graph of 9,000 tasks one collection is a twentieth of the time of the command.
"""

from __future__ import annotations

import gc
import os

MANY = 500_000  # new objects between two collections; Python's own number is 700 (2,000 in newer ones)


def begin() -> None:
    """To be called before numpy and pydantic are imported."""
    # pydantic looks through all installed packages for plugins before it builds its first model: 20 ms of start-up
    # for nothing, as we use none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # OpenBLAS starts a thread a core as numpy is imported and lets them spin: a tenth of a second of CPU time, and no
    # command multiplies matrices large enough to need them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(MANY, 50, 50)


def end() -> None:
    """To be called when the process is about to end: what it holds goes back to the system, unwalked."""
    gc.freeze()
