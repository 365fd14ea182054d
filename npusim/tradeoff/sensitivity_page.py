"""Sensitivities -> the block of `npusim run --sensitivity`: which number of this NPU decides."""

from __future__ import annotations

from npusim.terminal.layout import Line, bar, sentence, table
from npusim.terminal.units import time
from npusim.tradeoff.sensitivity import Sensitivity

TOP = 10
BAR_CELLS = 14
WIDE = 96  # cells: room for bars


def page(found: Sensitivity, top: int = TOP, width: int = 80) -> list[Line]:
    """The `top` largest elasticities, a line each."""
    rows, step = found.elasticities, found.step
    text = (
        f"% of latency for 1 % more of a number (both sides of it, {step:.2g} of it away); {len(rows)} of "
        f"{found.numbers} numbers have a say, numbers that shape the plan were not asked"
    )
    lines = [Line("sensitivity", "bold"), *sentence(text, width, 4)]
    if not rows:
        return [*lines, Line("    no number has a say: nothing is priced")]
    longest = abs(rows[0].elasticity)
    wide = width >= WIDE
    cells = [
        (
            f"{row.elasticity:+.3f}",
            row.name,
            f"{row.value:.6g} {row.unit}".strip(),
            row.source,
            *([bar(abs(row.elasticity) / longest, BAR_CELLS)] if wide else []),
        )
        for row in rows[:top]
    ]
    header = ("% per %", "number", "value", "source", *([""] if wide else []))
    lines += table(header, cells, width, words=(1, 2, 3, 4) if wide else (1, 2, 3))
    return [*lines, *_zeros(found, width)]


def _zeros(found: Sensitivity, width: int) -> list[Line]:
    """Numbers that are 0 and would matter."""
    rows = [
        (time(row.delta_us, sign=True), row.name, f"+{row.step:g} {row.unit}".strip(), row.source)
        for row in found.zeros[:TOP]
    ]
    header = ("changes by", "number that is 0", "when", "source")
    return [Line(""), *table(header, rows, width, words=(1, 2, 3))] if rows else []
