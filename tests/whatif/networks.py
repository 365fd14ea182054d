"""Small networks with weights, for laws over what can be pruned, and what runs them."""

from collections.abc import Sequence

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper


class Network:
    """A convolutional network that grows block by block; `x` is its last tensor, with `channels`."""

    def __init__(self, channels: int, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.random = np.random.default_rng(seed)
        self.x, self.channels, self.inputs = "image", channels, channels

    def weight(self, *shape: int) -> str:
        name = f"w{len(self.weights)}"
        data = (self.random.normal(size=shape) / np.sqrt(max(1, np.prod(shape[1:])))).astype(np.float32)
        self.weights.append(numpy_helper.from_array(data, name))
        return name

    def add(self, kind: str, inputs: Sequence[str], **attributes: object) -> str:
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name, **attributes))
        return name

    def conv(self, x: str, channels: int, out: int, kernel: int = 1, group: int = 1) -> str:
        w = self.weight(out, channels // group, kernel, kernel)
        pads = [kernel // 2] * 4
        return self.add("Conv", [x, w, self.weight(out)], kernel_shape=[kernel] * 2, pads=pads, group=group)

    def block(self, kind: str, out: int) -> None:
        """One block: 'plain', 'residual', 'depthwise', 'concat', 'grouped', 'norm' or 'split'."""
        x, c = self.x, self.channels
        if kind == "residual":
            inner = self.add("Relu", [self.conv(x, c, out)])
            self.x = self.add("Add", [x, self.conv(inner, out, c, 3)])
        elif kind == "depthwise":
            self.x = self.add("Relu", [self.conv(x, c, c, 3, group=c)])
        elif kind == "concat":
            self.x = self.add("Concat", [x, self.conv(x, c, out)], axis=1)
            self.channels = c + out
        elif kind == "grouped":
            self.x, self.channels = self.conv(self.conv(x, c, 2 * out), 2 * out, 2 * out, 3, group=2), 2 * out
        elif kind == "norm":
            positive = self.weight(c)
            self.weights[-1].CopyFrom(numpy_helper.from_array(np.ones(c, np.float32), positive))
            parameters = [self.weight(c), self.weight(c), self.weight(c), positive]
            self.x = self.add("BatchNormalization", [x, *parameters])
        elif kind == "split":
            both = self.conv(x, c, 2 * out)
            self.nodes.append(helper.make_node("Split", [both], [f"{both}a", f"{both}b"], f"{both}s", axis=1))
            self.x, self.channels = self.add("Mul", [f"{both}a", f"{both}b"]), out
        else:
            self.x, self.channels = self.add("Relu", [self.conv(x, c, out, 3)]), out

    def model(self, classes: int = 5) -> onnx.ModelProto:
        pooled = self.add("Flatten", [self.add("GlobalAveragePool", [self.x])])
        self.nodes.append(
            helper.make_node("Gemm", [pooled, self.weight(self.channels, classes)], ["scores"], "head")
        )
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, self.inputs, 8, 8])
        scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, classes])
        graph = helper.make_graph(self.nodes, "network", [image], [scores], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


KINDS = ("plain", "residual", "depthwise", "concat", "grouped", "norm", "split")


@st.composite
def networks(draw: st.DrawFn) -> onnx.ModelProto:
    """Networks of one to five blocks, the first a plain one."""
    net = Network(3, draw(st.integers(0, 99)))
    net.block("plain", draw(st.sampled_from([4, 6, 8])))
    for kind in draw(st.lists(st.sampled_from(KINDS), max_size=4)):
        net.block(kind, draw(st.sampled_from([4, 6, 8])))
    return net.model()


def answers(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What onnxruntime answers, by the names of the outputs."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return dict(
        zip(
            names,
            session.run(names, {n: feeds[n] for n in (i.name for i in session.get_inputs())}),
            strict=True,
        )
    )


def without(model: onnx.ModelProto, weights: dict[str, tuple[int, np.ndarray]]) -> onnx.ModelProto:
    """The model with all but some indices of weights set to zero: `weights[name]` is an axis and what stays."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        if tensor.name in weights:
            axis, kept = weights[tensor.name]
            data = numpy_helper.to_array(tensor).copy()
            gone = np.setdiff1d(np.arange(data.shape[axis]), kept)
            np.moveaxis(data, axis, 0)[gone] = 0
            tensor.CopyFrom(numpy_helper.from_array(data, tensor.name))
    return copy
