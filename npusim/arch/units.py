"""Unit of a dotted name, read from its last words, and whether it counts whole things."""

from __future__ import annotations

import math
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin

from npusim.arch.fields import Number
from npusim.arch.hardware import Hardware

#: Last words of a name -> unit; the first that fits counts.
_UNITS = (
    ("gb_per_s", "GB/s"),
    ("macs_per_cycle", "MAC/cycle"),
    ("bytes_per_cycle", "B/cycle"),
    ("elements_per_cycle", "element/cycle"),
    ("cycles_per_element", "cycle/element"),
    ("cycles_per_row", "cycle/row"),
    ("bytes_per_channel", "B/channel"),
    ("mhz", "MHz"),
    ("ns", "ns"),
    ("bytes", "B"),
    ("bits", "bit"),
    ("cycles", "cycle"),
    ("channels", "channel"),
)


def unit(name: str) -> str:
    """'ns', 'MHz', 'B/cycle', ...; '1' for ratios, exponents and counts."""
    last = name.rsplit(".", 1)[-1]
    for words, found in _UNITS:
        if words in last if "_per_" in words else last.endswith("_" + words):
            return found
    return "1"


def shown(unit: str) -> str:
    """A unit as people read it: nothing for a ratio, an exponent or a count."""
    return "" if unit == "1" else unit


@cache
def is_whole(name: str) -> bool:
    """True if the hardware's schema takes whole numbers only."""
    number = _number(name)
    return number is not None and number.integer


def _number(name: str) -> Number | None:
    """What the hardware's schema says of a dotted name; None of what is no number. It must exist."""
    kind: Any = Hardware
    metadata: tuple[Any, ...] = ()
    for part in name.split("."):
        if get_origin(kind) is UnionType:  # a part that a machine may lack
            kind = next(one for one in get_args(kind) if one is not NoneType)
        # of a table of records, the part names one of them
        kind = get_args(kind)[1] if get_origin(kind) is dict else kind.kinds()[part]
        metadata = getattr(kind, "__metadata__", ())
        kind = get_args(kind)[0] if metadata else kind
    return next((m for m in metadata if isinstance(m, Number)), None)


class Bounds(NamedTuple):
    """Least and greatest value, both allowed (a number that must be greater than 0 has `low` 0), and whether it
    must be a whole number."""

    low: float
    high: float
    whole: bool


def bounds(name: str) -> Bounds:
    """Bounds of a number such as 'dma.overlap_exponent' or 'dsp.kernels.exp.launch_cycles'; it must exist."""
    number = _number(name)
    assert number is not None, f"{name} is no number"
    low = number.gt if number.ge is None else number.ge
    return Bounds(
        -math.inf if low is None else float(low),
        math.inf if number.le is None else float(number.le),
        number.integer,
    )
