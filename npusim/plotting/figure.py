"""What a plot shows, as plain values: neither the results they come from nor how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: What bounds a latency, in the order of their colours.
GROUPS = ("mac_array", "dsp", "dma", "step", "none")
GROUP_NAMES = ("MAC array", "DSP", "DMA", "dispatch of steps", "none")


@dataclass(frozen=True, slots=True)
class Axis:
    """`values` of one axis (texts are drawn evenly spaced), its dotted name and unit. `log`: draw it on a logarithmic
    scale. `now`: the value of today's machine, which is marked."""

    label: str
    unit: str
    values: tuple[float | str, ...]
    log: bool = False
    now: float | None = None

    @property
    def title(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, slots=True)
class Heat:
    """A value over two parameters: `cells[row of y][column of x]`. `bound`: indices into GROUPS, or empty.
    `level`: the value whose line is drawn, with `level_name`; colours then part there."""

    title: str
    note: str
    x: Axis
    y: Axis
    value: str
    unit: str
    cells: tuple[tuple[float, ...], ...]
    bound: tuple[tuple[int, ...], ...] = ()
    level: float | None = None
    level_name: str = ""
    kind: str = "heat"


@dataclass(frozen=True, slots=True)
class Series:
    """One line: a value and what bounds it at every x. `bound`: indices into GROUPS, or empty."""

    name: str
    values: tuple[float, ...]
    bound: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """A value over one parameter, a line for each model."""

    title: str
    note: str
    x: Axis
    value: str
    unit: str
    series: tuple[Series, ...]
    kind: str = "lines"


@dataclass(frozen=True, slots=True)
class Points:
    """Points in the plane. `texts`: what each stands for. `front`: indices of those joined by the front's steps,
    from left to right. `colour`: a value a point that is drawn as its colour (then `bound` is empty)."""

    title: str
    note: str
    x: Axis
    y: Axis
    texts: tuple[str, ...]
    bound: tuple[int, ...] = ()
    front: tuple[int, ...] = ()
    colour: tuple[float, ...] = ()
    colour_title: str = ""
    kind: str = "points"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a tornado: an elasticity, and what a reader wants to know of its number."""

    name: str
    text: str
    source: str
    length: float


@dataclass(frozen=True, slots=True)
class Tornado:
    """Elasticities, the largest on top. `hidden`: how many smaller ones are not shown."""

    title: str
    note: str
    bars: tuple[Bar, ...]
    hidden: int = 0
    kind: str = "tornado"


Figure = Heat | Lines | Points | Tornado


def is_log(values: Sequence[float]) -> bool:
    """A logarithmic scale suits positive values that span more than a factor of 8."""
    return len(values) > 1 and min(values) > 0 and max(values) / min(values) > 8


def group(name: Any) -> int:
    """Index of a bound in GROUPS: 'dma1' -> that of 'dma'; unknown ones are 'none'."""
    plain = str(name).rstrip("0123456789")
    return GROUPS.index(plain) if plain in GROUPS else len(GROUPS) - 1


def number(value: float) -> str:
    """A number as people write it: five digits at most, no exponent below a million."""
    if value and (abs(value) >= 1e6 or abs(value) < 1e-3):
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.5g}"
