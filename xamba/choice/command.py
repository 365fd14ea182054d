"""`xamba optimize --for NPU`: from words of the command line to the page, with a progress bar on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from npusim.simulation import DEFAULT_COMPILER
from npusim.terminal.layout import page_width, show
from xamba.answers import STDOUT, write
from xamba.choice.choose import Chooser, Tick, optimize_for
from xamba.choice.moves import candidates
from xamba.choice.page import document, page
from xamba.choice.targets import targets
from xamba.choice.witness import vendor
from xamba.errors import BadArgument
from xamba.options import words
from xamba.proof.equivalence import Verdict


def optimize_command(
    source: str,
    output: str,
    npus: str,
    compilers: str | None,
    names: list[str] | None,
    options: Mapping[str, Any],
    *,
    max_error: float,
    trust: bool,
    witness: bool | str,
    check_answer: bool,
    seed: int,
    dims: Mapping[str, int],
    settings: Mapping[str, Any],
    json: str | None,
    **proof: Any,
) -> list[Verdict]:
    """Choose, verify, write, print the page (or JSON); the verdicts of the comparisons.

    names: passes to choose from, all if None. options: their options, by field. witness: ask Intel's compiler, through
    the command given or the one that is at hand. proof: options of `xamba.verify`.

    Raises `XambaError`.
    """
    if not max_error >= 0:
        raise BadArgument(f"--max-error is {max_error}; it cannot be negative")
    wanted = targets(words(npus), words(compilers or DEFAULT_COMPILER))
    offered = candidates(max_error <= 0, names, options)
    command = vendor(witness) if witness else None
    with watching() as tick:
        chooser = Chooser(wanted, offered, max_error, trust, dims, seed, tick, command, settings)
        choice = optimize_for(source, output, chooser, check_answer=check_answer, **proof)
    if json is not None:
        write("xamba.choose", document(choice), json, [source], seed=seed)
    if json != STDOUT:
        show(page(choice, page_width()))
    return choice.verdicts


@contextmanager
def watching() -> Iterator[Tick]:
    """A bar on a terminal's standard error, moved by calls of `tick(words, done, total)`; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda words, done=0, total=0: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def tick(words: str, done: float = 0, total: float = 0) -> None:
            bar.update(task, description=words, completed=done, total=total or None)

        yield tick
