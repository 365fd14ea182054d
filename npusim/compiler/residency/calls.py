"""A batch of images that goes through a network one image after another.

Intel's compiler 8.4 makes a function of a convolutional network over a batch, on NPU 4000 and 5010, and calls it for
every image: its inputs are copied within the DDR before, its outputs behind, and weights are read again in every call
(`fn_1_call_0` and `main_outline1` in its schedules of ResNet-18 at batches of 2, 3, 4 and 8, ResNet-50 of 4 and 8, and
of one to four layers). Networks that reshape or turn their batch, as transformers do, are no such functions."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.lowering.laid_anew import transferred
from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.moved import BETWEEN_CALLS
from npusim.graph import Graph, Node, Value
from npusim.work import MacOp, MacWork, MoveWork

IMAGE_RANK = 4
# A convolution over all channels alone goes image by image in another way, its weights read once.
LEAST_NODES = 2
PASSES = frozenset(
    [
        "Relu",
        "LeakyRelu",
        "PRelu",
        "Clip",
        "Sigmoid",
        "HardSigmoid",
        "HardSwish",
        "Tanh",
        "Elu",
        "Identity",
        "Dropout",
    ]
    + [
        "Add",
        "Sub",
        "Mul",
        "Div",
        "BatchNormalization",
        "MaxPool",
        "AveragePool",
        "GlobalAveragePool",
        "GlobalMaxPool",
    ]
)


def of_one_image(graph: Graph) -> tuple[Graph, int]:
    """The graph of one image, its nodes repeated for the batch, and the batch; the graph itself and 1 where it is no
    function of images that do not meet."""
    shapes = [graph.values[n].shape for n in graph.inputs]
    batch = shapes[0][0] if shapes and len(shapes[0]) == IMAGE_RANK else 1
    if batch == 1 or any(len(s) != IMAGE_RANK or s[0] != batch for s in shapes):
        return graph, 1
    if not any(node.op_type == "Conv" for node in graph.nodes):
        return graph, 1
    if len(graph.nodes) < LEAST_NODES and not _of_channels(graph.nodes[0], graph):
        return graph, 1
    if not all(_apart(node, graph, batch) for node in graph.nodes):
        return graph, 1
    made = {n for node in graph.nodes for n in node.outputs if n}
    values = dict(graph.values)
    for name in (*graph.inputs, *made):
        if not values[name].constant:
            values[name] = replace(values[name], shape=(1, *values[name].shape[1:]))
    nodes = tuple([replace(node, repeats=node.repeats * batch) for node in graph.nodes])
    return replace(graph, values=values, nodes=nodes), batch


def depthwise_batch(step: Placed | None) -> bool:
    """Whether a step is a depthwise convolution of several images."""
    work = step.only if step is not None else None
    many = step is not None and step.images > 1
    return many and isinstance(work, MacWork) and work.op == MacOp.DEPTHWISE


def _of_channels(node: Node, graph: Graph) -> bool:
    """Whether a convolution has a window for each channel."""
    return int(node.attribute("group", 1)) == graph.values[node.inputs[0]].shape[1] > 1


def _apart(node: Node, graph: Graph, batch: int) -> bool:
    """Whether a node keeps the images of a batch apart."""
    values = graph.values
    if any(values[n].shape[:1] != (batch,) for n in node.outputs if n):
        return False
    first, *others = (values[n] for n in node.inputs if n)
    if first.constant or first.shape[0] != batch:
        return False
    if node.op_type == "Concat":
        return int(node.attribute("axis", 1)) % len(first.shape) > 0 and all(
            v.shape[0] == batch for v in others
        )
    if node.op_type == "Flatten":
        return int(node.attribute("axis", 1)) == 1
    if node.op_type == "Gemm":
        return not int(node.attribute("transA", 0)) and all(v.constant for v in others)
    if node.op_type == "Conv":
        return all(v.constant for v in others)
    return node.op_type in PASSES and all(_one_for_all(v, len(first.shape), batch) for v in others)


def _one_for_all(value: Value, rank: int, batch: int) -> bool:
    """Whether every image has its own of a value, or all have the same."""
    whole = len(value.shape) == rank
    return (
        (whole and value.shape[0] in (1, batch)) if not value.constant else not whole or value.shape[0] == 1
    )


def called(placed: list[Placed], graph: Graph, batch: int) -> list[Placed]:
    """The steps of one image in calls for the batch, between copies within the DDR of what goes in and comes out."""
    within = [step._replace(node=replace(step.node, repeats=batch)) for step in placed]
    return [*_copied(graph, graph.inputs, batch), *within, *_copied(graph, graph.outputs, batch)]


def _copied(graph: Graph, names: tuple[str, ...], batch: int) -> list[Placed]:
    steps = []
    for name in names:
        out = f"{name}/images"
        graph.values[out] = replace(graph.values[name], name=out)
        node = Node(out, "Copy", (name,), (out,), repeats=batch)
        why = "images of a batch are copied for calls of one image each"
        copy = transferred(node, MoveWork(graph.values[name].npu_bytes, "ddr", "ddr"), why)
        steps.append(copy._replace(lowering=BETWEEN_CALLS))
    return steps
