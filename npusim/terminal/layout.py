"""The small arts of the terminal page: names cut in the middle, bars, aligned tables, wrapped sentences.

All widths are counted in terminal cells (a Chinese character takes two), by rich. Why no `rich.table`: it
shortens numbers when a name is long, and costs 0.05 s of start-up where nobody sees a colour.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from npusim_xamba.text import clean as clean
from npusim_xamba.text import page_width as page_width

# For terminals and pipes that cannot write these.
ASCII = str.maketrans({"…": "~", "█": "#", "▌": "#", "→": ">"})
SHORTEST = 8  # cells a column of words keeps
FOLDER = re.compile(r"^(.).*?([._]?(?:\d+|\*)?)$")


class Line(NamedTuple):
    """A line of the page; `style` is rich's, and empty for plain text."""

    text: str
    style: str = ""


def show(lines: Iterable[Line]) -> None:
    """Lines to standard output; styled on a terminal, plain in a pipe (and under NO_COLOR, by rich)."""
    lines = list(lines)
    if (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8":
        lines = [Line(line.text.translate(ASCII), line.style) for line in lines]
    if not sys.stdout.isatty():
        sys.stdout.write("".join(f"{line.text}\n" for line in lines))
        return
    from rich.console import Console

    console = Console(highlight=False)
    for text, style in lines:
        console.print(text, style=style, markup=False, emoji=False, soft_wrap=True)


def fit(text: str, width: int) -> str:
    """At most `width` cells. Folders of a path shrink to their first letter and number, from the left
    ('/encoder/stages.3/layers.0/Conv' -> '/e/s.3/layers.0/Conv'); after that, the middle gives way.
    """
    text = clean(text)
    parts = text.split("/")
    for number, part in enumerate(parts[:-1]):
        if cell_len(text) <= width:
            return text
        parts[number] = FOLDER.sub(r"\1\2", part)
        text = "/".join(parts)
    if cell_len(text) <= width:
        return text
    tail = (width - 1) * 2 // 3
    return set_cell_size(text, width - 1 - tail) + "…" + set_cell_size(text[::-1], tail)[::-1]


def bar(share: float, width: int) -> str:
    """A bar of `width` cells for a share of 0..1, half cells included."""
    halves = round(min(max(share, 0.0), 1.0) * width * 2)
    return "█" * (halves // 2) + "▌" * (halves % 2)


def pad(text: str, width: int, left: bool = True) -> str:
    """Blanks up to `width` cells: behind a word, before a number."""
    blanks = " " * (width - cell_len(text))
    return text + blanks if left else blanks + text


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int, words: Sequence[int]
) -> list[Line]:
    """Aligned lines, the header in bold. Columns in `words` stand left, numbers right.

    At most `width` cells as long as the numbers leave room: only words give way, the widest first.
    """
    lines = [[clean(cell) for cell in line] for line in (header, *rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(header))]
    while sum(widths) + 2 * (len(widths) - 1) > width:
        widest = max(words, key=lambda column: widths[column])
        if widths[widest] <= SHORTEST:
            break
        widths[widest] -= 1
    drawn = [
        "  ".join(
            pad(fit(cell, cells) if column in words else cell, cells, left=column in words)
            for column, (cell, cells) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return [Line(drawn[0], "bold"), *map(Line, drawn[1:])]


def sentence(text: str, width: int, indent: int, first: str = "", style: str = "") -> list[Line]:
    """A wrapped sentence, `indent` blanks before each line; `first` stands in the indent of the first."""
    room = width - indent
    lines: list[str] = []
    for word in clean(text).split():
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= room:
            lines[-1] += " " + word
        else:
            lines.append(fit(word, room))
    starts = [first.ljust(indent)] + [" " * indent] * len(lines)
    return [Line(start + line, style) for start, line in zip(starts, lines, strict=False)]
