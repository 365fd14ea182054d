"""Sparse weights as dense ones: the graph library knows no sparse tensors, and drops or refuses them."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
import onnx

from xamba.errors import BadModel

LARGEST_BYTES = 2**30


def densify(model: onnx.ModelProto) -> bool:
    """Turn sparse initializers and sparse Constants into dense ones, in place; whether there were any.

    Raises `BadModel` for one that would take more than `LARGEST_BYTES`, or whose indices are outside its shape.
    """
    found = False
    for graph in graphs(model.graph):
        for sparse in graph.sparse_initializer:
            found = True
            graph.initializer.append(_dense(sparse))
        del graph.sparse_initializer[:]
        found = _constants(graph.node) or found
    for function in model.functions:
        found = _constants(function.node) or found
    return found


def graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph and the bodies of If, Loop and Scan in it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from graphs(inner)


def _constants(nodes: object) -> bool:
    found = False
    for node in nodes:  # type: ignore[attr-defined]
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.SPARSE_TENSOR and node.op_type == "Constant":
                dense = _dense(attribute.sparse_tensor)
                attribute.CopyFrom(onnx.helper.make_attribute("value", dense))
                found = True
    return found


def _dense(sparse: onnx.SparseTensorProto) -> onnx.TensorProto:
    """Values at indices [n] of the flattened tensor, or [n, rank]; zero elsewhere."""
    name, dims = sparse.values.name, tuple(sparse.dims)
    values = onnx.numpy_helper.to_array(sparse.values)
    size = prod(dims) * values.dtype.itemsize
    if size > LARGEST_BYTES:
        raise BadModel(
            f"the sparse weight '{name}' of shape {list(dims)} would take {size / 2**30:.1f} GiB of "
            f"{LARGEST_BYTES / 2**30:g} GiB as a dense one"
        )
    indices = onnx.numpy_helper.to_array(sparse.indices)
    dense = np.zeros(dims, values.dtype)
    try:
        if indices.ndim == 2:
            dense[tuple(indices.T)] = values
        else:
            dense.reshape(-1)[indices] = values
    except (IndexError, ValueError) as error:
        raise BadModel(f"the sparse weight '{name}' does not fit its shape {list(dims)}: {error}") from None
    return onnx.numpy_helper.from_array(dense, name)
