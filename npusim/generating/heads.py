"""Channels of a head of an ONNX export that leaves them free in its cache, as onnxruntime-genai's builder does."""

from __future__ import annotations

from onnx import NodeProto

from npusim.generating.roles import ATTENTION


def channels(path: str) -> int | None:
    """Channels of a head: what the product behind attention takes, shared among the heads. None where the file says
    them in no way that is known."""
    from npusim.loading.structure import read_model

    graph = read_model(path).graph
    weights = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    heads = {n.output[0]: _whole(n, "num_heads") for n in graph.node if n.op_type in ATTENTION and n.output}
    for node in graph.node:
        if len(node.input) < 2 or not heads.get(node.input[0]):
            continue
        if node.op_type == "MatMulNBits":
            taken = _whole(node, "K")
        elif node.op_type == "MatMul" and len(weights.get(node.input[1], ())) == 2:
            taken = weights[node.input[1]][0]
        else:
            continue
        each, rest = divmod(taken, heads[node.input[0]])
        if each and not rest:
            return int(each)
    return None


def _whole(node: NodeProto, name: str) -> int:
    return next((int(a.i) for a in node.attribute if a.name == name), 0)
