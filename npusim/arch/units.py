"""Unit of a dotted name, read from its last words, and whether it counts whole things."""

from __future__ import annotations

import math
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin

from npusim.arch.config import Number
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
    kind: Any = Hardware
    metadata: Any = ()
    for part in name.split("."):
        fields = getattr(kind, "model_fields", None)
        if fields is None:  # a table of records: the part names one of them
            kind = get_args(kind)[1]
            continue
        kind, metadata = fields[part].annotation, fields[part].metadata
    return any(m.integer for m in metadata if isinstance(m, Number))


class Bounds(NamedTuple):
    """Least and greatest value, both allowed (a number that must be greater than 0 has `low` 0), and whether it
    must be a whole number."""

    low: float
    high: float
    whole: bool


def bounds(name: str) -> Bounds:
    """Bounds of a number such as 'dma.overlap_exponent' or 'dsp.kernels.exp.launch_cycles'; it must exist."""
    model: Any = Hardware
    metadata: list[Any] = []
    for part in name.split("."):
        if get_origin(model) is dict:  # the kernel lines: any name
            model = get_args(model)[1]
            continue
        if get_origin(model) is UnionType:  # a part that a machine may lack
            model = next(one for one in get_args(model) if one is not NoneType)
        field = model.model_fields[part]
        model, metadata = field.annotation, field.metadata
    number = next(m for m in metadata if isinstance(m, Number))
    low = number.gt if number.ge is None else number.ge
    return Bounds(
        -math.inf if low is None else float(low),
        math.inf if number.le is None else float(number.le),
        number.integer,
    )
