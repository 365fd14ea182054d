"""A report in a notebook: a few lines of HTML for its cell, and its nodes as a table of pandas."""

from __future__ import annotations

from html import escape
from typing import Any

from npusim.errors import BadArgument
from npusim.report.alike import alike
from npusim.report.record import Report
from npusim.report.text import latency
from npusim.report.words import ENGINES, SHORT_NAMES
from npusim.terminal.units import nbytes, scaled, share, time
from npusim_xamba.extras import found, missing

ROWS = 10
LEFT = ' style="text-align:left"'


def to_html(report: Report) -> str:
    """The headline, engines, and the slowest rows: a cell of some kilobytes, whatever the model's size."""
    head = f"<b>{escape(report.graph)}</b> on {escape(report.hardware)}: <b>{escape(latency(report))}</b>"
    facts = [
        f"{report.tiles} tiles, compiler {escape(report.compiler)}, {report.number_types}",
        f"{nbytes(report.bytes_moved)} moved, {scaled(report.macs)}MAC",
        *(f"{name} {share(us, report.latency_us)}" for name, us in report.engines.items()),
    ]
    groups = alike(report.nodes)[:ROWS]
    rows = "".join(
        f"<tr><td>{len(g.nodes)}</td><td{LEFT}>{escape(g.name[:80])}</td><td{LEFT}>{escape(g.first.op_type)}</td>"
        f"<td{LEFT}>{SHORT_NAMES.get(g.first.engine, g.first.engine)}</td><td>{time(g.each_us)}</td>"
        f"<td>{share(g.critical_us, report.latency_us)}</td><td{LEFT}>{escape(g.first.bound_by)}</td></tr>"
        for g in groups
    )
    titles = "".join(
        f"<th>{title}</th>" for title in ("nodes", "slowest", "op", "on", "each", "share", "bound")
    )
    notes = "".join(
        f"<div>{escape(warning)}</div>" for warning in (*report.assumed[:1], *report.warnings[:3])
    )
    table = f"<table><tr>{titles}</tr>{rows}</table>" if groups else ""
    return f"<div>{head}<br>{' · '.join(facts)}</div>{table}{notes}"


def to_pandas(report: Report) -> Any:
    """A row for each node, in order of start. Raises BadArgument where pandas is not installed."""
    pandas = found("pandas")
    if pandas is None:
        raise BadArgument(missing("pandas", "sweep"))
    plain = ("name", "op_type", "engine", "start_us", "duration_us", "critical_us", "bound_by")
    more = (
        "macs",
        "bytes_moved",
        "lowering",
        "split",
        "tiles",
        "pieces",
        "repeats",
        "source",
        "origin",
        "reason",
    )
    rows = [
        {name: getattr(node, name) for name in plain}
        | {f"{engine}_busy_us": node.busy_us.get(engine, 0.0) for engine in ENGINES}
        | {name: getattr(node, name) for name in more}
        for node in report.nodes
    ]
    columns = [*plain, *(f"{engine}_busy_us" for engine in ENGINES), *more]
    return pandas.DataFrame(rows, columns=columns).set_index("name")
