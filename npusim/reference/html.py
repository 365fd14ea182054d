"""A validation -> the page of `npusim validate --html`: errors per engine and NPU beside a roofline's, and networks."""

from __future__ import annotations

from npusim.pages.parts import Bar, bars, facts, sortable
from npusim.pages.template import Section, joined, page, text
from npusim.reference.dsp_errors import OTHER_KERNELS
from npusim.reference.errors import GroupErrors, Validation
from npusim.reference.page import OTHER_KERNELS_NOTE, missing
from npusim.terminal.units import time

LONGEST = 40.0  # percent: a bar that is worse is as long, and says so
HEADER = (
    "what",
    "engine",
    "against",
    "rows",
    "MAPE %",
    "median %",
    "p90 %",
    "bias %",
    "roofline %",
    "unseen %",
    "bar",
)


def to_html(result: Validation) -> str:
    """The page's text."""
    barred = [c for c in result.comparisons if c.verdict]
    met = sum(c.verdict == "met" for c in barred)
    lead = joined(
        [
            f'<p class="big" id="met">{met} of {len(barred)} bars met</p>',
            facts(
                [
                    ("reference tables", str(result.reference)),
                    ("not found", missing(result) if result.missing else ""),
                ]
            ),
            '<p class="note">MAPE (the mean), median and p90 of the absolute error, and the bias, over all rows. '
            "Roofline: its MAPE on the same rows. Unseen: MAPE over the rows no constant was fitted to, which the bar "
            "is held against.</p>",
            f'<p class="note">{text(OTHER_KERNELS_NOTE[0].upper() + OTHER_KERNELS_NOTE[1:])}</p>'
            if any(c.what == OTHER_KERNELS for c in result.comparisons)
            else "",
        ]
    )
    sections = [Section("networks", "Published networks", _networks(result))]
    for name in result.hardware:
        own = [c for c in result.comparisons if c.hardware == name]
        if own:
            sections.append(
                Section(f"npu-{own[0].generation}-{name}", f"NPU {own[0].generation}, {name}", _npu(own))
            )
    left = "".join(f"<p>{text(why)}</p>" for why in result.skipped)
    sections.append(Section("left-out", "Left out", left))
    return page("How far the predictions are off", lead, sections, {}, ["sorted.js"])


def _npu(own: list[GroupErrors]) -> str:
    most = max((c.judged.mape for c in own if c.judged.rows), default=0.0) or 1.0
    most = min(most, LONGEST)
    shown = [
        Bar(
            c.what,
            c.judged.mape / most,
            f"{c.judged.mape:.1f} %",
            "g0" if c.verdict != "missed" else "g1",
            f"{c.engine}, {c.against}",
        )
        for c in own
        if c.judged.rows
    ]
    rows: list[tuple[str | tuple[str, float], ...]] = [
        (
            c.what,
            c.engine,
            c.against,
            *((f"{v:g}" if k == 0 else f"{v:.1f}", float(v)) for k, v in enumerate(_numbers(c))),
            f"{c.judged.mape:.1f}" if c.judged.rows else "none",
            "" if c.bar is None else f"{c.bar:g} {c.verdict}",
        )
        for c in own
    ]
    return bars("MAPE over unseen rows, in percent; orange: its bar is missed", shown) + sortable(
        "All comparisons", HEADER, rows, (0, 1, 2, 10)
    )


def _numbers(c: GroupErrors) -> tuple[float, ...]:
    s = c.all
    return (s.rows, s.mape, s.median, s.p90, s.bias, c.roofline.mape)


def _networks(result: Validation) -> str:
    rows: list[tuple[str | tuple[str, float], ...]] = [
        (
            f"{n.product} {n.model}",
            n.generation,
            n.precision,
            n.metric if n.judged else f"{n.metric} ({n.why}: not judged)",
            (time(n.published_us), n.published_us),
            (time(n.predicted_us), n.predicted_us),
            (f"{100 * (n.predicted_us / n.published_us - 1):+.1f} %", n.predicted_us / n.published_us),
        )
        for n in result.networks
    ]
    header = ("network", "NPU", "precision", "metric", "published", "predicted", "error")
    return sortable("Latencies others have published", header, rows, (0, 1, 2, 3)) if rows else ""
