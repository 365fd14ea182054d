"""Report -> the page of `npusim run --html`: one file to look at, in a browser, from a mail, offline."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

from npusim.arch.clock import seen
from npusim.pages.parts import Bar, bars, chart, facts, listed, table
from npusim.pages.template import Section, joined, page, text
from npusim.report.columns import Texts, colours, run_columns, us
from npusim.report.nodes_table import nodes_table
from npusim.report.record import Report
from npusim.report.supposed import supposed
from npusim.report.words import ENGINES, SHORT_NAMES, SOURCES, kind
from npusim.terminal.units import nbytes, per_second, rate, scaled, share, time, times

INKS = {"mac_array": "g0", "dsp": "g1", "dma": "g2", "launch": "g3", "step": "g5", "none": "g4"}
PALETTE = ("g0", "g1", "g2", "g3", "g5", "g6", "g7", "g4")  # the last: all other op types
KINDS = 12  # rows of bars by kind of op
DOUBTS = 8
KEYS = (
    "Drag to zoom, double-click for all. Click it, then: arrows walk, + and - zoom, page keys move, 0 shows all; "
    "the wheel zooms too."
)


def to_html(report: Report) -> str:
    """The page's text. Numbers are those of the JSON report, shown to three digits."""
    report = rounded(report)
    texts = Texts()
    run = run_columns(report, texts, "timeline-chart")
    inks = colours(report)
    data = {
        "runs": [run],
        "texts": list(texts.all),
        "colours": list(PALETTE),
        "colour_of": inks,
    }
    sections = [
        Section("supposed", "What several runs found", supposed(report)),
        Section("where", "Where the time goes", _where(report)),
        Section("advice", "What to do about it", _advice(report)),
        Section("timeline", "Timeline", _timeline(report, inks)),
        Section("memory", "Scratchpad and DDR over time", _memory(report)),
        Section("nodes", "Nodes", nodes_table(report)),
        Section("roofline", "Roofline", _roofline(report)),
        Section("what-if", "What if", _what_if(report)),
        Section("sources", "How well the numbers are known", _sources(report)),
    ]
    scripts = ["timeline.js", "memory.js", "roofline.js", "nodes.js"] if report.tasks else ["nodes.js"]
    title = f"{report.graph or 'a graph'} on {report.hardware}"
    return page(title, _lead(report), sections, data, scripts)


def rounded(report: Report) -> Report:
    """The report with times as its JSON holds them, so that what is made of them is what a reader of both makes."""
    nodes = tuple(
        replace(
            n,
            critical_us=us(n.critical_us),
            start_us=us(n.start_us),
            duration_us=us(n.duration_us),
            busy_us={e: us(t) for e, t in n.busy_us.items()},
        )
        for n in report.nodes
    )
    return replace(
        report,
        latency_us=us(report.latency_us),
        host_us=us(report.host_us),
        engines={e: us(t) for e, t in report.engines.items()},
        nodes=nodes,
        what_if=tuple(replace(w, latency_us=us(w.latency_us)) for w in report.what_if),
    )


def _lead(report: Report) -> str:
    whole = report.latency_us
    band = getattr(report, "band_us", None)
    spread = f" <small>{text(times(*band))}, four times in five</small>" if band else ""
    speed = per_second(whole)
    clocks = [f"{SHORT_NAMES.get(name, name)} {mhz:.0f} MHz" for name, mhz in report.clocks_mhz.items()]
    if clocks and report.generation:
        clocks[0] += f" ({seen(report.generation)})"
    nodes = f"{len(report.nodes)}"
    if report.nodes_in_file:
        nodes += f" of {report.nodes_in_file} in the file"
    if report.nodes_folded:
        nodes += f"; {report.nodes_folded} follow from shapes and constants"
    moved = nbytes(report.bytes_moved) + (f", {rate(report.bytes_moved, whole, 'B/s')}" if whole else "")
    work = f"{scaled(report.macs)}MAC" + (f", {rate(report.macs, whole, 'MAC/s')}" if whole else "")
    rows = [
        ("one inference after another", speed),
        ("NPU", f"{report.hardware}, {report.tiles} tile{'s' * (report.tiles != 1)}; {', '.join(clocks)}"),
        ("compiler", f"{report.compiler}, {report.number_types}"),
        ("priced", report.priced),
        ("nodes", nodes),
        ("work", work),
        ("moved from and to DDR", moved),
        (
            "host",
            (time(report.host_us) if report.host_us else "not known for this NPU: 0 us assumed")
            if report.mode == "latency"
            else "",
        ),
    ]
    for one in report.what_ifs:
        needs = f"; needs, assumed: {one.needs}" if one.needs else ""
        rows.append((f"what if {one.asked}", one.sentence + needs))
    warnings = [f'<p class="warning">{text(w)}</p>' for w in report.warnings]
    if report.unmodelled:
        kinds = Counter(u.op_type for u in report.unmodelled)
        named = ", ".join(f"{n} {op}" for op, n in kinds.most_common())
        warnings.insert(
            0,
            f'<p class="warning">no cost for {text(named)}; the latency leaves out their work, a lower bound</p>',
        )
    return joined(
        [f'<p class="big" id="latency">{text(time(report.latency_us))}{spread}</p>', facts(rows), *warnings]
    )


def _where(report: Report) -> str:
    whole = report.latency_us
    if not whole:
        return "<p>Nothing in this graph takes time.</p>"
    busy = [
        Bar(SHORT_NAMES.get(e, e), t / whole, f"{time(t)}, {share(t, whole)}", INKS.get(kind(e), "g4"))
        for e, t in report.engines.items()
    ]
    chain: dict[str, float] = defaultdict(float)
    for task in report.tasks:
        waits = task.path_us * task.step_us / task.duration_us if task.duration_us else 0.0
        chain[kind(task.engine)] += us(task.path_us - waits)
        chain["step"] += us(waits)
    if report.host_us:
        chain["host"] = report.host_us
    decides = [
        Bar(
            SHORT_NAMES.get(e, e),
            chain[e] / whole,
            f"{time(chain[e])}, {share(chain[e], whole)}",
            INKS.get(e, "g4"),
        )
        for e in (*ENGINES, "host")
        if chain.get(e)
    ]
    kinds: dict[str, list[float]] = defaultdict(lambda: [0.0, 0])
    for node in report.nodes:
        kinds[node.op_type][0] += node.critical_us
        kinds[node.op_type][1] += 1
    ranked = sorted(kinds.items(), key=lambda item: -item[1][0])
    rows = [
        Bar(op, t / whole, f"{time(t)}, {share(t, whole)}", "g6", f"{count} node{'s' * (count != 1)}")
        for op, (t, count) in ranked[:KINDS]
        if t > 0
    ]
    left = sum(t for _, (t, _) in ranked[KINDS:])
    if left > 0:
        rows.append(
            Bar(
                "others",
                left / whole,
                f"{time(left)}, {share(left, whole)}",
                "g4",
                f"{len(ranked) - KINDS} kinds",
            )
        )
    return (
        f'<div class="pair"><div>{bars("How long engines work, and the MAC array waits for steps; they overlap", busy)}'
        f"{bars('The chain of tasks that decides the end, by engine: this is the latency', decides)}</div>"
        f"<div>{bars('By kind of op: by how much it moves the end; this too is the latency', rows)}</div></div>"
    )


def _advice(report: Report) -> str:
    items = [f"{text(a.sentence)}<br><code>{text(a.command)}</code>" for a in report.advice]
    return listed(items) or "<p>Nothing stands out: no rewrite or precision is predicted to save much.</p>"


def _timeline(report: Report, inks: dict[str, int]) -> str:
    if not report.tasks:
        return "<p>There are no tasks to show.</p>"
    legend = "".join(
        f'<li><i style="background:var(--{PALETTE[k]})"></i>{text(op)}</li>' for op, k in inks.items()
    )
    others = (
        '<li><i style="background:var(--g4)"></i>others</li>'
        if len({n.op_type for n in report.nodes}) > len(inks)
        else ""
    )
    label = "Timeline of all engines and tiles. Arrow keys walk from task to task and from track to track."
    return f'<ul class="legend">{legend}{others}</ul>\n{chart("timeline-chart", label, KEYS)}'


def _memory(report: Report) -> str:
    if not report.tasks:
        return ""
    held = chart(
        "occupancy", "Bytes the scratchpads of all tiles hold over time; arrow keys read single values"
    )
    moved = chart("traffic", "Bytes a second from and to DDR over time; arrow keys read single values")
    return (
        f"<h3>Held in the scratchpads of all tiles</h3>{held}<h3>DDR traffic</h3>{moved}"
        '<p class="help">What a node holds while it runs, by the residency the plan decided; transfers spread evenly '
        "over their time. The dashed lines are capacity and bandwidth.</p>"
    )


def _roofline(report: Report) -> str:
    if not any(n.macs or n.dsp_elements for n in report.nodes) or not report.peaks:
        return ""
    label = "Roofline: work a second of each node over its work a byte of DDR; arrow keys walk from slow to fast nodes"
    told = (
        "Circles run on the MAC array, squares on the DSPs; the larger, the more time. On the right edge: nodes "
        "that move nothing from or to DDR. Drag to zoom, double-click for all."
    )
    return chart("roofline-chart", label, told)


def _what_if(report: Report) -> str:
    whole = report.latency_us
    rows = [Bar("as it is", 1.0, time(whole), "g4")]
    rows += [
        Bar(
            w.name,
            w.latency_us / whole,
            f"{time(w.latency_us)}, {100 * (w.latency_us / whole - 1):+.1f}%",
            "g0",
        )
        for w in report.what_if
    ]
    if len(rows) == 1 or not whole:
        return ""
    return bars("Latency of the same plan on another machine", rows)


def _sources(report: Report) -> str:
    kept = [(s, report.coverage.get(s, {})) for s in SOURCES]
    kept = [(s, shares) for s, shares in kept if any(shares.values())]
    counts = sorted(dict.fromkeys(c for _, shares in kept for c in shares), key=lambda c: c != "time")
    rows = [(s, *(f"{100 * shares.get(c, 0.0):.1f}%" for c in counts)) for s, shares in kept]
    shown = (
        table("Shares of all, by how well their cost is known", ("costs are", *counts), rows) if rows else ""
    )
    made = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    assumed = "".join(f'<p class="note">Assumed: {text(sentence)}</p>' for sentence in report.assumed)
    return (
        assumed
        + _doubts(report)
        + shown
        + facts([("model, SHA-256", report.model_sha256), ("made by", made)])
    )


def _doubts(report: Report) -> str:
    """What makes the band wide: the latency with one number at the ends of its range."""
    widest = max((d.high_us - d.low_us for d in report.doubts), default=0.0)
    rows = [
        Bar(
            d.name,
            (d.high_us - d.low_us) / widest,
            times(d.low_us, d.high_us),
            "g3",
            f"NPU {d.npu}" if d.npu else "",
        )
        for d in report.doubts[:DOUBTS]
        if widest > 0
    ]
    return bars("What makes the band wide: the latency with one number at the ends of its range", rows)
