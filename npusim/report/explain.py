"""Report -> everything about one node: what it is, where and how it runs, what bounds it, its tasks."""

from __future__ import annotations

import difflib
from dataclasses import replace
from html import escape
from typing import Any

from rich.cells import cell_len, chop_cells

from npusim.errors import BadArgument
from npusim.report.alike import alike
from npusim.report.json_report import to_document
from npusim.report.record import NodeReport, Report, TaskReport
from npusim.report.statistics import tasks_by_node, working_us
from npusim.report.words import MEMORIES
from npusim.terminal.layout import Line, clean, fit, sentence, table
from npusim.terminal.units import nbytes, rate, scaled, share, time
from npusim_xamba.envelope import envelope

LISTED = 5  # names an error lists


def find_node(report: Report, query: str) -> NodeReport:
    """The node of that name, the one it is fused into, or the only one whose name contains `query`.
    A name as the page shortens it is found too, and of a row of equal layers ('/layers.*/CumSum') the slowest.

    Raises BadArgument with the nearest names if there is none, or more than one.
    """
    for node in report.nodes:
        if node.name == query:
            return node
    for node in report.nodes:
        if query in node.fused:
            return node
    if "*" in query:
        rows = [g for g in alike(report.nodes) if query in (g.name, fit(g.name, cell_len(query)))]
        if rows:
            return max(rows[0].nodes, key=lambda node: node.critical_us)
    found = [node for node in report.nodes if any(query in name for name in (node.name, *node.fused))]
    found = found or [node for node in report.nodes if fit(node.name, cell_len(query)) == query]
    found = found or [node for node in report.nodes if query.lower() in node.name.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(repr(node.name) for node in found[:LISTED])
        more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
        raise BadArgument(
            f"{query!r} is in the names of {len(found)} nodes: {names}{more}; give a whole name"
        )
    raise BadArgument(f"no node {query!r} among the {len(report.nodes)} that run{_nearest(report, query)}")


class Page(str):
    """Text that a prompt and a notebook show as it is."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self)}</pre>"


def explain(report: Report, node: str, width: int = 80) -> Page:
    """Everything about one node as text: where it runs, how, why, and what bounds it.

    `node`: its name, a piece of it that no other has, or the name of a node fused into it. Raises BadArgument.
    """
    return Page("\n".join(line.text for line in explain_page(report, find_node(report, node), width)))


def explain_document(report: Report, node: NodeReport) -> dict[str, Any]:
    """The node and its tasks as plain values for JSON."""
    whole = to_document(replace(report, nodes=(node,), tasks=tuple(tasks_by_node(report)[node.name])))
    content = {key: whole[key] for key in ("graph", "latency_us", "precision", "tiles", "tasks")}
    return envelope(
        "npusim.explain",
        content | {"node": whole["nodes"][0]},
        model_sha256=report.model_sha256,
        hardware=report.hardware,
        compiler=report.compiler,
        seed=report.seed,
    )


def explain_page(report: Report, node: NodeReport, width: int = 80) -> list[Line]:
    """All that the report knows about a node, each line at most `width` cells."""
    tasks = tasks_by_node(report)[node.name]
    lines = [Line(part, "bold") for part in chop_cells(clean(node.name), width)]
    for name, text in _facts(report, node, tasks):
        if text:
            lines += sentence(text, width, 12, name)
    if tasks:
        folder = node.name.rpartition("/")[0] + "/"
        rows = [
            (
                task.name.removeprefix(f"{node.name}/").removeprefix(folder),
                task.engine,
                time(task.start_us),
                time(task.duration_us),
                nbytes(task.nbytes) if task.nbytes else "-",
                f"{MEMORIES.get(task.source)}→{MEMORIES.get(task.destination)}" if task.source else "-",
                str(task.tiles),
                str(task.pieces),
            )
            for task in tasks
        ]
        header = (
            f"{len(tasks)} tasks",
            "engine",
            "start",
            "time",
            "moved",
            "from→to",
            "tiles",
            "pieces",
        )
        lines += [Line(""), *table(header, rows, width, words=(0, 1, 5))]
    return lines


def _facts(report: Report, node: NodeReport, tasks: list[TaskReport]) -> list[tuple[str, str]]:
    end_us = node.start_us + node.duration_us
    engine = "none (a view: nothing runs)" if node.engine == "none" else node.engine
    tiles = f"{node.tiles} of {report.tiles} tiles" + (f", split over {node.split}" if node.split else "")
    times = f"{time(node.start_us)} to {time(end_us)}: {time(node.duration_us)}"
    working = working_us(node, tasks)
    # The ports of the DMA share its work, so its time is of one of them and the parts need not sum to the whole.
    engines = ", ".join(
        f"{name} {time(time_us)}{' a port' if name == 'dma' else ''}"
        for name, time_us in node.busy_us.items()
    )
    speed = f" at {rate(node.macs, working, 'MAC/s')}" if working else ""
    others = [n for n in report.nodes if node.origin and n.origin == node.origin]
    whole = (
        f"{node.origin_op} {node.origin}, {len(others)} nodes of {time(sum(n.critical_us for n in others))}"
    )
    return [
        ("op", node.op_type + (f", run {node.repeats} times" if node.repeats > 1 else "")),
        ("stands for", whole if others else ""),
        ("fused in", ", ".join(node.fused)),
        ("engine", engine),
        ("why", node.reason),
        ("lowering", node.lowering),
        ("tiles", "" if node.engine == "none" else tiles),
        ("pieces", "" if node.engine == "none" else str(node.pieces)),
        ("work", f"{scaled(node.macs)}MAC{speed}" if node.macs else ""),
        ("moved", f"{nbytes(node.bytes_moved)} by DMA" if node.bytes_moved else ""),
        ("time", f"{time(node.critical_us)}, {share(node.critical_us, report.latency_us)} of the latency"),
        ("span", times),
        ("busy", time(working) + (f": {engines}" if engines else "")),
        ("bound by", node.bound_by),
        ("cost is", node.source),
    ]


def _nearest(report: Report, query: str) -> str:
    """Names like the query, by whole name or by last part of a path."""
    names = [node.name for node in report.nodes]
    by_last_part = {name.rsplit("/", 1)[-1]: name for name in names}
    near = difflib.get_close_matches(query, names, n=LISTED, cutoff=0.5)
    near += [
        by_last_part[part] for part in difflib.get_close_matches(query, by_last_part, n=LISTED, cutoff=0.5)
    ]
    listed = ", ".join(repr(name) for name in dict.fromkeys(near))
    return f"; nearest: {listed}" if listed else "; npusim run --json - lists them all"
