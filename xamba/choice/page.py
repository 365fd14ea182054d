"""The choice as people read it: a headline a target, and the table of sites."""

from __future__ import annotations

from collections import Counter
from typing import Any

from npusim.terminal.layout import Line, sentence, table
from npusim.terminal.units import time
from xamba.choice.choose import Choice, Site
from xamba.choice.pricing import Prices

NOT_TAKEN_ROWS = 40


def page(choice: Choice, width: int = 100) -> list[Line]:
    """Headline per target, sites that were taken, sites that were not and why, passes that are not allowed."""
    lines = [
        Line(headline(target.name, before, after), "bold")
        for target, before, after in zip(choice.targets, choice.before, choice.after, strict=True)
    ]
    taken = [site for site in choice.sites if site.taken]
    left = [site for site in choice.sites if not site.taken]
    if taken:
        head = ("taken", "x", "op", "first", *_heads(choice), "error")
        lines += [Line(""), *table(head, [_row(s) for s in taken], width, (0, 2, 3))]
    for site in taken:
        said = f"; Intel's compiler: {site.witness}" if site.witness else ""
        lines += sentence(f"{site.pass_name} {site.node}: {site.by}{said}", width, 2)
    for site in left[:NOT_TAKEN_ROWS]:
        if site is left[0]:
            lines += [Line(""), Line("not taken")]
        change = f"{_us(site.before)} -> {_us(site.after)}"
        words = f"{site.pass_name} {site.count} x {site.op_type} ({site.node}): {change}: {site.why}"
        lines += sentence(words, width, 2)
    if any("* -> " in said for site in [*taken, *left[:NOT_TAKEN_ROWS]] for said in (site.witness, site.why)):
        lines += sentence(
            "* with npusim's price of a kernel that Intel's compiler prices at nothing", width, 2
        )
    kept = Counter((k.pass_name, k.op_type, k.reason) for k in choice.kept)
    if kept:
        lines += [Line(""), Line("not allowed")]
    for (name, op_type, reason), count in kept.most_common(NOT_TAKEN_ROWS):
        lines += sentence(f"{name} {count} x {op_type}: {reason}", width, 2)
    lines += [Line("") for _ in choice.notes[:1]] + [Line(f"note: {note}") for note in choice.notes]
    if not choice.modified:
        lines += [Line(""), Line("nothing pays: the output is the input, byte for byte")]
    return lines


def headline(where: str, before: float, after: float) -> str:
    """'lunar_lake with compiler 2026: 6.27 ms -> 149 us, predicted 42.0x faster'."""
    return f"{where}: {time(before)} -> {time(after)}, predicted {ratio(before, after)}"


def ratio(before: float, after: float) -> str:
    """'5.1x faster', '2.9x slower' or 'as fast'; two digits where that is all there is to say."""
    if not before or not after or abs(before / after - 1) < 5e-4:
        return "as fast"
    times, word = (before / after, "faster") if before >= after else (after / before, "slower")
    return f"{times:.{1 if times >= 1.95 else 2 if times >= 1.005 else 4}f}x {word}"


def document(choice: Choice) -> dict[str, Any]:
    """Plain values for JSON."""
    return {
        "targets": [
            {"hardware": t.hardware.name, "compiler": t.compiler.name, "before_us": b, "after_us": a}
            for t, b, a in zip(choice.targets, choice.before, choice.after, strict=True)
        ],
        "modified": choice.modified,
        "sites": [
            {
                "pass": s.pass_name, "op_type": s.op_type, "node": s.node, "places": s.count, "by": s.by,
                "before_us": list(s.before), "after_us": list(s.after), "error": s.error, "taken": s.taken,
                "why": s.why, "witness": s.witness,
            }
            for s in choice.sites
        ],
        "not_allowed": [
            {"pass": k.pass_name, "op_type": k.op_type, "node": k.node, "reason": k.reason} for k in choice.kept
        ],
        "notes": choice.notes,
        "models_priced": choice.priced,
        "verify": [verdict.as_dict() for verdict in choice.verdicts],
    }  # fmt: skip


def _heads(choice: Choice) -> list[str]:
    """Two columns a target; numbered where there are several."""
    numbers = [""] if len(choice.targets) == 1 else [f" {n}" for n in range(1, len(choice.targets) + 1)]
    return [word + number for number in numbers for word in ("before", "after")]


def _row(site: Site) -> tuple[str, ...]:
    error = "-" if site.error is None else f"{site.error:.1e}"
    prices = [time(p) for pair in zip(site.before, site.after, strict=True) for p in pair]
    return site.pass_name, str(site.count), site.op_type, site.node, *prices, error


def _us(prices: Prices) -> str:
    return "/".join(time(p) for p in prices)
