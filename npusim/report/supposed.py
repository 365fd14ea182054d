"""What what-ifs that compose several runs found, on the page of a browser; what they suppose stands at its top."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.pages.parts import listed, table
from npusim.pages.template import text
from npusim.report.record import Report, Supposed
from npusim.terminal.units import digits

MOST_ROWS = 200


def supposed(report: Report) -> str:
    """Lines and tables of the what-ifs of a report in order; empty for none."""
    return "".join(_one(one) for one in report.what_ifs)


def _one(one: Supposed) -> str:
    found = "".join(_rows(f"{one.name}: {name}", rows) for name, rows in one.tables.items())
    return listed([text(line) for line in one.lines]) + found


def _rows(title: str, rows: Sequence[dict[str, float | str]]) -> str:
    if not rows:
        return ""
    names = tuple(rows[0])
    left = f", the first {MOST_ROWS} of {len(rows)}" if len(rows) > MOST_ROWS else ""
    shown = [tuple(_cell(row.get(name, "")) for name in names) for row in rows[:MOST_ROWS]]
    return table(title + left, tuple(name.replace("_", " ") for name in names), shown)


def _cell(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{int(value):,}" if value == int(value) else digits(float(value))
