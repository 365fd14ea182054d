"""The table of nodes of a page: its frame and its tools; a script sorts, filters, groups and fills it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from npusim.pages.parts import scrolled
from npusim.pages.template import text
from npusim.report.record import Report
from npusim.report.words import ENGINES, SHORT_NAMES

HEADS = ("node", "op", "on", "time", "share", "busy", "moved", "MACs", "bound", "source")
NUMBERS = ("time", "share", "busy", "moved", "MACs")
CAPTION = (
    "Time: by how much a node moves the end of the run; the column adds up to the latency. Busy: the longest any "
    "engine works for it. Click a name for its reason."
)
GROUPINGS = (("alike", "equal layers as one"), ("layer", "by layer"), ("node", "every node"))


def nodes_table(report: Report) -> str:
    """The frame of the table, and above it a search, a grouping and two filters."""
    engines = [e for e in (*ENGINES, "none") if any(n.engine == e for n in report.nodes)]
    bounds = dict.fromkeys(n.bound_by for n in report.nodes)
    row = "".join(
        f'<th scope="col"{" class=num" if head in NUMBERS else ""}><button type="button">{head}</button></th>'
        for head in HEADS
    )
    tools = (
        '<div class="tools"><input type="search" id="search" placeholder="search name, op or reason" '
        'aria-label="Search">'
        f"<label>rows {_select('rows', GROUPINGS)}</label>"
        f"<label>on {_select('on', [('', 'any engine'), *_named(engines)])}</label>"
        f"<label>bound by {_select('bound', [('', 'anything'), *_named(bounds)])}</label>"
        '<button type="button" id="nodes-csv">CSV</button><span id="nodes-count" role="status"></span></div>'
    )
    frame = scrolled(
        f'<table id="nodes-table"><caption>{text(CAPTION)}</caption><thead><tr>{row}</tr></thead>'
        '<tbody id="nodes-body"></tbody></table>',
        "Nodes",
    )
    more = '<div class="tools"><button type="button" id="nodes-more" hidden>more rows</button></div>'
    return f"{tools}{frame}{more}"


def _select(key: str, options: Iterable[tuple[str, str]]) -> str:
    shown = "".join(f'<option value="{escape(value)}">{text(word)}</option>' for value, word in options)
    return f'<select id="{key}">{shown}</select>'


def _named(values: Iterable[str]) -> list[tuple[str, str]]:
    return [(value, SHORT_NAMES.get(value, value)) for value in values]
