"""A Pareto front as lines for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.terminal.layout import Line, fit, sentence, table
from npusim.terminal.units import time
from npusim.tradeoff.front import Front


def page(found: Front, asked: int, top: int, width: int, warnings: Sequence[str] = ()) -> list[Line]:
    """The page's lines: how many points, at most `top` of the front, evenly chosen, by rising cost, and warnings."""
    rows = list(found.rows())
    some = [rows[i] for i in _spread(len(rows), top)]
    names = list(found.parameters)
    short = [name.rpartition(".")[2] for name in names]
    titles = [s if short.count(s) == 1 else name for s, name in zip(short, names, strict=True)]
    cells = [
        (f"{row['cost']:.6g}", time(row["latency_us"]), *(_short(row[n]) for n in names), row["bound_by"])
        for row in some
    ]
    for room in range(40, 7, -1):  # the widest titles that leave the table within the page
        header = ("cost", "latency", *(fit(title, room) for title in titles), "bound")
        lines = table(header, cells, width, words=(len(header) - 1,))
        if max(len(line.text) for line in lines) <= width:
            break
    misfits = asked - found.cost.size
    missing = f"; at {misfits:,} more the model does not fit" if misfits else ""
    shown = f", {len(some)} of them shown" if len(some) < len(rows) else ""
    return [
        Line(fit(f"{found.model} on variants of {found.hardware}: latency against cost", width), "bold"),
        *sentence(found.cost_text, width, 10, "cost"),
        *sentence(f"{found.cost.size:,}{missing}", width, 10, "points"),
        *sentence(f"{len(rows)} points that no other beats on both{shown}", width, 10, "front"),
        Line(""),
        *lines,
        *(line for said in warnings for line in sentence(said, width, 10, "warning", style="yellow")),
    ]


def _spread(count: int, most: int) -> list[int]:
    """At most `most` places of `count`, evenly, the first and the last among them."""
    if count <= most or most < 2:
        return list(range(min(count, most)))
    return [round(k * (count - 1) / (most - 1)) for k in range(most)]


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
