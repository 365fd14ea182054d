"""Parts of a file that the graph library drops or refuses: carried around it, and put back when it is written.

* Sparse weights of the main graph are dense weights while passes look at them, and sparse again in the file;
  those of a body become dense.
* Maps (what a classifier returns) have no type in the library; the values lose it and get it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx import numpy_helper

KEY = "xamba.foreign"  # in model.meta, which is never saved
LARGEST_DENSE_BYTES = 2**28


@dataclass
class Foreign:
    """Sparse weights by name, and types of values by name."""

    sparse: dict[str, onnx.SparseTensorProto] = field(default_factory=dict)
    types: dict[str, onnx.TypeProto] = field(default_factory=dict)


def taken_out(proto: onnx.ModelProto) -> Foreign:
    """Take what the library cannot hold out of the proto. Raises ValueError for sparse weights out of bounds."""
    foreign = Foreign()
    for graph in _graphs(proto.graph):
        for sparse in graph.sparse_initializer:
            dense = _dense(sparse)
            graph.initializer.append(dense)
            if graph is proto.graph:
                foreign.sparse[dense.name] = sparse
        if graph is proto.graph:
            kept = [onnx.SparseTensorProto.FromString(s.SerializeToString()) for s in graph.sparse_initializer]
            foreign.sparse = {s.values.name: s for s in kept}
        del graph.sparse_initializer[:]
        for info in (*graph.input, *graph.output, *graph.value_info):
            if info.HasField("type") and _has_map(info.type):
                foreign.types[info.name] = onnx.TypeProto.FromString(info.type.SerializeToString())
                info.ClearField("type")
    return foreign


def to_proto(model: ir.Model) -> onnx.ModelProto:
    """The model as a proto, with its foreign parts where they were."""
    foreign: Foreign | None = model.meta.get(KEY)
    if foreign is None:
        return ir.serde.serialize_model(model)
    held: dict[str, Any] = {}
    order = list(model.graph.initializers)
    for name in foreign.sparse:
        value = model.graph.initializers.get(name)
        if value is not None:
            held[name] = model.graph.initializers.pop(name)
    try:
        proto = ir.serde.serialize_model(model)
    finally:
        values = {**model.graph.initializers, **held}
        model.graph.initializers.clear()
        for name in order:
            model.graph.initializers[name] = values[name]
    proto.graph.sparse_initializer.extend(foreign.sparse[name] for name in held)
    infos = [i for i in proto.graph.value_info if i.name not in held]  # a sparse weight declares itself
    del proto.graph.value_info[:]
    proto.graph.value_info.extend(infos)
    for graph in _graphs(proto.graph):
        for info in (*graph.input, *graph.output, *graph.value_info):
            if info.name in foreign.types:
                info.type.CopyFrom(foreign.types[info.name])
    return proto


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs) if attribute.type in (5, 10) else ():
                yield from _graphs(body)


def _has_map(kind: onnx.TypeProto) -> bool:
    which = kind.WhichOneof("value")
    if which in ("map_type", "opaque_type", "sparse_tensor_type"):
        return True
    inner = {"sequence_type": kind.sequence_type, "optional_type": kind.optional_type}.get(which or "")
    return inner is not None and _has_map(inner.elem_type)


def _dense(sparse: onnx.SparseTensorProto) -> onnx.TensorProto:
    """The same weights with their zeros."""
    name, dims = sparse.values.name, tuple(sparse.dims)
    if int(np.prod(dims, dtype=object)) * 8 > LARGEST_DENSE_BYTES:
        raise ValueError(f"sparse weights '{name}' of shape {list(dims)} are too large to be looked at")
    values, places = numpy_helper.to_array(sparse.values), numpy_helper.to_array(sparse.indices)
    dense = np.zeros(dims, values.dtype)
    try:
        if places.ndim == 2:
            dense[tuple(places.T)] = values
        else:
            dense.reshape(-1)[places] = values
    except IndexError:
        raise ValueError(f"sparse weights '{name}' have an index outside their shape {list(dims)}") from None
    return numpy_helper.from_array(dense, name)
