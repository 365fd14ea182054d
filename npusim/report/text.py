"""Report -> the page a person reads in a terminal: where the time goes, and why. 80 columns are enough.

First the five facts that matter: the latency, how busy each engine is, what takes most, what moves, and how well the
numbers are known. Then the slowest nodes (equal layers are one row) and the reasons. That is 24 lines; `verbose` adds
the rest.

`time` is by how much a node moves the end of the run, so the column adds up to the latency; `busy` is how long an
engine works for it. Little time and much work: hidden behind other nodes. Much time and little work: it waits, for a
busy engine or its data. The span from first task to last is in `explain`, CSV and JSON.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

from npusim.arch.clock import seen
from npusim.report.alike import Alike, alike
from npusim.report.record import NodeReport, Report, Supposed
from npusim.report.text_tables import (
    engines_table,
    op_types_table,
    slowest_table,
    sources_table,
    spelled,
    total_us,
)
from npusim.report.words import SHORT_NAMES, SOURCES
from npusim.terminal.layout import SHORTEST, Line, fit, sentence
from npusim.terminal.units import nbytes, per_second, rate, scaled, share, time, times

LINES = 24  # of the page that is not verbose
TOP = 15  # rows of the verbose page
REASONS = 5  # different reasons told under the table, and of the short page:
SHORT_REASONS = 2
LEAST_ROWS, MOST_ROWS = 3, 10  # of the short page
REASON_LINES = 2  # of one reason on the short page; the rest is in the verbose one and in `explain`


def to_text(report: Report, top: int | None = None, width: int = 80, verbose: bool = False) -> str:
    """The page as plain text, each line at most `width` cells (72 or more)."""
    return "".join(f"{line.text}\n" for line in page(report, top, width, verbose))


def page(report: Report, top: int | None = None, width: int = 80, verbose: bool = False) -> list[Line]:
    """The page's lines.

    Args:
        report: what was simulated.
        top: rows of the table; by default as many as `LINES` lines leave room for (15 when verbose).
        width: cells of a line.
        verbose: also the graph, busy time and bytes of each row, op types, sources, all reasons and warnings.
    """
    groups = alike(report.nodes)
    above = [[*_facts(report, groups, width, verbose), *engines_table(report, width)]]
    below = (
        [
            _advice(report, width),
            op_types_table(report, width),
            sources_table(report, width),
            _warnings(report, width),
        ]
        if verbose
        else [[*_advice(report, width, most=1), *_warnings(report, width, most=1), *_more(report, width)]]
    )
    told = REASONS if verbose else SHORT_REASONS - bool(report.advice)
    names = spelled(report, groups, groups[: top or (TOP if verbose else MOST_ROWS)], width, verbose)
    reasons = _reasons(groups if verbose else groups[:LEAST_ROWS], names, width, told, verbose)
    if not verbose:  # one block: each line says what it is
        reasons, below = [*(reasons if top != 0 else []), *below[0]], []
    if top is None:
        rest = [*above, reasons, *below]
        taken = (
            sum(len(block) + 1 for block in rest if block) + 1
        )  # a blank before each, and the table's header
        top = TOP if verbose else min(MOST_ROWS, max(LEAST_ROWS, LINES - taken))
    blocks = [
        *above,
        slowest_table(report, groups[:top], names, width, verbose),
        reasons if top or not verbose else [],
        *below,
    ]
    lines: list[Line] = []
    for block in filter(None, blocks):
        lines += [Line(""), *block] if lines else block
    return lines


def latency(report: Report) -> str:
    """'987 us (820 to 1,230 us)'; without a band the latency alone."""
    band = getattr(report, "band_us", None)
    return time(report.latency_us) + (f" ({times(*band)})" if band else "")


def _facts(report: Report, groups: list[Alike], width: int, verbose: bool) -> list[Line]:
    answer = f": {latency(report)}"
    if often := per_second(report.latency_us):
        answer += f", {often}"
    hardware = fit(report.hardware, 24)
    title = fit(report.graph, max(SHORTEST, width - len(f" on {answer}") - cell_len(hardware)))
    moved = nbytes(report.bytes_moved) + " moved" + _speed(report.bytes_moved, report, "B/s")
    work = scaled(report.macs) + "MAC" + _speed(report.macs, report, "MAC/s")
    clocks = [f"{SHORT_NAMES.get(name, name)} {mhz:.0f} MHz" for name, mhz in report.clocks_mhz.items()]
    if clocks and report.generation:
        clocks[0] += f" ({seen(report.generation)})"
    machine = [f"{report.tiles} tile" + "s" * (report.tiles != 1), *clocks]
    machine += [f"compiler {report.compiler}", report.number_types]
    nodes = f"{len(report.nodes)} nodes"
    if report.nodes_in_file:
        nodes += f" of {report.nodes_in_file} in the file"
    if report.nodes_folded:
        nodes += f"; {report.nodes_folded} follow from shapes and constants"
    return [
        Line(f"{title} on {hardware}{answer}", "bold"),
        *_most(report, width),
        *sentence(f"{moved}; {work}", width, 10, "work"),
        *_known(report, width),
        *_host(report, width),
        *_assumed(report, width, verbose),
        *(sentence(report.priced, width, 10, "priced") if report.priced else []),
        *sentence(", ".join(machine), width, 10, "machine"),
        *supposed(report.what_ifs, width),
        *(sentence(nodes, width, 10, "graph") if verbose else []),
    ]


def _speed(count: float, report: Report, unit: str) -> str:
    return f" at {rate(count, report.latency_us, unit)}" if report.latency_us and count else ""


def _most(report: Report, width: int) -> list[Line]:
    """The kind of op, and where it runs, that takes most."""
    kinds: dict[tuple[str, str], list[NodeReport]] = defaultdict(list)
    for node in report.nodes:
        kinds[node.op_type, node.engine].append(node)
    if not kinds or not report.latency_us:
        return []
    (op_type, engine), nodes = max(kinds.items(), key=lambda item: total_us(item[1]))
    time_us = total_us(nodes)
    text = f"{len(nodes)} x {op_type} on {SHORT_NAMES.get(engine, engine)}: {time(time_us)}"
    return sentence(f"{text}, {share(time_us, report.latency_us)} of the time", width, 10, "most")


def _known(report: Report, width: int) -> list[Line]:
    """On what the time rests: its shares by source."""
    shares = {source: report.coverage.get(source, {}).get("time", 0.0) for source in SOURCES}
    told = [f"{100 * part:.0f}% {source}" for source, part in shares.items() if part >= 0.005]
    return sentence(f"the time rests on {', '.join(told)} numbers", width, 10, "known") if told else []


def _host(report: Report, width: int) -> list[Line]:
    """The host's part, when it is in the latency."""
    if report.mode != "latency":
        return []
    part = (
        f"{time(report.host_us)} of the latency" if report.host_us else "not known for this NPU: 0 us assumed"
    )
    return sentence(part, width, 10, "host")


def _assumed(report: Report, width: int, verbose: bool) -> list[Line]:
    """What is assumed about the step and the host; evidence (behind a dash) only in full."""
    parts = report.assumed if verbose or report.mode == "latency" else report.assumed[:1]
    told = parts if verbose else [text.partition(" - ")[0] for text in parts]
    return sentence("; ".join(told), width, 10, "assumed") if told else []


def supposed(what_ifs: Iterable[Supposed], width: int) -> list[Line]:
    """Lines for each what-if: what it supposes of this graph, what it found, and what the hardware would need."""
    lines: list[Line] = []
    for one in what_ifs:
        asked = one.asked if cell_len(one.asked) < width - 10 else one.asked.replace(",", ", ")
        lines += sentence(f"{asked}: {one.sentence}", width, 10, "what if")
        for told in one.lines:
            lines += sentence(told, width, 10)
        lines += sentence(f"{one.needs} (assumed)", width, 10, "needs") if one.needs else []
    return lines


def _reasons(groups: list[Alike], names: dict[str, str], width: int, most: int, whole: bool) -> list[Line]:
    """Why the slowest take what they take; one sentence for all that share it."""
    told: dict[str, list[Alike]] = defaultdict(list)
    for group in groups:
        if group.critical_us and group.first.reason:
            told[group.first.reason].append(group)
    lines: list[Line] = []
    for reason, sharing in list(told.items())[:most]:
        others = sum(len(group.nodes) for group in sharing[1:])
        more = f" (and {others} more)" if others else ""
        told_lines = sentence(f"{names[sharing[0].name]}{more}: {reason}", width, 10, "why")
        if not whole and len(told_lines) > REASON_LINES:
            kept = told_lines[REASON_LINES - 1].text
            told_lines[REASON_LINES - 1 :] = [
                Line(f"{set_cell_size(kept, min(cell_len(kept), width - 2))} …")
            ]
        lines += told_lines
    return lines


def _advice(report: Report, width: int, most: int | None = None) -> list[Line]:
    """What to do about it, best first, each with the command that does it."""
    lines: list[Line] = []
    for advice in report.advice[:most]:
        lines += sentence(advice.sentence, width, 10, "" if lines else "advice")
        *first, last = sentence(advice.command, width - 2, 10, style="dim")
        lines += [*(Line(f"{line.text} \\", line.style) for line in first), last]
    return lines


def _warnings(report: Report, width: int, most: int | None = None) -> list[Line]:
    """What is missing, and the first `most` warnings (all by default)."""
    lines: list[Line] = []
    if report.unmodelled:
        kinds = Counter(node.op_type for node in report.unmodelled)
        what = ", ".join(f"{count} {op_type}" for op_type, count in kinds.most_common())
        names = ", ".join(fit(node.name, width - 12) for node in report.unmodelled[:3])
        names += ", ..." if len(report.unmodelled) > 3 else ""
        moved = nbytes(sum(node.nbytes for node in report.unmodelled))
        text = f"no cost for {what} ({moved}): {names}; the latency leaves out their work, a lower bound"
        lines += sentence(text, width, 9, "missing", style="bold red")
    for warning in report.warnings[:most]:
        lines += sentence(warning, width, 9, "warning", style="yellow")
    return lines


def _more(report: Report, width: int) -> list[Line]:
    """Where the rest is."""
    left = len(report.warnings) - 1
    warnings = f" and {left} more warning{'s' * (left > 1)}" if left > 0 else ""
    return sentence(f"--verbose: op types, sources, more rows and reasons{warnings}", width, 0, style="dim")
