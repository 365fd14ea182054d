"""A batch of images that goes through a network one image after another.

Intel's compiler 8.4 makes a function of a network over a batch of 2 to 10, on NPU 4000 and 5010, and calls it for
every image: its inputs are copied within the DDR before, its outputs behind, and weights are read again in every call
(`fn_1_call_0` and `main_outline1` in its schedules of ResNet-18 at batches of 2, 3, 4 and 8, ResNet-50 of 4 and 8,
VGGish of 4, whose 138 MB of products cross four times, and of forty small graphs; two convolutions over 10 images are
called, over 11, 12 and 16 not). Spectrograms of three axes that are made images inside are called alike (a ResNet-34 of
speakers over 4, four residual networks over 2, 4, 6 and 8 of 64 to 300 frames, on both NPUs; not over 16), sequences
and rows, too, and lines, [N,C,L] (FCN and InceptionTime over 8, a residual network over 4, six small ones). What names
its batch in a Reshape, as most exports of transformers, is no such function, nor are inputs of several batches or
ranks, poolings alone, nor what two inputs meet in (an Add, a scale of one's channels by the other, a Concat with an
input itself, over 2 and 4 on both NPUs; DeepPhys, StarGAN). Two networks that never meet are called, and so are those
whose results a Concat joins (Wav2Lip). Nor convolutions without a bias: chains of two and three, of lines and of
images, with poolings, Softmax, Mul or Add behind them, are not called, with one bias among them, behind an Unsqueeze or
in front of a product they are (18 of 18 graphs on NPU 4000); then they go as in earlier batches
(planes.image_chains)."""

from __future__ import annotations

from dataclasses import replace

from networkx.utils import UnionFind

from npusim.compiler.lowering.laid_anew import transferred
from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.images_apart import apart
from npusim.compiler.residency.moved import BETWEEN_CALLS
from npusim.graph import Graph, Node
from npusim.work import MacOp, MacWork, MoveWork

IMAGE_RANK = 4
MOST_IMAGES = 10  # 2 to 10 of these in its schedules of two convolutions, not 11, 12, 16
WINDOWS = ("Conv", "ConvTranspose")
NORMS = ("LayerNormalization", "InstanceNormalization")
SCALE = "BatchNormalization"
PRODUCTS = ("MatMul", "Gemm")
RESHAPES = ("Reshape", "Unsqueeze", "Squeeze", "Flatten")
BIAS = 2


def of_one_image(graph: Graph, sequences: bool) -> tuple[Graph, int]:
    """The graph of one image, its nodes repeated for the batch, and the batch; the graph itself and 1 where it is no
    function of images that do not meet. `sequences`: nor of sequences or rows."""
    shapes = [graph.values[n].shape for n in graph.inputs]
    batch, rank = (shapes[0][0], len(shapes[0])) if shapes and shapes[0] else (1, 0)
    if not 1 < batch <= MOST_IMAGES or any(len(s) != rank or s[0] != batch for s in shapes):
        return graph, 1
    if not _tells_batch(graph) or (rank != IMAGE_RANK and not sequences and not _has_windows(graph)):
        return graph, 1
    if not all(apart(node, graph, batch) for node in graph.nodes) or _inputs_meet(graph):
        return graph, 1
    made = {n for node in graph.nodes for n in node.outputs if n}
    values = dict(graph.values)
    for name in (*graph.inputs, *made):
        if not values[name].constant:
            values[name] = replace(values[name], shape=(1, *values[name].shape[1:]))
    nodes = tuple([replace(node, repeats=node.repeats * batch) for node in graph.nodes])
    return replace(graph, values=values, nodes=nodes), batch


def _inputs_meet(graph: Graph) -> bool:
    """Whether a node reads, in the end, more than one input of the graph. Those that a Concat of results has joined
    are one from there on; one that joins an input itself does not."""
    inputs, joined = set(graph.inputs), UnionFind(graph.inputs)
    source = {name: name for name in graph.inputs}  # tensors, and an input that each is made of
    for node in graph.nodes:
        found = {joined[source[n]] for n in node.inputs if n in source}
        if len(found) > 1 and (node.op_type != "Concat" or not inputs.isdisjoint(node.inputs)):
            return True
        joined.union(*found)
        source.update((n, m) for m in found for n in node.outputs if n)
    return False


def depthwise_batch(step: Placed | None) -> bool:
    """Whether a step is a depthwise convolution of several images."""
    work = step.only if step is not None else None
    many = step is not None and step.images > 1
    return many and isinstance(work, MacWork) and work.op == MacOp.DEPTHWISE


def _has_windows(graph: Graph) -> bool:
    return any(node.op_type in WINDOWS for node in graph.nodes)


def _tells_batch(graph: Graph) -> bool:
    """Whether some op of a graph makes a function of it: a convolution of several ops, a normalisation, a product that
    is not alone (with activations behind it, too, it is one kernel), or convolutions around a change of shape."""
    kinds, windows = {node.op_type for node in graph.nodes}, _has_windows(graph)
    # A scale of channels alone is one op.
    several = any(_of_several_ops(node, graph) for node in graph.nodes) or (windows and SCALE in kinds)
    products = sum(node.op_type in PRODUCTS for node in graph.nodes)
    reshaped = products > 0 or not kinds.isdisjoint(RESHAPES)
    return several or products > 1 or (reshaped and windows)


def _of_several_ops(node: Node, graph: Graph) -> bool:
    """Whether a node is a normalisation, or a convolution and the addition of its bias, or one with a window for each
    channel. Others without a bias, however many, go image by image in another way, weights read once."""
    if node.op_type not in WINDOWS:
        return node.op_type in NORMS
    channels = graph.values[node.inputs[0]].shape[1]
    return len(node.inputs) > BIAS or int(node.attribute("group", 1)) == channels > 1


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
