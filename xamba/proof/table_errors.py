"""How wrong the tables of a model are, measured on the tables themselves, never read from what the file claims.

A table counts when it is, for a known activation and one of the two ways to measure an error, at most
`SLACK` times as wrong as the best table of as many segments on its range. Any other table is an
ordinary piece of graph, and nothing is allowed for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import onnx_ir as ir

from xamba.facts.nodes import attribute
from xamba.tables.pwl import ACTIVATIONS, FLOOR, table
from xamba.tables.pwl_op import DOMAIN, OP

SLACK = 1.5
POINTS = 20_000  # where the error of a table is measured, beside its breaks
USUAL_PARAMETERS = (1.0, 1.702, 2.0)


@dataclass(frozen=True)
class FoundTable:
    """A table of a model: `name` is the value it makes; slopes and offsets have one entry more than breaks."""

    name: str
    breaks: tuple[float, ...]
    slopes: tuple[float, ...]
    offsets: tuple[float, ...]
    claimed: float  # the parameter the file names: a candidate, no more

    def __call__(self, x: np.ndarray) -> np.ndarray:
        index = np.searchsorted(np.asarray(self.breaks), x, side="right")
        slope, offset = np.asarray(self.slopes)[index], np.asarray(self.offsets)[index]
        return np.where(slope == 0, offset, slope * x + offset)


def tables_of(model: ir.Model) -> list[FoundTable]:
    """Every table of a model, as a function call or written in place."""
    found: dict[str, FoundTable] = {}
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        name = node.metadata_props.get("xamba.table") or (node.outputs[0].name or "")
        if node.domain == DOMAIN and node.op_type == OP:
            columns = [tuple(attribute(node, a, ())) for a in ("breaks", "slopes", "offsets")]
        elif node.op_type == "Add" and "xamba.table" in node.metadata_props:
            columns = _in_place(node, name)
        else:
            continue
        breaks, slopes, offsets = columns
        if breaks and len(slopes) == len(offsets) == len(breaks) + 1:
            found[name] = FoundTable(name, breaks, slopes, offsets, _claimed(node))
    return list(found.values())


def _claimed(node: ir.Node) -> float:
    try:
        return float(node.metadata_props.get("xamba.parameter", "1"))
    except ValueError:
        return 1.0


def _in_place(add: ir.Node, name: str) -> list[tuple[float, ...]]:
    """Columns of a table whose last step is ``Add(Mul(Gather(slopes), x), Gather(offsets))``."""
    empty: list[tuple[float, ...]] = [(), (), ()]
    product, offset = (x.producer() if x is not None else None for x in add.inputs[:2])
    if product is None or offset is None or product.op_type != "Mul" or offset.op_type != "Gather":
        return empty
    slope = product.inputs[0].producer() if product.inputs[0] is not None else None
    if slope is None or slope.op_type != "Gather":
        return empty
    breaks: tuple[float, ...] = ()
    for node in ir.traversal.RecursiveGraphIterator(add.graph):  # type: ignore[arg-type]
        if node.op_type == "Less" and node.metadata_props.get("xamba.table") == name:
            probe = node.inputs[1].producer() if node.inputs[1] is not None else None
            if probe is not None and probe.op_type == "Gather":
                breaks = tuple(b for b in _numbers(probe.inputs[0]) if np.isfinite(b))
                break
    keep = len(breaks) + 1
    return [breaks, _numbers(slope.inputs[0])[:keep], _numbers(offset.inputs[0])[:keep]]


def _numbers(value: ir.Value | None) -> tuple[float, ...]:
    if value is None or value.const_value is None or value.const_value.size > 2**16:
        return ()
    return tuple(float(x) for x in value.const_value.numpy().ravel())


@lru_cache(maxsize=256)
def allowance(found: FoundTable) -> tuple[float, float]:
    """(relative, absolute) error that is allowed for a table; (0, 0) when it is no good table of anything.

    The absolute part of a relative error holds where a function through zero is smaller than `FLOOR`.
    """
    sound = []
    for kind, parameter in _candidates(found):
        activation = ACTIVATIONS[kind]
        x = _points(found)
        with np.errstate(all="ignore"):
            exact = activation.function(x, parameter)
            wrong = np.abs(found(x) - exact)
        floor = FLOOR if activation.crosses_zero else np.finfo(np.float64).tiny
        absolute, relative = float(wrong.max()), float((wrong / np.maximum(np.abs(exact), floor)).max())
        if not np.isfinite(absolute) or min(absolute, relative) > 0.5:
            continue
        for error, measured in (("relative", relative), ("absolute", absolute)):
            ends = (found.breaks[0], found.breaks[-1])
            best = table(kind, max(1, len(found.breaks) - 1), parameter, ends, error).achieved
            if measured <= SLACK * best + 2.0**-20:
                small = FLOOR * measured if activation.crosses_zero else 0.0
                sound.append((relative, small) if error == "relative" else (0.0, absolute))
    return min(sound, key=sum, default=(0.0, 0.0))


def _points(found: FoundTable) -> np.ndarray:
    breaks = np.asarray(found.breaks, np.float64)
    last = np.nextafter(breaks[-1], -np.inf)
    return np.unique(np.concatenate([np.linspace(breaks[0], last, POINTS), breaks[:-1], [last]]))


def _candidates(found: FoundTable) -> list[tuple[str, float]]:
    """Activations the table may be of, the nearest first: (name, parameter)."""
    x = np.linspace(found.breaks[0], found.breaks[-1], 257)[:-1]
    near = []
    for kind, activation in ACTIVATIONS.items():
        for parameter in dict.fromkeys((found.claimed, *USUAL_PARAMETERS)):
            if parameter == 0 or not np.isfinite(parameter):
                continue
            with np.errstate(all="ignore"):
                exact = activation.function(x, parameter)
                wrong = float((np.abs(found(x) - exact) / (1 + np.abs(exact))).max())
            if np.isfinite(wrong):
                near.append((wrong, kind, parameter))
    best: dict[str, float] = {}
    for _, kind, parameter in sorted(near):
        best.setdefault(kind, parameter)
    return list(best.items())[:3]
