"""The page of `npusim against --html`: both latencies, causes, kinds of op, both machines over a dimension."""

from __future__ import annotations

from npusim.pages.parts import Bar, bars, facts, sortable, table
from npusim.pages.template import Section, joined, page, text
from npusim.report.text import latency
from npusim.rival.page import WORDS, memory, nowhere, told
from npusim.rival.record import Against, Over
from npusim.rival.sentence import headline, settled, why
from npusim.terminal.units import time


def to_html(found: Against) -> str:
    """The page's text."""
    report = found.report
    rows = [
        ("because", why(found)),
        ("is it settled?", settled(found) or "yes"),
        (
            "predicted",
            f"{latency(report)} on {report.hardware}, {report.tiles} tiles, compiler {report.compiler}, "
            f"{report.precision}, {time(report.host_us)} of it the host's",
        ),
        ("measured", told(found.cpu)),
        ("and", "" if found.here is None else told(found.here)),
        ("memory", memory(found)),
    ]
    warnings = [f'<p class="warning">{text(w)}</p>' for w in (*found.notes, *report.warnings)]
    lead = joined([f'<p class="big">{text(headline(found))}</p>', facts(rows), *warnings])
    sections = [
        Section("latency", "Latency", _latency(found)),
        Section("causes", "What makes the difference", _causes(found)),
        Section("kinds", "Kinds of op", _kinds(found)),
        Section("over", "Where the NPU wins", _over(found.over)),
    ]
    return page(f"{report.graph}: {report.hardware} and this CPU", lead, sections, {}, ["sorted.js"])


def _latency(found: Against) -> str:
    report, longest = found.report, max(found.report.latency_us, found.cpu.median_us, 1e-9)
    rows = [
        Bar("NPU, predicted", report.latency_us / longest, time(report.latency_us), "g0", report.hardware),
        Bar(
            "CPU, measured", found.cpu.median_us / longest, time(found.cpu.median_us), "g1", found.cpu.runtime
        ),
    ]
    if found.here is not None:
        here = found.here
        rows.append(
            Bar("NPU, measured", min(here.median_us / longest, 1.0), time(here.median_us), "g2", here.name)
        )
    return bars("One inference, from the request to the answer", rows)


def _causes(found: Against) -> str:
    told = [cause for cause in found.causes if abs(cause.lost_us) >= 0.0005]
    most = max((abs(cause.lost_us) for cause in told), default=1.0)
    rows = [
        Bar(
            cause.what,
            cause.lost_us / most,
            time(cause.lost_us, sign=True),
            "g1" if cause.lost_us > 0 else "g2",
            ", ".join(cause.op_types[:6]),
        )
        for cause in told
    ]
    return bars("To the right the NPU loses, to the left it wins; together the difference", rows)


def _kinds(found: Against) -> str:
    header = ["kind", "nodes on the NPU", "NPU", "CPU", "difference"]
    if found.here is not None:
        header.append("NPU, measured")
    rows = []
    for kind in found.kinds:
        cells: list[str | tuple[str, float]] = [
            WORDS.get(kind.op_type, kind.op_type),
            (str(kind.nodes), float(kind.nodes)),
            (time(kind.npu_us), kind.npu_us),
            (time(kind.cpu_us), kind.cpu_us),
            (time(kind.lost_us, sign=True), kind.lost_us),
        ]
        if found.here is not None:
            cells.append((time(kind.measured_us or 0.0), kind.measured_us or 0.0))
        rows.append(cells)
    return sortable("Parts of both latencies; each column sums to its machine's", header, rows)


def _over(found: Over | None) -> str:
    if found is None:
        return f"<p>{text(nowhere())}</p>"
    longest = max(max(p.npu_us, p.cpu_us) for p in found.points) or 1.0
    rows = [
        Bar(f"{machine}, {found.dim} {p.size:,}", us / longest, time(us), ink, how)
        for p in found.points
        for machine, us, ink, how in (
            ("NPU", p.npu_us, "g0", "predicted"),
            ("CPU", p.cpu_us, "g1", "measured" if p.measured else "scaled from the sizes measured"),
        )
    ]
    cells = [
        (f"{p.size:,}", time(p.npu_us), time(p.cpu_us), f"{p.cpu_us / p.npu_us:.2f}" if p.npu_us else "-")
        for p in found.points
    ]
    return joined(
        [
            f"<p>{text(found.sentence)}</p>",
            bars(f"Latency over {found.dim}", rows),
            table("Both machines", (found.dim, "NPU", "CPU", "times as fast"), cells, ()),
        ]
    )
