"""A fit to a profile as lines of the terminal: errors, numbers and how sure they are, what stayed open."""

from __future__ import annotations

from npusim.measured.fit import MachineFit
from npusim.terminal.layout import Line, clean, sentence, table

_WORDS = {"mac_array": "MAC array, per layer", "dsp": "DSPs, per layer", "dma": "transfers, per layer"}


def page(found: MachineFit, output: str, width: int) -> list[Line]:
    """What the fit did and how far to trust it."""
    fit = found.fit
    rows = [
        (_WORDS.get(e.group, e.group), str(e.rows), f"{e.before:.1f}", f"{e.after:.1f}") for e in fit.errors
    ]
    lines = table(("mean absolute error, percent", "times", "before", "after"), rows, width, words=(0,))
    lines += [Line("")]
    if fit.fitted:
        numbers = [
            (f.name, f"{f.before:g}", f"{f.after:g}", f"{f.error:.1%}" if f.error else "read from the file")
            for f in fit.fitted
        ]
        lines += table(("number", "before", "after", "+/-"), numbers, width, words=(0,))
        lines += sentence(
            "+/-: standard error, by the scatter of the profile and numbers held that may be a tenth off",
            width,
            0,
        )
    else:
        lines += sentence("The profile determines no number.", width, 0)
    if fit.undetermined:
        lines += [Line(""), Line("Undetermined, kept as they were:")]
        for name, why in fit.undetermined.items():
            lines += sentence(f"{name}: {why}", width, 4, "  ")
    for note in found.notes:
        lines += sentence(clean(note), width, 2, "- ")
    return [*lines, Line(""), Line(f"{clean(output)}: {len(fit.changed)} numbers changed")]
