"""A judged claim as lines: the verdict, the bounds, the prediction."""

from __future__ import annotations

from npusim.report.text import latency
from npusim.terminal.layout import Line, sentence, table
from npusim.terminal.units import time
from npusim.tradeoff.claim import IMPOSSIBLE, Claim


def page(found: Claim, width: int = 80) -> list[Line]:
    """The page's lines, each at most `width` cells."""
    style = "bold red" if found.verdict == IMPOSSIBLE else "bold"
    rows = [(bound.name, time(bound.least_us), bound.why) for bound in found.bounds]
    report = found.report
    predicted = f"{latency(report)} on {report.hardware}, {report.tiles} tiles, {report.precision}"
    return [
        *sentence(found.sentence, width, 0, style=style),
        Line(""),
        *table(("no schedule beats", "at least", "which"), rows, width, words=(0, 2)),
        Line(""),
        *sentence(predicted, width, 10, "predicted"),
    ]
