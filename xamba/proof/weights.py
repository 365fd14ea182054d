"""Random weights for a file that has none: the same for every model asked with one seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod, sqrt

import numpy as np
import onnx_ir as ir

from xamba.files import bodies
from xamba.proof.samples import generator, random_array


@contextmanager
def random_weights(model: ir.Model, seed: int, made: dict[object, ir.TensorProtocol]) -> Iterator[int]:
    """Within the block, weights whose file is missing hold random data; yields how many there are.

    Seeded by name, so two models with one seed have the same. Matrices get N(0, 1/fan-in), vectors
    N(0, 0.1^2), scales and variances a positive number. The model is as before after the block.
    made: weights made so far; two models that share it hold those they have in common once.
    """
    graphs = [model.graph]
    graphs += [g for n in ir.traversal.RecursiveGraphIterator(model.graph) for g in bodies(n)]
    values = [v for graph in graphs for v in graph.initializers.values()]
    missing = [(v, v.const_value) for v in values if isinstance(v.const_value, ir.ExternalTensor)]
    missing = [(v, tensor) for v, tensor in missing if not _readable(tensor)]
    try:
        for value, tensor in missing:
            key = (value.name, tuple(tensor.shape), tensor.dtype, _role(value, tensor))
            if key not in made:
                data = _random_weight(value, tensor, seed)
                made[key] = ir.tensor(data, dtype=tensor.dtype, name=value.name)
            value.const_value = made[key]
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


def _role(value: ir.Value, tensor: ir.ExternalTensor) -> tuple[bool, bool]:
    """What the data depend on beside name, shape and type: an index, or a scale."""
    index = any(n.op_type in ("Gather", "Reshape", "Expand", "Slice") and p == 1 for n, p in value.uses())
    return index, any(_is_scale(node, place) for node, place in value.uses())


def _random_weight(value: ir.Value, tensor: ir.ExternalTensor, seed: int) -> np.ndarray:
    rng, shape, dtype = generator(value.name or "", seed), [int(d) for d in tensor.shape], tensor.dtype  # type: ignore[arg-type]
    index, is_scale = _role(value, tensor)
    if not dtype.is_floating_point():
        return random_array(rng, shape, dtype, bits=index or dtype in (ir.DataType.INT64, ir.DataType.INT32))
    if is_scale:
        return rng.uniform(0.005, 0.02, shape).astype(dtype.numpy())
    spread = 0.1 if len(shape) < 2 else 1 / sqrt(max(prod(shape[1:]), 1))
    return (rng.standard_normal(shape, np.float32) * np.float32(spread)).astype(dtype.numpy())


def _is_scale(node: ir.Node, place: int) -> bool:
    quantiser = node.op_type in ("QuantizeLinear", "DequantizeLinear") and place == 1
    return quantiser or (node.op_type == "BatchNormalization" and place == 4)
