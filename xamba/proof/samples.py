"""Random inputs and, where a file has none, random weights: the same for every model asked with one seed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod, sqrt
from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.errors import BadArgument, BadModel
from xamba.facts.facts import Facts, facts_of
from xamba.facts.nodes import is_onnx
from xamba.files import bodies

FREE_DIMENSION = 2  # length of a free dimension that nobody bound
#: Ops an index passes through on its way to a Gather.
INDEX_KEPT = {
    "Cast",
    "Identity",
    "Reshape",
    "Unsqueeze",
    "Squeeze",
    "Flatten",
    "Slice",
    "Expand",
    "Transpose",
}


def run_inputs(model: ir.Model) -> list[ir.Value]:
    """Graph inputs that a caller has to give (initializers in the input list are weights)."""
    return [v for v in model.graph.inputs if v.name not in model.graph.initializers]


def random_inputs(
    model: ir.Model, seed: int, dims: Mapping[str, int] | None = None, small_integers: bool = False
) -> dict[str, np.ndarray]:
    """One random array for every input: floats from N(0, 1), booleans, whole numbers in a valid range.

    Whole numbers are indices below the table's rows where they reach a Gather, 0 or 1 where the name
    says mask (or with `small_integers`), else -8 to 7. Free dimensions have the length in `dims`, else 2.
    """
    dims = dict(dims or {})
    named = {d.value for v in run_inputs(model) for d in v.shape or () if isinstance(d, ir.SymbolicDim)}
    unknown = sorted(set(dims) - {n for n in named if n})
    if unknown:
        free = ", ".join(sorted(n for n in named if n)) or "none"
        raise BadArgument(f"no free dimension is called '{unknown[0]}' (free: {free})")
    facts = facts_of(model)
    return {v.name or "": _random_input(v, seed, dims, small_integers, facts) for v in run_inputs(model)}


def _random_input(
    value: ir.Value, seed: int, dims: Mapping[str, int], small: bool, facts: Facts
) -> np.ndarray:
    if value.shape is None or value.dtype is None:
        raise BadModel(f"input '{value.name}' has no type or no shape, so no data can be made for it")
    shape = [d if isinstance(d, int) else dims.get(d.value or "", FREE_DIMENSION) for d in value.shape]
    rng = generator(value.name or "", seed)
    rows = _index_bound(value, facts)
    if rows is not None:
        return np.asarray(rng.integers(0, rows, shape)).astype(value.dtype.numpy())
    return random_array(rng, shape, value.dtype, small or "mask" in (value.name or "").lower())


def generator(name: str, seed: int) -> np.random.Generator:
    """A generator that depends on a name and a seed only."""
    return np.random.default_rng([zlib.crc32(name.encode()), seed])


def random_array(rng: np.random.Generator, shape: Any, dtype: ir.DataType, bits: bool) -> np.ndarray:
    """N(0, 1) for floats, coin flips for booleans, whole numbers of a small range."""
    if dtype == ir.DataType.BOOL:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.is_floating_point():
        return rng.standard_normal(shape).astype(dtype.numpy())
    if dtype == ir.DataType.STRING or not dtype.is_integer():
        raise BadModel(f"no random data can be made for the type {dtype.name.lower()}")
    lowest = 0 if bits or dtype.name.startswith("U") else -8
    return np.asarray(rng.integers(lowest, 2 if bits else 8, shape)).astype(dtype.numpy())


def _index_bound(value: ir.Value, facts: Facts) -> int | None:
    """Rows of the smallest table that this value (an input of whole numbers) looks up; None if none."""
    if value.dtype is None or not value.dtype.is_integer():
        return None
    found: int | None = None
    queue, seen = [value], {value}
    while queue:
        at = queue.pop()
        for node, place in at.uses():
            if is_onnx(node) and node.op_type in ("Gather", "GatherElements") and place == 1:
                shape = facts.of(node.inputs[0]).shape if node.inputs[0] is not None else None
                axis = node.attributes["axis"].as_int() if "axis" in node.attributes else 0
                rows = shape[axis] if shape else None
                if isinstance(rows, int):
                    found = rows if found is None else min(found, rows)
            elif node.op_type in INDEX_KEPT and place == 0:
                queue += [out for out in node.outputs if out not in seen]
                seen.update(node.outputs)
    return found


@contextmanager
def random_weights(model: ir.Model, seed: int) -> Iterator[int]:
    """Within the block, weights whose file is missing hold random data; yields how many there are.

    Seeded by name, so two models with one seed have the same. Matrices get N(0, 1/fan-in), vectors
    N(0, 0.1^2), scales and variances a positive number. The model is as before after the block.
    """
    graphs = [model.graph]
    graphs += [g for n in ir.traversal.RecursiveGraphIterator(model.graph) for g in bodies(n)]
    values = [v for graph in graphs for v in graph.initializers.values()]
    missing = [(v, v.const_value) for v in values if isinstance(v.const_value, ir.ExternalTensor)]
    missing = [(v, tensor) for v, tensor in missing if not _readable(tensor)]
    try:
        for value, tensor in missing:
            data = _random_weight(value, tensor, seed)
            value.const_value = ir.tensor(data, dtype=tensor.dtype, name=value.name)
        yield len(missing)
    finally:
        for value, tensor in missing:
            value.const_value = tensor


def _readable(tensor: ir.ExternalTensor) -> bool:
    try:
        with open(tensor.path, "rb") as file:
            file.seek(0, 2)
            return file.tell() >= (tensor.offset or 0) + (tensor.length or tensor.nbytes)
    except OSError:
        return False


def _random_weight(value: ir.Value, tensor: ir.ExternalTensor, seed: int) -> np.ndarray:
    rng, shape, dtype = generator(value.name or "", seed), [int(d) for d in tensor.shape], tensor.dtype  # type: ignore[arg-type]
    if not dtype.is_floating_point():
        index = any(n.op_type in ("Gather", "Reshape", "Expand", "Slice") and p == 1 for n, p in value.uses())
        return random_array(rng, shape, dtype, bits=index or dtype in (ir.DataType.INT64, ir.DataType.INT32))
    if any(_is_scale(node, place) for node, place in value.uses()):
        return rng.uniform(0.005, 0.02, shape).astype(dtype.numpy())
    spread = 0.1 if len(shape) < 2 else 1 / sqrt(max(prod(shape[1:]), 1))
    return (rng.standard_normal(shape, np.float32) * np.float32(spread)).astype(dtype.numpy())


def _is_scale(node: ir.Node, place: int) -> bool:
    quantiser = node.op_type in ("QuantizeLinear", "DequantizeLinear") and place == 1
    return quantiser or (node.op_type == "BatchNormalization" and place == 4)
