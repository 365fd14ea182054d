"""Plots people would rather look at: `save(result, path)` writes a sweep, a front or sensitivities to a file.

    from npusim.plotting import save as plots
    plots.save(npusim.sweep(graph, hw, vary), "sweep.html")     # one file, works offline
    plots.save(sensitivity(graph, hw), "tornado.png")           # by matplotlib: npusim-xamba[plot]

The kind of plot follows from the result (`npusim.plotting.from_results`).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from npusim.errors import BadOutput
from npusim.terminal.outputs import put_in_place

FORMATS = (".html", ".png")


def check(path: str | Path) -> str:
    """The format of a plot's file, '.html' or '.png', before any work is done for it.

    Raises BadOutput for another format, or a .png where matplotlib is not installed."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise BadOutput(f"cannot plot to '{path}'; name a file that ends in {' or '.join(FORMATS)}")
    if suffix == ".png":
        from npusim.plotting.png import require_matplotlib

        require_matplotlib()
    return suffix


def render(result: Any, path: str | Path) -> bytes:
    """What `save` writes to a file of this name.

    Args:
        result: the Dataset of `npusim.sweep` with one or two varied numbers, a `Front`, a `Sensitivity`, or a
            figure of `npusim.plotting`.

    Raises:
        BadOutput: see `check`. BadArgument: a result that no plane can show.
    """
    suffix = check(path)
    from npusim.plotting.figure import Heat, Lines, Points, Tornado
    from npusim.plotting.from_results import figure_of

    figure = result if isinstance(result, Heat | Lines | Points | Tornado) else figure_of(result)
    if suffix == ".png":
        from npusim.plotting.png import to_png

        return to_png(figure)
    from npusim.plotting.html import to_html

    return to_html(figure).encode("utf-8", "backslashreplace")


def save(result: Any, path: str | Path) -> None:
    """Write the plot of a result; the whole file or none. Arguments and errors as `render`; BadOutput also if the
    file cannot be written."""
    content = render(result, path)
    target = os.path.realpath(path)
    part = f"{target[:200]}.{secrets.token_hex(4)}.part"
    with put_in_place(part, target, path), open(part, "xb") as file:
        file.write(content)
