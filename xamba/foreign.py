"""Parts of a file that the graph library drops or refuses: carried around it, and put back when it is written.

* Sparse weights of the main graph are dense weights while passes look at them, and sparse again in the file;
  others become dense.
* Maps (what a classifier returns) have no type in the library; the values lose it and get it back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import onnx
import onnx_ir as ir

from xamba.sparse import densify, graphs

KEY = "xamba.foreign"  # in model.meta, which is never saved


@dataclass
class Foreign:
    """Sparse weights by name, and types of values by name."""

    sparse: dict[str, onnx.SparseTensorProto] = field(default_factory=dict)
    types: dict[str, onnx.TypeProto] = field(default_factory=dict)


def taken_out(proto: onnx.ModelProto) -> Foreign:
    """Take what the library cannot hold out of the proto. Raises `BadModel` for sparse weights out of bounds."""
    foreign = Foreign()
    for sparse in proto.graph.sparse_initializer:
        copied = onnx.SparseTensorProto.FromString(sparse.SerializeToString())
        foreign.sparse[copied.values.name] = copied
    densify(proto)
    for graph in graphs(proto.graph):
        for info in (*graph.input, *graph.output, *graph.value_info):
            if info.HasField("type") and _has_map(info.type):
                foreign.types[info.name] = onnx.TypeProto.FromString(info.type.SerializeToString())
                info.ClearField("type")
    return foreign


def to_proto(model: ir.Model, sparse: bool = True) -> onnx.ModelProto:
    """The model as a proto, with its foreign parts where they were.

    sparse: false leaves sparse weights dense, as the checker's rules for ops want them.
    """
    foreign: Foreign | None = model.meta.get(KEY)
    if foreign is None:
        return ir.serde.serialize_model(model)
    held: dict[str, Any] = {}
    order = list(model.graph.initializers)
    for name in foreign.sparse if sparse else ():
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
    for graph in graphs(proto.graph):
        for info in (*graph.input, *graph.output, *graph.value_info):
            if info.name in foreign.types:
                info.type.CopyFrom(foreign.types[info.name])
    return proto


def _has_map(kind: onnx.TypeProto) -> bool:
    which = kind.WhichOneof("value")
    if which in ("map_type", "opaque_type", "sparse_tensor_type"):
        return True
    if which == "sequence_type":
        return _has_map(kind.sequence_type.elem_type)
    return which == "optional_type" and _has_map(kind.optional_type.elem_type)
