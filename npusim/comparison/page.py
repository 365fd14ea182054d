"""Comparison -> the page of `npusim compare`: the speed-up and the waterfall behind it."""

from __future__ import annotations

from collections import defaultdict

from npusim.comparison.reasons import reasons
from npusim.comparison.waterfall import Change, Comparison
from npusim.report.record import Report
from npusim.terminal.layout import Line, bar, fit, sentence, table

BAR_CELLS = 16
REASONS = 5


def page(comparison: Comparison, top: int = 20, width: int = 80) -> list[Line]:
    """The page's lines: headline, one line a model, changes by op type, the `top` largest changes."""
    before, after = comparison.before, comparison.after
    lines = [Line(_headline(comparison), "bold"), Line("")]
    lines += table(
        ("", "latency us", "MAC us", "DSP us", "DMA us", "nodes", "model"),
        [_row("before", before), _row("after", after)],
        width,
        words=(0, 6),
    )
    shares: dict[str, float] = defaultdict(float)
    for change in comparison.changes:
        shares[_what(change)] += change.delta_us
    lines += [Line(""), *_table("by kind of change", shares, before.latency_us, width)]
    largest = comparison.changes[:top]
    rows = [
        (
            change.name,
            _what(change),
            f"{change.before_us:.3f}",
            f"{change.after_us:.3f}",
            f"{change.delta_us:+.3f}",
        )
        for change in largest
    ]
    if rows:
        lines += [
            Line(""),
            *table(("largest changes", "what", "before us", "after us", "change us"), rows, width, (0, 1)),
        ]
    for number, reason in enumerate(reasons(before, after)[:REASONS]):
        places = f" in {reason.places} places" if reason.places > 1 else ""
        lines += [Line("")] * (number == 0)
        lines += sentence(f"{reason.delta_us:+.1f} us{places}: {reason.sentence}", width, 9, "because")
    warnings = dict.fromkeys((*before.warnings, *after.warnings))
    for warning in warnings:
        lines += [Line(""), *sentence(warning, width, 9, "warning")]
    return lines


def _headline(c: Comparison) -> str:
    before, after = c.before, c.after
    speedup = c.speedup
    word = "faster" if speedup >= 1 else "slower"
    factor = speedup if speedup >= 1 else (1 / speedup if speedup else float("inf"))
    return (
        f"{factor:.2f}x {word} on {fit(before.hardware, 24)} ({before.tiles} tiles, compiler {before.compiler}, "
        f"{before.precision}): {before.latency_us:.1f} -> {after.latency_us:.1f} us"
    )


def _row(label: str, report: Report) -> tuple[str, ...]:
    busy = [f"{report.engines.get(e, 0.0):.1f}" for e in ("mac_array", "dsp", "dma")]
    return (label, f"{report.latency_us:.1f}", *busy, str(len(report.nodes)), report.graph)


def _what(change: Change) -> str:
    kind, old, new = change.kind, change.op_before, change.op_after
    if kind == "replaced":
        return f"{old} -> {new}"
    return f"{kind} {old or new}"


def _table(title: str, shares: dict[str, float], whole: float, width: int) -> list[Line]:
    ranked = sorted(shares.items(), key=lambda item: -abs(item[1]))
    ranked = [(what, delta) for what, delta in ranked if abs(delta) >= 0.0005][:12]
    most = max((abs(delta) for _, delta in ranked), default=1.0)
    rows = [
        (
            what,
            f"{delta:+.3f}",
            f"{100 * delta / whole:+.1f}%" if whole else "-",
            bar(abs(delta) / most, BAR_CELLS),
        )
        for what, delta in ranked
    ]
    return (
        table((title, "change us", "of before", ""), rows, width, (0, 3))
        if rows
        else [Line("nothing changed")]
    )
