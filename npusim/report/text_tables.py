"""The tables of the page of a run: engines, slowest nodes, op types, and how well costs are known."""

from __future__ import annotations

from collections import defaultdict

from rich.cells import cell_len

from npusim.report.alike import Alike
from npusim.report.record import NodeReport, Report
from npusim.report.statistics import tasks_by_node, working_us
from npusim.report.words import ENGINES, SHORT_NAMES, SOURCES, kind
from npusim.terminal.layout import SHORTEST, Line, bar, fit, sentence, table
from npusim.terminal.units import nbytes, share, time

COLOURS = {"mac_array": "cyan", "dsp": "magenta", "dma": "yellow"}
BAR_CELLS = 40
OPS_TIMES = "ops' times below hold transfers and waits"


def engines_table(report: Report, width: int) -> list[Line]:
    """Busy time and its share of the latency, one line an engine, and in the header what sets it apart from times of
    ops: those hold transfers and waits, so that ops on an engine may take longer than it is busy."""
    if not report.engines:
        return []
    whole = report.latency_us
    rows = [
        (engine, time(busy_us), share(busy_us, whole), bar(busy_us / whole if whole else 0.0, BAR_CELLS))
        for engine, busy_us in report.engines.items()
    ]
    header, *lines = table(("engine", "busy", "share", OPS_TIMES), rows, width, words=(0, 3))
    colours = [COLOURS.get(kind(engine), "") for engine in report.engines]
    return [header, *(Line(line.text, colour) for line, colour in zip(lines, colours, strict=True))]


def slowest_table(
    report: Report, groups: list[Alike], names: dict[str, str], width: int, verbose: bool
) -> list[Line]:
    """The table: a row for each group, its nodes counted in front, times of one of them, the share of all."""
    if not groups:
        return []
    header, rows = _columns(report, groups, verbose)
    named = [(row[0], names[group.name], *row[1:]) for group, row in zip(groups, rows, strict=True)]
    header = (header[0], f"slowest of {len(report.nodes)}", *header[1:])
    words = (1, 2, 3, len(header) - 1)
    if not any(row[0] for row in named):
        header, named, words = header[1:], [row[1:] for row in named], (0, 1, 2, len(header) - 2)
    return table(header, named, width, words)


def _columns(
    report: Report, groups: list[Alike], verbose: bool
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and cells of the table, without the names."""
    tasks = tasks_by_node(report) if verbose else {}
    each = " each" if any(len(group.nodes) > 1 for group in groups) else ""
    rows = []
    for group in groups:
        node, count = group.first, len(group.nodes)
        row = [
            f"{count} x" if count > 1 else "",
            node.op_type,
            SHORT_NAMES.get(node.engine, node.engine),
            time(group.each_us),
            share(group.critical_us, report.latency_us),
        ]
        if verbose:
            busy_us = sum(working_us(one, tasks.get(one.name, ())) for one in group.nodes)
            row += [time(busy_us / count), nbytes(sum(one.bytes_moved for one in group.nodes) / count)]
        rows.append((*row, SHORT_NAMES.get(node.bound_by, node.bound_by)))
    more = ("busy", "moved") if verbose else ()
    return ("", "op", "on", "time" + each, "share", *more, "bound"), rows


def spelled(
    report: Report, groups: list[Alike], shown: list[Alike], width: int, verbose: bool
) -> dict[str, str]:
    """One spelling of each name for the whole page: what the table of the `shown` leaves room for."""
    if not shown:
        return {}
    header, rows = _columns(report, shown, verbose)
    others = max(cell_len(line.text) for line in table(header, rows, 2 * width, (1, 2, len(header) - 1)))
    room = max(SHORTEST + 4, width - others - 3)
    return {group.name: fit(group.name, room) for group in groups}


def op_types_table(report: Report, width: int) -> list[Line]:
    """Time, and busy time of each engine, by op type; types that take no time are counted in one line."""
    groups: dict[str, list[NodeReport]] = defaultdict(list)
    for node in report.nodes:
        groups[node.op_type].append(node)
    rows, idle = [], []
    for op_type in sorted(groups, key=lambda op_type: -total_us(groups[op_type])):
        nodes, time_us = groups[op_type], total_us(groups[op_type])
        busy = [sum(node.busy_us.get(engine, 0.0) for node in nodes) for engine in ENGINES]
        if not time_us and not any(busy):
            idle.append(f"{len(nodes)} {op_type}")
            continue
        counted = (str(len(nodes)), time(time_us), share(time_us, report.latency_us))
        rows.append((op_type, *counted, *(time(busy_us) if busy_us else "-" for busy_us in busy)))
    header = ("by op type", "nodes", "time", "share", *(SHORT_NAMES[engine] for engine in ENGINES))
    lines = table(header, rows, width, words=(0,)) if rows else []
    return lines + (sentence(", ".join(idle), width, 10, "no time:") if idle else [])


def total_us(nodes: list[NodeReport]) -> float:
    return sum(node.critical_us for node in nodes)


def sources_table(report: Report, width: int) -> list[Line]:
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
