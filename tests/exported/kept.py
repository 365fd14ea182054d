"""Graphs of exported networks without their weights, as they lie in tests/data/exported: no price depends on a weight.

Constants of up to `KEPT_BYTES` stay, since shapes, axes and masks are among them.
"""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from npusim.graph import Graph
from tests.graphs import loaded
from tests.vendor.builder import KEPT_BYTES

#: Types that weights have, and bytes of each; whole numbers of more bits are shapes, axes and indices.
WEIGHTS = {TensorProto.FLOAT: 4, TensorProto.FLOAT16: 2, TensorProto.INT8: 1, TensorProto.UINT8: 1}
FOLDER = Path(__file__).resolve().parents[1] / "data" / "exported"


def path_of(name: str) -> Path:
    """Where the graph of a recipe lies."""
    return FOLDER / f"{name}.onnx.xz"


def keep(file: Path, name: str) -> None:
    """Put the graph of an exported file there, without documentation, metadata and large weights."""
    model = onnx.load(file)
    biases = {node.input[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    for tensor in model.graph.initializer:
        if (tensor.data_type in WEIGHTS or tensor.name in biases) and _large(tensor):
            values = numpy_helper.to_array(tensor)
            if np.any(values != values.flat[0]):
                _empty(tensor)
    for node in model.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.metadata_props[:], model.graph.metadata_props[:]
    FOLDER.mkdir(exist_ok=True)
    path_of(name).write_bytes(lzma.compress(model.SerializeToString(deterministic=True)))


def _large(tensor: onnx.TensorProto) -> bool:
    return np.prod(tensor.dims) * WEIGHTS.get(tensor.data_type, 4) > KEPT_BYTES


def _empty(tensor: onnx.TensorProto) -> None:
    """As a tensor whose file is not there."""
    for field in ("raw_data", "float_data", "int32_data"):
        tensor.ClearField(field)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights_dropped.bin")


def read(name: str) -> onnx.ModelProto:
    """The kept graph."""
    return onnx.load_model_from_string(lzma.decompress(path_of(name).read_bytes()))


def graph(name: str) -> Graph:
    """The same, read by npusim."""
    return loaded(read(name))
