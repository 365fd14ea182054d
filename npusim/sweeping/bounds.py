"""What the schema of the hardware allows a dotted name to be."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import WithJsonSchema

from npusim.arch.hardware import Hardware


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
        field = model.model_fields[part]
        model, metadata = field.annotation, field.metadata
    schema: Any = next(m.json_schema for m in metadata if isinstance(m, WithJsonSchema))
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum")
    return Bounds(
        -math.inf if low is None else float(low),
        math.inf if high is None else float(high),
        schema["type"] == "integer",
    )
