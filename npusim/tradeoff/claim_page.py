"""A judged claim as lines: the verdict, the bounds, the prediction."""

from __future__ import annotations

from npusim.report.text import latency
from npusim.terminal.layout import Line, sentence
from npusim.terminal.units import time
from npusim.tradeoff.claim import IMPOSSIBLE, Claim


def page(found: Claim, width: int = 80) -> list[Line]:
    """The page's lines, each at most `width` cells."""
    style = "bold red" if found.verdict == IMPOSSIBLE else "bold"
    report = found.report
    predicted = f"{latency(report)} on {report.hardware}, {report.tiles} tiles, {report.precision}"
    return [
        *sentence(found.sentence, width, 0, style=style),
        Line(""),
        Line("no schedule beats"),
        *(
            line
            for bound in found.bounds
            for line in sentence(f"{time(bound.least_us)}, which {bound.why}", width, 10, bound.name)
        ),
        Line(""),
        *sentence(predicted, width, 10, "predicted"),
    ]
