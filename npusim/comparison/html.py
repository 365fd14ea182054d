"""Comparison -> the page of `npusim compare --html`: timelines on one axis, waterfall, nodes side by side, why."""

from __future__ import annotations

from collections import Counter, defaultdict

from npusim.comparison.reasons import reasons
from npusim.comparison.settled import factor
from npusim.comparison.waterfall import Change, Comparison
from npusim.pages.parts import Bar, bars, chart, facts, listed, sortable
from npusim.pages.template import Section, joined, page, text
from npusim.report.columns import Texts, colours, run_columns
from npusim.report.html import KEYS, PALETTE, rounded
from npusim.report.record import Report
from npusim.report.words import added_note
from npusim.terminal.units import share, time

STEPS = 14  # of the waterfall; the rest is one step
ROWS = 2000  # of the table of nodes
NAMED = 3  # of the nodes that stand in for one


def to_html(found: Comparison) -> str:
    """The page's text."""
    before, after = rounded(found.before), rounded(found.after)
    texts = Texts()
    inks = colours(before, after)
    data = {
        "runs": [run_columns(before, texts, "before-chart"), run_columns(after, texts, "after-chart")],
        "span_us": max(before.latency_us, after.latency_us),
        "texts": list(texts.all),
        "colours": list(PALETTE),
        "colour_of": inks,
    }
    sections = [
        Section("waterfall", "From before to after", _waterfall(found)),
        Section("timeline", "Timelines on one axis", _timelines(before, after, inks)),
        Section("why", "Why", _why(found)),
        Section("nodes", "Nodes side by side", _nodes(found)),
    ]
    graphs = list(dict.fromkeys((before.graph or "before", after.graph or "after")))
    machines = list(dict.fromkeys((before.hardware, after.hardware)))
    title = f"{' and '.join(graphs)} on {' and '.join(machines)}"
    return page(title, _lead(found), sections, data, ["timeline.js", "sorted.js"])


def steps(found: Comparison) -> list[tuple[str, float, int]]:
    """The waterfall: what changed, by how many microseconds, in how many places; the largest first, the rest as one."""
    sums: defaultdict[str, float] = defaultdict(float)
    places: Counter[str] = Counter()
    for change in found.changes:
        sums[what(change)] += change.delta_us
        places[what(change)] += 1
    ranked = sorted(sums.items(), key=lambda item: -abs(item[1]))
    shown = [(name, delta, places[name]) for name, delta in ranked[:STEPS] if abs(delta) >= 0.0005]
    rest = found.after.latency_us - found.before.latency_us - sum(delta for _, delta, _ in shown)
    if abs(rest) >= 0.0005:
        shown.append(("all others", rest, len(found.changes) - sum(n for _, _, n in shown)))
    return shown


def what(change: Change) -> str:
    """'CumSum -> MatMul', 'vanished Mul', 'changed Conv'."""
    if change.kind == "replaced":
        return f"{change.op_before} -> {change.op_after}"
    return f"{change.kind} {change.op_before or change.op_after}"


def _lead(found: Comparison) -> str:
    before, after, speedup = found.before, found.after, found.speedup
    rows = [
        ("before", f"{before.graph}: {time(before.latency_us)}, {len(before.nodes)} nodes"),
        ("after", f"{after.graph}: {time(after.latency_us)}, {len(after.nodes)} nodes"),
        *conditions(before, after),
        ("is it settled?", found.verdict),
    ]
    warnings = [
        f'<p class="warning">{text(w)}</p>' for w in dict.fromkeys((*before.warnings, *after.warnings))
    ]
    spread = f"<small>{text(time(before.latency_us))} to {text(time(after.latency_us))}</small>"
    return joined([f'<p class="big" id="speedup">{factor(speedup)} {spread}</p>', facts(rows), *warnings])


def conditions(before: Report, after: Report) -> list[tuple[str, str]]:
    """On what both run, in one line where it is equal."""
    one, two = (
        f"{r.hardware}, {r.tiles} tiles, compiler {r.compiler}, {r.precision}" for r in (before, after)
    )
    return [("NPU", one)] if one == two else [("NPU before", one), ("NPU after", two)]


def _waterfall(found: Comparison) -> str:
    before, after = found.before.latency_us, found.after.latency_us
    shown = steps(found)
    longest = max(before, after, *(abs(delta) for _, delta, _ in shown), 1e-9)
    totals = [
        Bar("before", before / longest, time(before), "g4"),
        Bar("after", after / longest, time(after), "g4"),
    ]
    rows = [
        Bar(
            name,
            delta / max(abs(d) for _, d, _ in shown),
            f"{time(delta, sign=True)}, {share(delta, before)}",
            "g1" if delta > 0 else "g2",
            f"{count} place{'s' * (count != 1)}",
        )
        for name, delta, count in shown
    ]
    return bars("Latency", totals) + bars("What changed: to the left it saves, to the right it costs", rows)


def _timelines(before: Report, after: Report, inks: dict[str, int]) -> str:
    legend = "".join(
        f'<li><i style="background:var(--{PALETTE[k]})"></i>{text(op)}</li>' for op, k in inks.items()
    )
    shown = [f'<ul class="legend">{legend}<li><i style="background:var(--g4)"></i>others</li></ul>']
    for key, word, report in (("before-chart", "before", before), ("after-chart", "after", after)):
        shown.append(f"<h3>{word}: {text(report.graph)}, {text(time(report.latency_us))}</h3>")
        if report.tasks:
            shown.append(
                chart(
                    key,
                    f"Timeline {word}; arrow keys walk from task to task",
                    KEYS if word == "after" else "",
                )
            )
        else:
            shown.append("<p>There are no tasks to show.</p>")
    return joined(shown)


def _why(found: Comparison) -> str:
    items = []
    for reason in reasons(found.before, found.after):
        places = f" in {reason.places} places" if reason.places > 1 else ""
        items.append(f"<b>{text(time(reason.delta_us, sign=True))}</b>{places}: {text(reason.sentence)}")
    return listed(items)


def _few(names: list[str]) -> str:
    """The first names of what stands in for a node; an activation's table in plain ops is dozens."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _nodes(found: Comparison) -> str:
    whole = found.before.latency_us
    rows = [
        (
            c.name,
            what(c),
            (time(c.before_us), c.before_us),
            (time(c.after_us), c.after_us),
            (time(c.delta_us, sign=True), c.delta_us),
            (share(c.delta_us, whole), c.delta_us),
            _few([n for n in c.nodes_after if n != c.name]),
        )
        for c in found.changes[:ROWS]
    ]
    if not rows:
        return "<p>Nothing changed.</p>"
    left = len(found.changes) - len(rows)
    caption = "Time: by how much a node moves the end of its run. Nodes are matched by name, or by what xamba replaced"
    caption += f"; the {left} smallest changes are left out" if left else ""
    note = added_note(c.name for c in found.changes[:ROWS])
    caption += f"; {note}" if note else ""
    return sortable(
        caption, ("node", "what", "before", "after", "change", "of before", "now"), rows, (0, 1, 6)
    )
