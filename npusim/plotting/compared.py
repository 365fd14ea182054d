"""Comparison -> one picture for a slide or a paper: the waterfall and both timelines on one axis (PNG or SVG)."""

from __future__ import annotations

import io
from typing import Any

from npusim.comparison.html import steps
from npusim.comparison.settled import factor
from npusim.comparison.waterfall import Comparison
from npusim.plotting.png import COLOURS, DPI, require_matplotlib
from npusim.report.record import Report
from npusim.report.words import ENGINES, SHORT_NAMES, kind
from npusim.terminal.units import time

MOST_STEPS = 8
TIMED = tuple(engine for engine in ENGINES if engine != "step")  # a wait is no task: its row would be empty
INCHES = (8.0, 6.4)
SETTINGS: Any = {
    "text.parse_math": False,
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",  # texts stay texts
    "svg.hashsalt": "npusim",  # equal comparisons give equal files
}


def picture_of(found: Comparison, form: str) -> bytes:
    """The bytes of the picture; `form` is 'png' or 'svg'. Raises BadOutput where matplotlib is not installed."""
    require_matplotlib()
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        canvas = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
        FigureCanvasAgg(canvas)
        top, before, after = canvas.subplots(3, 1, height_ratios=(3, 1, 1))
        _waterfall(top, found)
        span = max(found.before.latency_us, found.after.latency_us) or 1.0
        _timeline(before, found.before, "before", span)
        _timeline(after, found.after, "after", span)
        before.set_xticklabels([])
        out = io.BytesIO()
        canvas.savefig(out, format=form, metadata={"Date": None} if form == "svg" else {"Software": None})
    return out.getvalue()


def _waterfall(axes: Any, found: Comparison) -> None:
    shown = steps(found)
    left = shown[MOST_STEPS:]
    if left:
        shown = [*shown[:MOST_STEPS], ("all others", sum(d for _, d, _ in left), sum(n for _, _, n in left))]
    names = ["before", *(f"{name} ({count})" for name, _, count in shown), "after"]
    at = found.before.latency_us
    axes.bar(0, at, color="#777777")
    axes.annotate(time(at), (0, at), ha="center", va="bottom")
    for k, (_, delta, _) in enumerate(shown, 1):
        axes.bar(k, abs(delta), bottom=min(at, at + delta), color=COLOURS[1] if delta > 0 else COLOURS[2])
        axes.annotate(time(delta, sign=True), (k, max(at, at + delta)), ha="center", va="bottom")
        axes.plot((k - 0.4, k + 1.4), (at + delta, at + delta), color="#777777", linewidth=0.6)
        at += delta
    axes.bar(len(names) - 1, found.after.latency_us, color="#777777")
    axes.annotate(
        time(found.after.latency_us), (len(names) - 1, found.after.latency_us), ha="center", va="bottom"
    )
    axes.set_xticks(range(len(names)), names, rotation=25, ha="right")
    axes.set_ylabel("latency (us)")
    said = factor(found.speedup)
    axes.set_title(
        f"{found.before.graph} to {found.after.graph} on {found.before.hardware}: {said}", loc="left"
    )


def _timeline(axes: Any, report: Report, word: str, span_us: float) -> None:
    for row, engine in enumerate(TIMED):
        spans = [(t.start_us, t.duration_us) for t in report.tasks if kind(t.engine) == engine]
        axes.broken_barh(spans, (row - 0.4, 0.8), color=COLOURS[row], linewidth=0)
    axes.set_yticks(range(len(TIMED)), [SHORT_NAMES[e] for e in TIMED])
    axes.set_ylim(len(TIMED) - 0.5, -0.5)
    axes.set_xlim(0, span_us)
    axes.set_ylabel(word)
    axes.axvline(report.latency_us, color="#777777", linewidth=0.8)
    if word == "after":
        axes.set_xlabel("time (us)")
