"""A verdict as lines for the terminal."""

from __future__ import annotations

from npusim_xamba.text import clean
from xamba.proof.equivalence import Verdict


def verdict_text(verdict: Verdict) -> str:
    """One line for each output, with the draw that shows it most, then notes and the limit."""
    lines = []
    for o in verdict.outputs:
        word = "ok  " if o.ok else "FAIL"
        reason = f"; {o.reason}" if o.reason else ""
        errors = f"max abs {o.max_abs:.3g}, max rel {o.max_rel:.3g}, SQNR {o.sqnr_db:.1f} dB"
        lines.append(f"{word} {clean(o.name)}: {errors} ({o.draw}){reason}")
    lines += [f"note: {note}" for note in verdict.notes]
    limit = f"{verdict.limit:.2g} of the largest magnitude"
    derived = f" ({verdict.tolerance})" if verdict.limit == verdict.tolerance.total else " (asked for)"
    weights = f", {verdict.random_weights} missing weights random" if verdict.random_weights else ""
    word = "same" if verdict.ok else "not the same"
    runs = f"{len(verdict.draws)} kinds of inputs"
    lines.append(f"{word} within {limit}{derived}; {runs}, {verdict.runtime}, seed {verdict.seed}{weights}")
    return "\n".join(lines)
