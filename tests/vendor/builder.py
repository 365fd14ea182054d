"""Write ONNX graphs in a few lines: float16, static shapes, seeded random weights that no compiler takes for zeros."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
WEIGHT_SCALE = 0.02
KEPT_BYTES = 1024  # weights above are left out where they are not asked for: no price depends on them


class Builder:
    """A graph under construction. Every method returns the name of a tensor (`op` a list, if asked for several).

    Without `weights`, large random constants are external data of a file that does not exist.
    """

    def __init__(self, opset: int = OPSET, weights: bool = True) -> None:
        self.opset, self.weights = opset, weights
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.shapes: dict[str, tuple[int, ...]] = {}  # of tensors whose writer must know them later
        self._random = np.random.default_rng(0)

    def input(self, *shape: int, dtype: int = TensorProto.FLOAT16) -> str:
        """A new input of the graph."""
        name = f"x{len(self.inputs)}"
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def const(self, values: Any) -> str:
        """A constant; Python floats and arrays of them become float16, integers int64."""
        array = np.asarray(values)
        if array.dtype == np.float64:
            array = array.astype(np.float16)
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def const_f32(self, values: Any) -> str:
        """A float32 constant."""
        return self.const(np.asarray(values, np.float32))

    def weight(self, *shape: int) -> str:
        """Random float16 weights."""
        if not self.weights and 2 * np.prod(shape) > KEPT_BYTES:
            return self._missing(shape)
        values = self._random.standard_normal(shape, np.float32) * WEIGHT_SCALE
        return self.const(values.astype(np.float16))

    def _missing(self, shape: tuple[int, ...]) -> str:
        name = f"c{len(self.constants)}"
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT16, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights_dropped.bin")
        self.constants.append(tensor)
        return name

    def op(self, kind: str, *inputs: str, count: int = 1, **attributes: Any) -> Any:
        """One node with `count` outputs; its name says its place in the file."""
        name = f"{kind}_{len(self.nodes)}"
        outputs = [name] if count == 1 else [f"{name}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=name, **attributes))
        return outputs[0] if count == 1 else outputs

    def model(self, *outputs: str) -> onnx.ModelProto:
        """The finished model, checked if it has its weights; its outputs have the shapes that ONNX infers."""
        graph = helper.make_graph(self.nodes, "graph", self.inputs, [], self.constants)
        graph.output.extend(helper.make_empty_tensor_value_info(name) for name in outputs)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        if self.weights:
            onnx.checker.check_model(model)
        return model
