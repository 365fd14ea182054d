"""A figure -> one HTML file, from the template of all pages (`npusim.pages`); the same numbers stand in a table below.
Lines and points zoom; heat maps and bars are drawn whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from npusim.pages.parts import chart, table
from npusim.pages.template import Section, page, text
from npusim.plotting.figure import GROUP_NAMES, Figure, Heat, Lines, Points, number
from npusim.plotting.regions import places

SHAPES = (
    '<circle cx="13" cy="6" r="4.5"/>',
    '<rect x="9" y="2" width="8" height="8"/>',
    '<path d="M13 1l5 10h-10z"/>',
    '<path d="M13 .5l5.5 5.5l-5.5 5.5l-5.5-5.5z"/>',
    '<path d="M9 2l8 8m0-8l-8 8" stroke="currentColor" stroke-width="2"/>',
)
DASHES = ("", "7 4", "9 3 2 3", "2 3")  # as in lines.js
HELP = "Point at the plot, or focus it and use the arrow keys, Home and End, to read single values."
ZOOM_HELP = f"{HELP} Drag to zoom, double-click for all; + and - zoom, page keys move, 0 shows all."
KINDS = {"heat": "heat map", "lines": "line plot", "points": "scatter plot", "tornado": "bar chart"}


def to_html(figure: Figure) -> str:
    """The page's text."""
    label = f"{KINDS[figure.kind]}: {figure.title}. Use the arrow keys to read single values."
    zooms = figure.kind in ("lines", "points")
    drawn = _legend(figure) + chart("plot", label, ZOOM_HELP if zooms else HELP)
    numbers = f"<details><summary>The same numbers as a table</summary>{_table(figure)}</details>"
    sections = [
        Section("drawn", KINDS[figure.kind].capitalize(), drawn),
        Section("numbers", "Numbers", numbers),
    ]
    scripts = ["plot.js", *([] if zooms else ["still.js"]), f"plot_{figure.kind}.js"]
    return page(
        figure.title, f'<p class="note">{text(figure.note)}</p>', sections, _document(figure), scripts
    )


def _document(figure: Figure) -> Any:
    document = {**asdict(figure), "groups": GROUP_NAMES}  # the words of legend and table, for the drawing
    if isinstance(figure, Heat) and figure.bound and figure.level is None:
        cells = np.array(figure.cells, dtype=float)
        document["labels"] = [p for p in places(np.where(np.isfinite(cells), figure.bound, -1)) if p[0] >= 0]
    return _plain(document)


def _plain(value: Any) -> Any:
    """Six digits of every float, null for what is no number."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _legend(figure: Figure) -> str:
    items = []
    if isinstance(figure, Lines):
        if len(figure.series) > 1:
            for k, series in enumerate(figure.series):
                dash = DASHES[k % len(DASHES)]
                stroke = (
                    f'<path d="M0 6h26" stroke="currentColor" stroke-width="1.6" stroke-dasharray="{dash}"/>'
                )
                items.append((stroke, "soft", series.name))
        items += [_group(g, "bound by ") for g in sorted({g for s in figure.series for g in s.bound})]
    elif isinstance(figure, Points) and figure.front:
        groups = sorted({figure.bound[i] for i in figure.front}) if figure.bound else []
        items += [_group(g, "front, bound by ") for g in groups]
        items.append(('<circle cx="13" cy="6" r="2.5"/>', "soft", "beaten by another"))
    elif isinstance(figure, Heat) and figure.level is not None:
        stroke = (
            '<path fill="#f3f3f3" d="M0 0h26v12h-26z"/><path d="M0 6h26" stroke="#000" stroke-width="2.5"/>'
        )
        items.append((stroke, "soft", f"{figure.level_name}: {number(figure.level)}"))
    if not items:
        return ""
    lines = [
        f'<li><svg viewBox="0 0 26 12" aria-hidden="true" style="color:var(--{ink})" fill="currentColor">'
        f"{shape}</svg>{text(words)}</li>"
        for shape, ink, words in items
    ]
    return f'<ul class="legend">{"".join(lines)}</ul>'


def _group(which: int, words: str) -> tuple[str, str, str]:
    return SHAPES[which], f"g{which}", words + GROUP_NAMES[which]


def _table(figure: Figure) -> str:
    if isinstance(figure, Heat):
        return _heat_table(figure)
    if isinstance(figure, Lines):
        header = [figure.x.title]
        for series in figure.series:
            header += [f"{series.name} {figure.value} ({figure.unit})".strip()]
            header += ["bound by"] if series.bound else []
        rows: Iterable[Sequence[str]] = (
            [_cell(x), *(c for s in figure.series for c in _value_and_bound(s.values[i], s.bound, i))]
            for i, x in enumerate(figure.x.values)
        )
        return table(figure.title, header, rows, {k for k, name in enumerate(header) if name == "bound by"})
    if isinstance(figure, Points):
        front = set(figure.front)
        header = [figure.x.title, figure.y.title, *(["bound by"] if figure.bound else []), "at"]
        header += ["on the front"] if front else []
        rows = (
            [_cell(x), *_value_and_bound(figure.y.values[i], figure.bound, i), figure.texts[i]]
            + ([("yes" if i in front else "no")] if front else [])
            for i, x in enumerate(figure.x.values)
        )
        return table(figure.title, header, rows, set(range(2, len(header))))
    header = ["number", "value", "source", "elasticity"]
    rows = ([bar.name, bar.text, bar.source, f"{bar.length:+.4f}"] for bar in figure.bars)
    return table(figure.title, header, rows, {0, 1, 2})


def _heat_table(figure: Heat) -> str:
    def cell(j: int, i: int) -> str:
        value, bound = figure.cells[j][i], figure.bound[j][i] if figure.bound else None
        shown = _cell(value)
        return shown if bound is None or not math.isfinite(value) else f"{shown} ({GROUP_NAMES[bound]})"

    unit = f" ({figure.unit})" if figure.unit else ""
    bound = ", in brackets what bounds it" if figure.bound else ""
    caption = f"{figure.value}{unit}{bound}; rows: {figure.y.title}, columns: {figure.x.title}"
    rows = (
        [_cell(y), *(cell(j, i) for i in range(len(figure.x.values)))] for j, y in enumerate(figure.y.values)
    )
    return table(caption, ["", *map(_cell, figure.x.values)], rows, set())


def _value_and_bound(value: Any, bound: Sequence[int], i: int) -> list[str]:
    return [_cell(value), *([GROUP_NAMES[bound[i]] if math.isfinite(value) else ""] if bound else [])]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return number(value) if math.isfinite(value) else "does not fit"
