"""Unit of a dotted name, read from its last words, and whether it counts whole things."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

from pydantic import WithJsonSchema

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
    found = [m.json_schema or {} for m in metadata if isinstance(m, WithJsonSchema)]
    return any(schema.get("type") == "integer" for schema in found)
