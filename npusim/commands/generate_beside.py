"""What `npusim generate` tells beside its answer: which numbers of the NPU decide a token; the answer on many NPUs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware
    from npusim.generating.record import Generation
    from npusim.terminal.layout import Line


@dataclass(slots=True)
class Beside:
    """Keys for the JSON document, and blocks of the page."""

    document: dict[str, Any] = field(default_factory=dict)
    blocks: list[Callable[[int], list[Line]]] = field(default_factory=list)

    def lines(self, width: int) -> list[Line]:
        """All blocks, a blank line before each."""
        from npusim.terminal.layout import Line

        return [line for block in self.blocks for line in (Line(""), *block(width))]


def beside(
    model: list[str],
    found: Generation,
    hw: Hardware,
    compiler: str,
    precision: str,
    dims: dict[str, int],
    sensitivity: bool,
    vary: dict[str, Any],
    what_if: list[str] | None = None,
) -> Beside:
    """What was asked for; nothing is planned where nothing was."""
    more = Beside()
    if not (sensitivity or vary):
        return more
    from npusim.generating.exports import passes_of
    from npusim.generating.supposing import passed
    from npusim.terminal.progress import working
    from npusim.tradeoff import language

    passes, what_ifs = passes_of(model, found.asked, dims), passed(what_if or ())
    with working("asking many NPUs"):
        if sensitivity:
            from npusim.tradeoff.sensitivity_page import page

            elasticities = language.of_token(found, passes, hw, compiler, precision, what_ifs)
            more.document["sensitivity"] = asdict(elasticities)
            more.blocks.append(lambda width: page(elasticities, width=width))
        if vary:
            points = language.varied(found, passes, hw, vary, compiler, precision, what_ifs)
            more.document["vary"] = [asdict(point) for point in points]
            more.blocks.append(lambda width: language.page(points, width))
    return more
