"""Comparison -> the page of `npusim compare`: the speed-up and the waterfall behind it."""

from __future__ import annotations

from collections import defaultdict

from npusim.comparison.reasons import reasons
from npusim.comparison.settled import AS_FAST, factor
from npusim.comparison.waterfall import Change, Comparison
from npusim.report.alike import NUMBER, common_name
from npusim.report.record import Report
from npusim.report.text import supposed
from npusim.report.words import added_note
from npusim.terminal.layout import Line, bar, fit, sentence, table
from npusim.terminal.units import time

BAR_CELLS = 16
LINES = 24  # of the page that is not verbose
TOP = 20  # rows of the verbose page
REASONS, SHORT_REASONS = 5, 2
KINDS, SHORT_KINDS = 12, 4
LEAST_ROWS = 3


def page(
    comparison: Comparison, top: int | None = None, width: int = 80, verbose: bool = False
) -> list[Line]:
    """The page's lines: headline, one line a model, changes by op type, the largest changes, reasons, warnings.

    Equal changes of equal layers are one row. `top`: rows of that table, by default as many as 24 lines leave room
    for (20 when verbose).
    """
    before, after = comparison.before, comparison.after
    head = [*(Line(text, "bold") for text in _headline(comparison, width))]
    head += [*sentence(comparison.verdict, width, 2), Line("")] if comparison.verdict else [Line("")]
    head += table(
        ("", "latency", "MAC busy", "DSP busy", "DMA busy", "nodes", "model"),
        [_row("before", before), _row("after", after)],
        width,
        words=(0, 6),
    )
    head += (
        [Line(""), *_answers(comparison, width), *supposed(after.what_ifs, width)] if after.what_ifs else []
    )
    deltas: defaultdict[str, float] = defaultdict(float)
    for change in comparison.changes:
        deltas[_what(change)] += change.delta_us
    kinds = _table("by kind of change", deltas, before.latency_us, width, KINDS if verbose else SHORT_KINDS)
    because: list[Line] = []
    for reason in reasons(before, after)[: REASONS if verbose else SHORT_REASONS]:
        places = f" in {reason.places} places" if reason.places > 1 else ""
        because += sentence(
            f"{time(reason.delta_us, sign=True)}{places}: {reason.sentence}", width, 9, "because"
        )
    warnings = list(dict.fromkeys((*before.warnings, *after.warnings)))
    below: list[Line] = []
    for warning in warnings if verbose else warnings[:1]:
        below += sentence(warning, width, 9, "warning")
    below += [] if verbose else [Line("--verbose: more rows, reasons and warnings", "dim")]
    short = top is None and not verbose
    if top is None:
        taken = sum(len(block) + 1 for block in (head, kinds, because, below) if block) + 1
        top = TOP if verbose else max(LEAST_ROWS, LINES - taken)
    lines: list[Line] = []
    for block in filter(None, [head, kinds, _largest(comparison, top, width, short), because, below]):
        lines += [Line(""), *block] if lines else block
    return lines


def _largest(comparison: Comparison, top: int, width: int, short: bool) -> list[Line]:
    """The largest changes, one row for equal ones, and a note on names that no file has; a `short` table makes room for
    that."""
    groups: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for change in comparison.changes:
        key = NUMBER.sub("0", change.name), _what(change), time(change.before_us), time(change.after_us)
        groups[key].append(change)
    ranked = sorted(groups.items(), key=lambda item: -abs(sum(c.delta_us for c in item[1])))[:top]
    note = sentence(added_note(cs[0].name for _, cs in ranked), width, 9, "names", "dim")
    if short and note:
        ranked = ranked[: max(LEAST_ROWS, top - len(note))]
    rows = [
        (
            f"{len(changes)} x" if len(changes) > 1 else "",
            common_name([c.name for c in changes]),
            what,
            was,
            now,
            time(sum(c.delta_us for c in changes), sign=True),
        )
        for (_, what, was, now), changes in ranked
    ]
    if not rows:
        return []
    if any(row[0] for row in rows):
        titles = ("", "largest changes", "what", "before each", "after each", "change")
        return table(titles, rows, width, (1, 2)) + note
    header = ("largest changes", "what", "before", "after", "change")
    return table(header, [row[1:] for row in rows], width, (0, 1)) + note


def _headline(c: Comparison, width: int) -> list[str]:
    before, after = c.before, c.after
    speedup = c.speedup
    times = f"{time(before.latency_us)} -> {time(after.latency_us)}"
    was, now = _conditions(before), _conditions(after)
    if was == now:
        return [f"{factor(speedup)} on {was}: {times}"]
    line = f"{factor(speedup)}: {times}"
    return [line, *(part.text for part in sentence(f"from {was} to {now}", width, 2))]


def _answers(c: Comparison, width: int) -> list[Line]:
    """What a what-if that composes several runs answers in place of the latency of one run, which is `after`."""
    lines: list[Line] = []
    for one in c.after.what_ifs:
        us = one.numbers.get("answer_us")
        if us:
            times = factor(c.before.latency_us / us)
            said = f"{time(us)}, {times} {'as' if times == AS_FAST else 'than'} before"
            lines += sentence(said, width, 10, one.name)
    return lines


def _conditions(report: Report) -> str:
    return (
        f"{fit(report.hardware, 24)} ({report.tiles} tile{'s' * (report.tiles != 1)}, compiler {report.compiler}, "
        f"{report.precision})"
    )


def _row(label: str, report: Report) -> tuple[str, ...]:
    busy = [time(report.engines.get(e, 0.0)) for e in ("mac_array", "dsp", "dma")]
    return (label, time(report.latency_us), *busy, str(len(report.nodes)), report.graph)


def _what(change: Change) -> str:
    kind, old, new = change.kind, change.op_before, change.op_after
    if kind == "replaced":
        return f"{old} -> {new}"
    return f"{kind} {old or new}"


def _table(title: str, shares: dict[str, float], whole: float, width: int, most: int) -> list[Line]:
    ranked = sorted(shares.items(), key=lambda item: -abs(item[1]))
    ranked = [(what, delta) for what, delta in ranked if abs(delta) >= 0.0005][:most]
    largest = max((abs(delta) for _, delta in ranked), default=1.0)
    rows = [
        (
            what,
            time(delta, sign=True),
            f"{100 * delta / whole:+.1f}%" if whole else "-",
            bar(abs(delta) / largest, BAR_CELLS),
        )
        for what, delta in ranked
    ]
    return (
        table((title, "change", "of before", ""), rows, width, (0, 3)) if rows else [Line("nothing changed")]
    )
