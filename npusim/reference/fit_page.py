"""A fit to a reference folder as lines for the terminal: errors before and after, by half."""

from __future__ import annotations

from npusim.reference.fit import Calibration
from npusim.terminal.layout import Line, sentence, table


def page(found: Calibration, output: str, width: int) -> list[Line]:
    rows = [(e.group, e.half, str(e.rows), f"{e.before:.1f}", f"{e.after:.1f}") for e in found.errors]
    header = ("mean absolute error, percent", "half", "rows", "before", "after")
    lines = table(header, rows, width, words=(0, 1))
    worse = [e for e in found.errors if e.half == "held out" and e.after > e.before + 0.05]
    if worse:
        names = "; ".join(e.group for e in worse)
        lines += [Line(""), *sentence(f"On held-out rows the new numbers are worse for: {names}", width, 0)]
    return [*lines, Line(""), Line(f"{output}: {len(found.changed)} numbers changed")]
