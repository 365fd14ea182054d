"""Report -> the page a person reads in a terminal: where the time goes, and why. 80 columns are enough.

`time us` is by how much a node moves the end of the run, so the column adds up to the latency; `busy us` is
how long an engine works for it. Little time and much work: hidden behind other nodes. Much time and little
work: it waits, for a busy engine or its data. The span from first task to last is in `explain`, CSV and JSON.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from rich.cells import cell_len

from npusim.report.record import NodeReport, Report
from npusim.report.statistics import tasks_by_node, working_us
from npusim.report.words import ENGINES, SHORT_NAMES, SOURCES, kind
from npusim.terminal.layout import Line, bar, fit, sentence, table

COLOURS = {"mac_array": "cyan", "dsp": "magenta", "dma": "yellow"}
REASONS = 5  # different reasons told under the table
BAR_CELLS = 40


def to_text(report: Report, top: int = 15, width: int = 80) -> str:
    """The page as plain text, each line at most `width` cells (72 or more)."""
    return "".join(f"{line.text}\n" for line in page(report, top, width))


def page(report: Report, top: int = 15, width: int = 80) -> list[Line]:
    """The page's lines: headline, engines, slowest `top` nodes, reasons, op types, sources, warnings."""
    slowest = sorted(report.nodes, key=lambda node: -node.critical_us)[:top]
    blocks = [
        _headline(report, width),
        _engines(report, width),
        _slowest(report, slowest, width),
        _reasons([node for node in slowest if node.critical_us], width),
        _op_types(report, width),
        _sources(report, width),
        _warnings(report, width),
    ]
    lines: list[Line] = []
    for block in filter(None, blocks):
        lines += [Line(""), *block] if lines else block
    return lines


def share(part: float, whole: float) -> str:
    """'12.3%'; a dash where there is no whole."""
    return f"{100 * part / whole:.1f}%" if whole else "-"


def _headline(report: Report, width: int) -> list[Line]:
    answer = f": {report.latency_us:.3f} us"
    if report.latency_us:
        per_second = 1e6 / report.latency_us
        answer += f" ({per_second:,.{0 if per_second >= 100 else 1}f} per second)"
    hardware = fit(report.hardware, 24)
    clocks = [f"{SHORT_NAMES.get(name, name)} {mhz:.0f} MHz" for name, mhz in report.clocks_mhz.items()]
    machine = [f"{report.tiles} tile" + "s" * (report.tiles != 1), *clocks]
    nodes = f"{len(report.nodes)} nodes"
    if report.nodes_in_file:
        nodes += f" of {report.nodes_in_file} in the file"
    if report.nodes_folded:
        nodes += f"; {report.nodes_folded} follow from shapes and constants"
    work = f"{scaled(report.macs)}MAC" + _per_us(report.macs / 1e6, report, "TMAC/s")
    moved = f"{scaled(report.bytes_moved)}B moved" + _per_us(report.bytes_moved / 1e3, report, "GB/s")
    title = fit(report.graph, width - len(f" on {answer}") - cell_len(hardware))
    return [
        Line(f"{title} on {hardware}{answer}", "bold"),
        *sentence(", ".join(machine), width, 10, "machine"),
        *sentence(f"{report.compiler}, {report.precision}", width, 10, "compiler"),
        *sentence(nodes, width, 10, "graph"),
        *sentence(f"{work}; {moved}", width, 10, "work"),
        *_host(report, width),
    ]


def _host(report: Report, width: int) -> list[Line]:
    """The host's part, when it is in the latency."""
    if report.mode != "latency":
        return []
    part = (
        f"{report.host_us:.0f} us of the latency"
        if report.host_us
        else "not known for this NPU: 0 us assumed"
    )
    return sentence(part, width, 10, "host")


def _per_us(count: float, report: Report, unit: str) -> str:
    return f" at {count / report.latency_us:.2f} {unit}" if report.latency_us else ""


def _engines(report: Report, width: int) -> list[Line]:
    """Busy time and its share of the latency, one line an engine."""
    if not report.engines:
        return []
    whole = report.latency_us
    rows = [
        (engine, f"{busy_us:.3f}", share(busy_us, whole), bar(busy_us / whole if whole else 0.0, BAR_CELLS))
        for engine, busy_us in report.engines.items()
    ]
    header, *lines = table(("engine", "busy us", "share", ""), rows, width, words=(0, 3))
    colours = [COLOURS.get(kind(engine), "") for engine in report.engines]
    return [header, *(Line(line.text, colour) for line, colour in zip(lines, colours, strict=True))]


def _slowest(report: Report, slowest: list[NodeReport], width: int) -> list[Line]:
    if not slowest:
        return []
    tasks = tasks_by_node(report)
    rows = [
        (
            node.name,
            node.op_type,
            SHORT_NAMES.get(node.engine, node.engine),
            f"{node.critical_us:.3f}",
            share(node.critical_us, report.latency_us),
            f"{working_us(node, tasks[node.name]):.3f}",
            f"{node.bytes_moved / 1e6:.3f}",
            SHORT_NAMES.get(node.bound_by, node.bound_by),
        )
        for node in slowest
    ]
    title = f"slowest {len(slowest)} of {len(report.nodes)}"
    header = (title, "op", "on", "time us", "share", "busy us", "MB", "bound")
    return table(header, rows, width, words=(0, 1, 2, 7))


def _reasons(slowest: list[NodeReport], width: int) -> list[Line]:
    """Why the slowest take what they take; one sentence for all that share it."""
    told: dict[str, list[str]] = defaultdict(list)
    for node in slowest:
        if node.reason:
            told[node.reason].append(node.name)
    lines = [Line("why", "bold")] if told else []
    for reason, names in list(told.items())[:REASONS]:
        others = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
        lines.append(Line(fit(names[0], width - len(others)) + others))
        lines += sentence(reason, width, 4)
    return lines


def _op_types(report: Report, width: int) -> list[Line]:
    """Time, and busy time of each engine, by op type; types that take no time are counted in one line."""
    groups: dict[str, list[NodeReport]] = defaultdict(list)
    for node in report.nodes:
        groups[node.op_type].append(node)
    rows, idle = [], []
    for op_type in sorted(groups, key=lambda op_type: -_time_us(groups[op_type])):
        nodes, time_us = groups[op_type], _time_us(groups[op_type])
        busy = [sum(node.busy_us.get(engine, 0.0) for node in nodes) for engine in ENGINES]
        if not time_us and not any(busy):
            idle.append(f"{len(nodes)} {op_type}")
            continue
        counted = (str(len(nodes)), f"{time_us:.3f}", share(time_us, report.latency_us))
        rows.append((op_type, *counted, *(f"{busy_us:.3f}" if busy_us else "-" for busy_us in busy)))
    header = ("by op type", "nodes", "time us", "share", *(f"{SHORT_NAMES[engine]} us" for engine in ENGINES))
    lines = table(header, rows, width, words=(0,)) if rows else []
    return lines + (sentence(", ".join(idle), width, 10, "no time:") if idle else [])


def _time_us(nodes: list[NodeReport]) -> float:
    return sum(node.critical_us for node in nodes)


def _sources(report: Report, width: int) -> list[Line]:
    """How well the costs are known: the share of time and of all that the simulation counted."""
    kept = {source: report.coverage.get(source, {}) for source in SOURCES}
    counts = sorted(
        dict.fromkeys(count for shares in kept.values() for count in shares), key=lambda c: c != "time"
    )
    rows = [
        (source, *(f"{100 * shares.get(count, 0.0):.1f}%" for count in counts))
        for source, shares in kept.items()
        if any(shares.values())
    ]
    return table(("costs are", *counts), rows, width, words=(0,)) if rows else []


def _warnings(report: Report, width: int) -> list[Line]:
    lines: list[Line] = []
    if report.unmodelled:
        kinds = Counter(node.op_type for node in report.unmodelled)
        what = ", ".join(f"{count} {op_type}" for op_type, count in kinds.most_common())
        names = ", ".join(fit(node.name, width - 12) for node in report.unmodelled[:3])
        names += ", ..." if len(report.unmodelled) > 3 else ""
        moved = scaled(sum(node.nbytes for node in report.unmodelled))
        text = f"no cost for {what} ({moved}B): {names}; the latency leaves out their work, a lower bound"
        lines += sentence(text, width, 9, "missing", style="bold red")
    for warning in report.warnings:
        lines += sentence(warning, width, 9, "warning", style="yellow")
    return lines


def scaled(count: float) -> str:
    """For a unit to follow: 4089184256 -> '4.09 G'; decimal prefixes."""
    for prefix, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.2f} {prefix}"
    return f"{count:.0f} "
