"""Whether nodes keep the images of a batch apart: the graph holds of a batch of one image, too.

Intel's compiler 8.4 tries the shapes of one image (`fn_1_call_0` in its schedules of forty small graphs over 4 images,
two convolutions and one of these behind them: PRelu, Softmax, Transpose, Resize, InstanceNormalization,
ConvTranspose, ReduceMean, ReduceL2, Split, Pad, DepthToSpace, a Reshape to [0, -1]; so in twelve with ArgMax, TopK,
Gather, Sum, Mean, Where, Cast, Tile, Hardmax and norms of planes and of channels, in four whose first operand is a
constant, and in OpenFace over 8, whose result is a unit vector). A Reshape that names the batch holds of no other."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.graph import Graph, Node, Value

UNARY = frozenset(
    "Relu LeakyRelu Sigmoid HardSigmoid HardSwish Tanh Elu Selu Celu ThresholdedRelu Softplus Softsign Mish Swish Gelu"
    " Identity Dropout Cast Abs Neg Exp Log Sqrt Reciprocal Erf Sin Cos Floor Ceil Round Sign Clip Not IsNaN".split()
)
ELEMENTWISE = frozenset(
    "Add Sub Mul Div Pow Max Min Sum Mean PRelu BatchNormalization InstanceNormalization GroupNormalization"
    " Where Equal Greater Less GreaterOrEqual LessOrEqual And Or".split()
)
POOLINGS = frozenset(
    "MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool LRN DepthToSpace SpaceToDepth".split()
)
ALONG_AXIS = {
    "Concat": 1,
    "Softmax": -1,
    "LogSoftmax": -1,
    "Split": 0,
    "LayerNormalization": -1,
    "LpNormalization": -1,
    "Hardmax": -1,
    "ArgMax": 0,
    "ArgMin": 0,
    "TopK": -1,
    "Gather": 0,
}
MATRIX_RANK = 2


def apart(node: Node, graph: Graph, batch: int) -> bool:
    """Whether a node keeps the images of a batch apart, whatever their number."""
    values = graph.values
    if any(values[n].shape[:1] != (batch,) for n in node.outputs if n):
        return False
    first, *others = (values[n] for n in node.inputs if n)
    if first.constant and others and node.op_type in ELEMENTWISE:
        first, others = next((v for v in others if not v.constant), first), [first, *others]
    if first.constant or first.shape[:1] != (batch,):
        return False
    kind, rank = node.op_type, len(first.shape)
    if kind in ALONG_AXIS:
        alike = all(v.shape[:1] == (batch,) for v in others if not v.constant)
        joined = kind != "Concat" or not any(v.constant for v in others)
        return alike and joined and int(node.attribute("axis", ALONG_AXIS[kind])) % rank > 0
    if kind in UNARY or kind in POOLINGS:
        return all(v.constant for v in others)
    if kind in ELEMENTWISE:
        return all(_one_for_all(v, rank, batch) for v in others)
    if kind in ("Conv", "ConvTranspose"):
        return all(v.constant for v in others)
    if kind == "Gemm":
        return not int(node.attribute("transA", 0)) and all(v.constant for v in others)
    if kind == "MatMul":
        return _one_product(others[0], rank, batch)
    return _keeps_first_axis(node, graph, rank)


def _keeps_first_axis(node: Node, graph: Graph, rank: int) -> bool:
    """Whether an op that takes the number of an axis, or of elements on each, leaves the first one as it is."""
    kind = node.op_type
    if kind == "Flatten":
        return int(node.attribute("axis", 1)) == 1
    if kind == "Transpose":
        return bool((*node.attribute("perm", ()), 1)[0] == 0)
    if kind.startswith("Reduce") or kind in ("Squeeze", "Unsqueeze"):
        axes = node.attribute("axes") or _numbers(node, graph, 1)
        return bool(axes) and all(int(a) % rank > 0 for a in axes)
    if kind == "Reshape":
        named = _numbers(node, graph, 1)
        return bool(named) and (named[0] == -1 or (named[0] == 0 and not int(node.attribute("allowzero", 0))))
    if kind == "MeanVarianceNormalization":
        return all(int(a) % rank > 0 for a in node.attribute("axes", (0, 2, 3)))
    if kind == "Tile":
        return bool(repeats := _numbers(node, graph, 1)) and repeats[0] == 1
    if kind == "Pad":
        pads = node.attribute("pads") or _numbers(node, graph, 1)
        return bool(pads and pads[0] == 0 == pads[len(pads) // 2])
    if kind == "Slice":
        return bool(axes := _numbers(node, graph, 3)) and all(int(a) % rank > 0 for a in axes)
    if kind == "Resize":
        scales = _numbers(node, graph, 2)
        return bool(scales) and scales[0] == 1
    return False


def _numbers(node: Node, graph: Graph, place: int) -> Sequence[float]:
    """The elements of a small constant operand; none where it is no such."""
    name = node.inputs[place] if place < len(node.inputs) else ""
    data = graph.values[name].data if name else None
    return () if data is None else list(data.ravel().tolist())


def _one_product(other: Value, rank: int, batch: int) -> bool:
    """Whether a product multiplies every image by a matrix of constants, or by its own."""
    if other.constant:
        return len(other.shape) <= MATRIX_RANK or other.shape[0] == 1
    return rank > MATRIX_RANK and len(other.shape) == rank and other.shape[0] == batch


def _one_for_all(value: Value, rank: int, batch: int) -> bool:
    """Whether every image has its own of a value, or all have the same."""
    whole = len(value.shape) == rank
    if value.constant:
        return not whole or value.shape[0] == 1
    return whole and value.shape[0] in (1, batch)
