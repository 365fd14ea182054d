"""Generation -> the figure of its curve: tokens a second over the context."""

from __future__ import annotations

from npusim.errors import BadArgument
from npusim.generating.page import headline, title
from npusim.generating.record import Generation
from npusim.plotting.figure import Axis, Lines, Series


def figure_of(found: Generation) -> Lines:
    """Lines of the model, of what the memory allows, and of the model it is held against.

    Raises BadArgument for an answer without a curve."""
    if not found.curve:
        raise BadArgument("the answer has no curve; ask for one with curve=True")
    lines = [
        Series(found.model, tuple(p.tokens_per_s for p in found.curve)),
        Series("no more than memory allows", tuple(p.bound_tokens_per_s for p in found.curve)),
    ]
    if found.against:
        lines.append(Series(found.against.model, tuple(p.tokens_per_s for p in found.against.curve)))
    x = Axis("context", "rows", tuple(float(p.context) for p in found.curve), log=True)
    note = f"{headline(found)}, at a prompt of {found.asked.prompt:,} and an answer of {found.asked.tokens:,}"
    return Lines(title(found), note, x, "speed", "tokens/s", tuple(lines))
