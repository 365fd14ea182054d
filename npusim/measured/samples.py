"""Inputs to run a model with: random, the same each time, and of use to it (indices that exist)."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from npusim.errors import BadModel
from npusim.graph import Graph
from npusim_xamba.indices import passes_index


def random_array(name: str, shape: tuple[int, ...], dtype: np.dtype[Any], below: int = 2) -> np.ndarray:
    """N(0, 1) for floats, coin flips for booleans, whole numbers from 0 to `below` - 1; by the name only."""
    rng = np.random.default_rng(zlib.crc32(name.encode("utf-8", "surrogatepass")))
    if dtype.kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        return rng.integers(0, max(below, 1), shape).astype(dtype)
    raise BadModel(f"input '{name}': no data can be made for the type {dtype}")


def port_inputs(ports: Iterable[Any]) -> dict[str, np.ndarray]:
    """Data for the inputs of a model compiled by OpenVINO, by name. Raises BadModel for a dynamic one."""
    feeds = {}
    for port in ports:
        if port.partial_shape.is_dynamic:
            raise BadModel(
                f"input '{port.any_name}' has a free dimension ({port.partial_shape}); fix it with --dim name=value"
            )
        feeds[port.any_name] = random_array(port.any_name, tuple(port.shape), port.element_type.to_dtype())
    return feeds


def graph_inputs(
    graph: Graph, inputs: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]
) -> dict[str, np.ndarray]:
    """Data for `inputs` (name -> shape and type) of the model `graph` was loaded from.

    Whole numbers that look up a table stay below its rows; those called a mask are 0 or 1.
    """
    feeds = {}
    for name, (shape, dtype) in inputs.items():
        rows = None if "mask" in name.lower() else _rows_looked_up(graph, name)
        feeds[name] = random_array(name, shape, dtype, rows or 2)
    return feeds


def _rows_looked_up(graph: Graph, name: str) -> int | None:
    """Rows of the smallest table that the value `name` indexes; None when it indexes none."""
    found: list[int] = []
    queue, seen = [name], {name}
    while queue:
        value = queue.pop()
        for node in graph.nodes:
            if (
                node.op_type in ("Gather", "GatherElements")
                and len(node.inputs) > 1
                and node.inputs[1] == value
            ):
                axis = int(node.attributes.get("axis", 0))
                found.append(graph.values[node.inputs[0]].shape[axis])
            elif any(name == value and passes_index(node.op_type, at) for at, name in enumerate(node.inputs)):
                queue += [out for out in node.outputs if out not in seen]
                seen.update(node.outputs)
    return min(found, default=None)
