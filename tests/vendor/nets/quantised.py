"""Networks of the tables as static quantisation leaves them: 8-bit activations a tensor, 8-bit weights a channel.

Pairs of QuantizeLinear and DequantizeLinear stand in front of what tools for the NPU quantise: convolutions and matrix
products, and in convolutional networks additions of two images, poolings, Concat and Resize, too. Scales are all one,
since no price depends on them. The graphs are float32 inside, as exporters leave them."""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PRODUCTS = ("Conv", "ConvTranspose", "MatMul", "Gemm")
OTHERS = ("Add", "AveragePool", "GlobalAveragePool", "Concat", "MaxPool", "Resize")
#: Names of the tables, and kinds, of which `q8_NAME` is quantised.
QUANTISED = {
    "mobilenet_v2_224": "CNN", "efficientnet_b0_224": "CNN", "mobilenet_v3l_224": "CNN", "resnet50_256": "CNN",
    "detector_384": "CNN", "shufflenet_v2_x10_256": "CNN", "squeezenet_224": "CNN", "googlenet_256": "CNN",
    "regnet_x_1g6_224": "CNN", "nanodet_288": "CNN", "deeplabv3_mnv2_257": "CNN", "fpn_r18_384": "CNN",
    "mobilefacenet_112": "CNN", "espcn_224_x3": "CNN", "densenet121_192": "CNN", "picodet_s_320": "CNN",
    "inception_v3_299": "CNN", "repvgg_a0_192": "CNN", "efficientnet_lite0_320": "CNN", "unet_seg_256": "CNN",
    "convnext_tiny_256": "CNN", "ppocr_v4_rec_48x320": "CNN", "movenet_192": "CNN", "resnet18_288": "CNN",
    "vit_s_288": "transformer", "bert_192": "transformer", "deit_tiny_224": "transformer",
    "minilm_112_x3": "transformer", "swin_stage_28": "transformer", "whisper_tiny_enc_400": "transformer",
    "clip_b16_224_x3": "transformer", "distilbert_160_x2": "transformer", "gpt_512": "transformer",
}  # fmt: skip
LARGEST = 127


def quantised(model: onnx.ModelProto, kinds: tuple[str, ...]) -> onnx.ModelProto:
    """The graph with pairs in front of nodes of these `kinds`, in float32."""
    graph = _as_float32(model).graph
    types = {v.name: v.type.tensor_type.elem_type for v in (*graph.value_info, *graph.input, *graph.output)}
    stored = {t.name: t for t in graph.initializer}
    constant = stored.keys() | {n.output[0] for n in graph.node if n.op_type == "Constant"}
    added = [
        numpy_helper.from_array(np.float32(0.05), "q_scale"),
        numpy_helper.from_array(np.uint8(128), "q_zero"),
    ]
    made: set[str] = set()
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        summed = node.op_type == "Add" and not constant.isdisjoint(node.input)
        for k in range(_operands(node)) if node.op_type in kinds and not summed else ():
            name = node.input[k]
            if name not in constant and types.get(name, TensorProto.FLOAT) == TensorProto.FLOAT:
                nodes += _pair(name, made)
                node.input[k] = f"{name}_dq"
            elif k == 1 and name in stored and node.op_type in PRODUCTS:
                nodes += _weights(stored[name], _axis(node, stored[name]), made, added)
                node.input[k] = f"{name}_wdq"
        nodes.append(node)
    read = {name for node in nodes for name in node.input}
    kept = [t for t in graph.initializer if t.name in read] + added
    whole = helper.make_graph(nodes, "graph", graph.input, graph.output, kept)
    return onnx.shape_inference.infer_shapes(
        helper.make_model(whole, opset_imports=model.opset_import, ir_version=model.ir_version)
    )


def _as_float32(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = model.graph
    for tensor in _tensors(graph):
        if tensor.data_type == TensorProto.FLOAT16 and tensor.data_location == TensorProto.EXTERNAL:
            tensor.data_type = TensorProto.FLOAT
        elif tensor.data_type == TensorProto.FLOAT16:
            values = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT16:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
                attribute.i = TensorProto.FLOAT
    del graph.value_info[:]
    model.CopyFrom(onnx.shape_inference.infer_shapes(model))
    return model


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        yield from (a.t for a in node.attribute if a.HasField("t"))


def _operands(node: onnx.NodeProto) -> int:
    """How many operands of a node are quantised."""
    if node.op_type == "Concat":
        return len(node.input)
    return 2 if node.op_type in (*PRODUCTS, "Add") else 1


def _pair(name: str, made: set[str]) -> list[onnx.NodeProto]:
    """QuantizeLinear and DequantizeLinear of a tensor, once."""
    if name in made:
        return []
    made.add(name)
    return [
        helper.make_node("QuantizeLinear", [name, "q_scale", "q_zero"], [f"{name}_q"], name=f"{name}_Q"),
        helper.make_node("DequantizeLinear", [f"{name}_q", "q_scale", "q_zero"], [f"{name}_dq"], name=f"{name}_DQ"),
    ]  # fmt: skip


def _axis(node: onnx.NodeProto, weight: onnx.TensorProto) -> int:
    """The axis of a weight's output channels."""
    turned = any(a.name == "transB" and a.i for a in node.attribute)
    return {"Conv": 0, "ConvTranspose": 1, "Gemm": 0 if turned else 1}.get(node.op_type, len(weight.dims) - 1)


def _weights(
    weight: onnx.TensorProto, axis: int, made: set[str], added: list[onnx.TensorProto]
) -> list[onnx.NodeProto]:
    """The 8-bit form of a weight, and what makes floats of it again."""
    name = weight.name
    if f"{name}_wdq" in made:
        return []
    made.add(f"{name}_wdq")
    narrow = TensorProto()
    scale = 1.0
    if weight.data_location == TensorProto.EXTERNAL:
        narrow.CopyFrom(weight)
        narrow.name, narrow.data_type = f"{name}_i8", TensorProto.INT8
    else:
        values = numpy_helper.to_array(weight)
        scale = float(np.abs(values).max() or 1) / LARGEST
        narrow = numpy_helper.from_array(np.round(values / scale).astype(np.int8), f"{name}_i8")
    channels = weight.dims[axis]
    added += [
        narrow,
        numpy_helper.from_array(np.full(channels, scale, np.float32), f"{name}_ws"),
        numpy_helper.from_array(np.zeros(channels, np.int8), f"{name}_wz"),
    ]
    inputs = [f"{name}_i8", f"{name}_ws", f"{name}_wz"]
    return [helper.make_node("DequantizeLinear", inputs, [f"{name}_wdq"], axis=axis, name=f"{name}_wdq")]
