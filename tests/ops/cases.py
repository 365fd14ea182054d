"""One example of every registered op, with a batch axis `b` (independent) and a length axis `n`.

`CASES[domain, op](b, n)` gives the inputs, the outputs and the attributes of a node. Laws run over all
of them, and a test fails when an op has no example.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from npusim.graph import DType, Graph, Node, Value
from npusim.ops import lowerings
from npusim.work import Lowering, MacOp, MacWork, VectorWork

Example = tuple[list["Value | None"], list[Value], dict[str, Any]]
CASES: dict[tuple[str, str], Callable[[int, int], Example]] = {}
MS = "com.microsoft"
I64, U8, BOOL = DType.INT64, DType.UINT8, DType.BOOL


def tensor(*shape: int, dtype: DType = DType.FLOAT, constant: bool = False) -> Value:
    return Value("", tuple(shape), dtype, constant)


def constant(*numbers: int, dtype: DType = I64) -> Value:
    return Value("", (len(numbers),), dtype, True, np.array(numbers))


def weight(*shape: int, dtype: DType = DType.FLOAT) -> Value:
    return tensor(*shape, dtype=dtype, constant=True)


def ask(
    op: str,
    inputs: list[Value | None],
    outputs: list[Value],
    domain: str = "",
    opset: int = 18,
    name: str = "node",
    **attributes: Any,
) -> dict[str, Lowering]:
    """Lowerings by name of a node made of these tensors."""
    node, graph = graph_of(op, inputs, outputs, domain, opset, name, attributes)
    return {lowering.name: lowering for lowering in lowerings(node, graph)}


def graph_of(
    op: str,
    inputs: list[Value | None],
    outputs: list[Value],
    domain: str = "",
    opset: int = 18,
    name: str = "node",
    attributes: dict[str, Any] | None = None,
) -> tuple[Node, Graph]:
    values: dict[str, Value] = {}
    names: list[list[str]] = []
    for side, prefix in ((inputs, "in"), (outputs, "out")):
        names.append(["" if v is None else f"{prefix}{i}" for i, v in enumerate(side)])
        for label, v in zip(names[-1], side, strict=True):
            if v is not None:
                values[label] = Value(label, v.shape, v.dtype, v.constant, v.data)
    node = Node(name, op, tuple(names[0]), tuple(names[1]), attributes or {}, domain)
    return node, Graph("graph", (node,), values, (), (), opset)


def measure(lowering: Lowering) -> float:
    """All the counts of a lowering in one number: window taps, elements and bytes."""
    total = 0.0
    for step in lowering.steps:
        if isinstance(step, MacWork):
            depth = step.in_c if step.op == MacOp.CONVOLUTION else 1
            outputs = step.groups * step.out_h * step.out_w * step.out_c
            total += outputs * step.kernel_h * step.kernel_w * depth
        else:
            total += step.elements if isinstance(step, VectorWork) else step.nbytes
    return total


def case(
    *names: str, domain: str = ""
) -> Callable[[Callable[[int, int], Example]], Callable[[int, int], Example]]:
    def add(make: Callable[[int, int], Example]) -> Callable[[int, int], Example]:
        CASES.update({(domain, name): make for name in names})
        return make

    return add


UNARY = [
    "Relu",
    "LeakyRelu",
    "Clip",
    "ThresholdedRelu",
    "Sigmoid",
    "Tanh",
    "Swish",
    "Gelu",
    "HardSwish",
    "Exp",
    "Softplus",
    "Mish",
    "Erf",
    "Log",
    "Sqrt",
    "Reciprocal",
    "Elu",
    "Celu",
    "Selu",
    "HardSigmoid",
    "Softsign",
    "Sin",
    "Cos",
    "Tan",
    "Sinh",
    "Cosh",
    "Asin",
    "Acos",
    "Atan",
    "Asinh",
    "Acosh",
    "Atanh",
    "Abs",
    "Ceil",
    "Floor",
    "Round",
    "Sign",
    "Not",
    "BitwiseNot",
    "IsNaN",
    "IsInf",
    "Shrink",
    "Neg",
    "Identity",
    "Dropout",
    "BitCast",
    "Cast",
    "LpNormalization",
    "Softmax",
    "LogSoftmax",
    "Hardmax",
    "RandomNormalLike",
    "RandomUniformLike",
    "Bernoulli",
    "RandomNormal",
    "RandomUniform",
    "HannWindow",
    "HammingWindow",
    "BlackmanWindow",
    "MelWeightMatrix",
    "Trilu",
    "Flatten",
    "Shape",
    "Size",
    "Constant",
    "Optional",
    "OptionalGetElement",
    "OptionalHasElement",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "DequantizeLinear",
    "QuantizeLinear",
    "DynamicQuantizeLinear",
    "EyeLike",
    "ConstantOfShape",
    "ReverseSequence",
    "CastLike",
    "MeanVarianceNormalization",
    "LRN",
]
BINARY = [
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Equal",
    "Less",
    "LessOrEqual",
    "Greater",
    "GreaterOrEqual",
    "And",
    "Or",
    "Xor",
    "BitwiseAnd",
    "BitwiseOr",
    "BitwiseXor",
    "BitShift",
    "Mod",
    "Pow",
    "Sum",
    "Mean",
    "Max",
    "Min",
    "PRelu",
    "SwiGLU",
]


@case(*UNARY)
def unary(b: int, n: int) -> Example:
    return [tensor(b, 3, n, 4)], [tensor(b, 3, n, 4)], {}


@case("QuickGelu", "FastGelu", "BiasGelu", "QuantizeLinear", "DequantizeLinear", domain=MS)
def unary_microsoft(b: int, n: int) -> Example:
    return unary(b, n)


@case("PWL", domain="xamba")
def table(b: int, n: int) -> Example:
    return [tensor(b, n)], [tensor(b, n)], {"slopes": (0.0, 1.0), "offsets": (0.0, 0.0), "breaks": (0.0,)}


@case(*BINARY)
def binary(b: int, n: int) -> Example:
    return [tensor(b, n, 4), tensor(b, n, 4)], [tensor(b, n, 4)], {}


@case("Where")
def where(b: int, n: int) -> Example:
    return [tensor(b, n, dtype=BOOL), tensor(b, n), tensor(b, n)], [tensor(b, n)], {}


@case("MatMul", "MatMulInteger")
def products(b: int, n: int) -> Example:
    return [tensor(b, 6, n), weight(n, 5)], [tensor(b, 6, 5)], {}


@case("CausalConvWithState")
def causal_conv(b: int, n: int) -> Example:
    return [tensor(b, 6, n), weight(6, 1, 4)], [tensor(b, 6, n)], {}


@case("FusedMatMul", "TransposeMatMul", domain=MS)
def fused(b: int, n: int) -> Example:
    return [tensor(b, 6, n), tensor(b, 5, n)], [tensor(b, 6, 5)], {"transB": 1}


@case("MatMulIntegerToFloat", "DynamicQuantizeMatMul", domain=MS)
def to_float(b: int, n: int) -> Example:
    return products(b, n)


@case("MatMulNBits", domain=MS)
def bits(b: int, n: int) -> Example:
    return [tensor(b, 6, n)], [tensor(b, 6, 5)], {"K": n, "N": 5, "bits": 4}


@case("QLinearMatMul")
def qlinear_matmul(b: int, n: int) -> Example:
    one = weight(1)
    left, right = tensor(b, 6, n, dtype=U8), weight(n, 5, dtype=U8)
    return [left, one, one, right, one, one, one, one], [tensor(b, 6, 5, dtype=U8)], {}


@case("Gemm")
def gemm(b: int, n: int) -> Example:
    return [tensor(b, n), weight(5, n)], [tensor(b, 5)], {"transB": 1}


@case("QGemm", domain=MS)
def qgemm(b: int, n: int) -> Example:
    return (
        [tensor(b, n, dtype=U8), weight(1), weight(1), weight(n, 5, dtype=U8)],
        [tensor(b, 5, dtype=U8)],
        {},
    )


@case("Einsum")
def einsum(b: int, n: int) -> Example:
    return [tensor(b, 6, n), tensor(b, n, 5)], [tensor(b, 6, 5)], {"equation": "bmk,bkn->bmn"}


@case("Conv", "ConvInteger")
def conv(b: int, n: int) -> Example:
    return [tensor(b, 6, n, 8), weight(4, 3, 3, 3)], [tensor(b, 4, n, 8)], {"group": 2, "pads": (1, 1, 1, 1)}


@case("FusedConv", "NhwcFusedConv", domain=MS)
def fused_conv(b: int, n: int) -> Example:
    return conv(b, n)


@case("QLinearConv")
def qlinear_conv(b: int, n: int) -> Example:
    one = weight(1)
    (x, w), outputs, attributes = conv(b, n)
    return [x, one, one, w, one, one, one, one], outputs, attributes


@case("ConvTranspose")
def conv_transpose(b: int, n: int) -> Example:
    return [tensor(b, 6, n, 8), weight(6, 4, 2, 2)], [tensor(b, 4, 2 * n, 16)], {"strides": (2, 2)}


@case("DeformConv")
def deform_conv(b: int, n: int) -> Example:
    return [tensor(b, 6, n, 8), weight(4, 6, 3, 3), tensor(b, 18, n, 8)], [tensor(b, 4, n, 8)], {}


@case("MaxPool", "AveragePool", "LpPool")
def pool(b: int, n: int) -> Example:
    return [tensor(b, 6, 2 * n, 8)], [tensor(b, 6, n, 4)], {"kernel_shape": (2, 2), "strides": (2, 2)}


@case("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool")
def global_pool(b: int, n: int) -> Example:
    return [tensor(b, 6, n, n)], [tensor(b, 6, 1, 1)], {}


@case("QLinearGlobalAveragePool", domain=MS)
def qlinear_pool(b: int, n: int) -> Example:
    return global_pool(b, n)


@case("MaxUnpool")
def unpool(b: int, n: int) -> Example:
    return [tensor(b, 6, n, 4), tensor(b, 6, n, 4, dtype=I64)], [tensor(b, 6, 2 * n, 8)], {}


@case("MaxRoiPool", "RoiAlign")
def roi(b: int, n: int) -> Example:
    return [tensor(1, 6, 8, 8), tensor(b, 4), tensor(b, dtype=I64)], [tensor(b, 6, n, 4)], {}


@case("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin")
def reduce_inner(b: int, n: int) -> Example:
    return [tensor(b, 4, n), constant(2)], [tensor(b, 4)], {"keepdims": 0}


@case("ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceProd", "ReduceLogSum", "ReduceLogSumExp")
@case("ArgMax", "ArgMin", "TopK")
def rows(b: int, n: int) -> Example:
    return [tensor(b, 4, n), constant(2)], [tensor(b, 4, 1)], {}


@case("CumSum", "CumProd")
def scan(b: int, n: int) -> Example:
    return [tensor(b, 4, n), constant(2)], [tensor(b, 4, n)], {}


@case("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization")
def layer_norm(b: int, n: int) -> Example:
    return [tensor(b, 4, n), weight(n)], [tensor(b, 4, n)], {}


@case("SimplifiedLayerNormalization", "SkipLayerNormalization", domain=MS)
@case("SkipSimplifiedLayerNormalization", "EmbedLayerNormalization", domain=MS)
def skip_norm(b: int, n: int) -> Example:
    return [tensor(b, 4, n), tensor(b, 4, n), weight(n)], [tensor(b, 4, n)], {}


@case("InstanceNormalization", "GroupNormalization", "BatchNormalization")
def image_norm(b: int, n: int) -> Example:
    return [tensor(b, 4, n, 8), weight(4), weight(4)], [tensor(b, 4, n, 8)], {"num_groups": 2}


@case("GroupNorm", domain=MS)
def group_norm(b: int, n: int) -> Example:
    return [tensor(b, n, 8, 4), weight(4), weight(4)], [tensor(b, n, 8, 4)], {"groups": 2}


@case("Transpose")
def transpose(b: int, n: int) -> Example:
    return [tensor(b, 4, n)], [tensor(b, n, 4)], {"perm": (0, 2, 1)}


@case("Concat")
def concat(b: int, n: int) -> Example:
    return [tensor(b, 4, n), tensor(b, 4, n)], [tensor(b, 4, 2 * n)], {"axis": -1}


@case("Slice")
def slice_(b: int, n: int) -> Example:
    return [tensor(b, n + 1, 4), constant(0), constant(n), constant(1), constant(1)], [tensor(b, n, 4)], {}


@case("Split")
def split(b: int, n: int) -> Example:
    return [tensor(b, 2 * n, 4)], [tensor(b, n, 4), tensor(b, n, 4)], {"axis": 1}


@case("Pad", "CenterCropPad")
def pad(b: int, n: int) -> Example:
    return [tensor(b, n, 4)], [tensor(b, n, 6)], {}


@case("Tile")
def tile(b: int, n: int) -> Example:
    return [tensor(b, n, 4)], [tensor(b, n, 8)], {}


@case("Expand")
def expand(b: int, n: int) -> Example:
    return [tensor(b, 1, 4), constant(1, n, 4)], [tensor(b, n, 4)], {}


@case("DepthToSpace")
def depth_to_space(b: int, n: int) -> Example:
    return [tensor(b, 16, n, 4)], [tensor(b, 4, 2 * n, 8)], {"blocksize": 2}


@case("SpaceToDepth")
def space_to_depth(b: int, n: int) -> Example:
    return [tensor(b, 4, 2 * n, 8)], [tensor(b, 16, n, 4)], {"blocksize": 2}


@case("Range")
def range_(b: int, n: int) -> Example:
    return [tensor(1), tensor(1), tensor(1)], [tensor(b * n)], {}


@case("Gather")
def gather(b: int, n: int) -> Example:
    return [weight(100, 8), tensor(b, n, dtype=I64)], [tensor(b, n, 8)], {"axis": 0}


@case("GatherBlockQuantized", domain=MS)
def gather_block(b: int, n: int) -> Example:
    return gather(b, n)


@case("GatherElements", "GatherND", "Compress")
def gather_elements(b: int, n: int) -> Example:
    return [tensor(b, 9, 4), tensor(b, n, 4, dtype=I64)], [tensor(b, n, 4)], {}


@case("Scatter", "ScatterElements", "ScatterND", "TensorScatter")
def scatter(b: int, n: int) -> Example:
    return [tensor(b, 99, 4), tensor(b, n, 4), tensor(b, n, 4)], [tensor(b, 99, 4)], {}


@case("OneHot")
def one_hot(b: int, n: int) -> Example:
    return [tensor(b, n, dtype=I64), constant(9), weight(2)], [tensor(b, n, 9)], {}


@case("NonZero", "Unique", "Multinomial")
def data_dependent(b: int, n: int) -> Example:
    return [tensor(b, n)], [tensor(b, n)], {}


@case("Resize", "Upsample")
def resize(b: int, n: int) -> Example:
    return [tensor(b, 4, n, 8)], [tensor(b, 4, 2 * n, 16)], {"mode": "linear"}


@case("GridSample", "Col2Im")
def grid_sample(b: int, n: int) -> Example:
    return [tensor(b, 4, n, 8), tensor(b, n, 8, 2)], [tensor(b, 4, n, 8)], {}


@case("NonMaxSuppression")
def nms(b: int, n: int) -> Example:
    return [tensor(b, n, 4), tensor(b, 3, n)], [tensor(10, 3, dtype=I64)], {}


@case("Attention")
def attention(b: int, n: int) -> Example:
    return [tensor(b, 4, n, 8), tensor(b, 2, n, 8), tensor(b, 2, n, 8)], [tensor(b, 4, n, 8)], {}


@case("MultiHeadAttention", domain=MS)
def multi_head(b: int, n: int) -> Example:
    return [tensor(b, n, 32), tensor(b, n, 32), tensor(b, n, 32)], [tensor(b, n, 32)], {"num_heads": 4}


@case("GroupQueryAttention", domain=MS)
def group_query(b: int, n: int) -> Example:
    inputs: list[Value | None] = [tensor(b, n, 32), tensor(b, n, 16), tensor(b, n, 16)]
    return (
        inputs,
        [tensor(b, n, 32), tensor(b, 2, n, 8), tensor(b, 2, n, 8)],
        {"num_heads": 4, "kv_num_heads": 2},
    )


@case("Attention", domain=MS)
def attention_microsoft(b: int, n: int) -> Example:
    return [tensor(b, n, 32), weight(32, 96)], [tensor(b, n, 32)], {"num_heads": 4}


@case("RotaryEmbedding")
def rotary(b: int, n: int) -> Example:
    return [tensor(b, 4, n, 8), weight(n, 4), weight(n, 4)], [tensor(b, 4, n, 8)], {}


@case("RotaryEmbedding", domain=MS)
def rotary_microsoft(b: int, n: int) -> Example:
    return [tensor(b, 4, n, 8), tensor(b, n, dtype=I64), weight(n, 4)], [tensor(b, 4, n, 8)], {}


@case("LinearAttention")
def linear_attention(b: int, n: int) -> Example:
    heads = {"q_num_heads": 4, "kv_num_heads": 2}
    return [tensor(b, n, 32), tensor(b, n, 16), tensor(b, n, 16)], [tensor(b, n, 32)], heads


def _recurrent(gates: int) -> Callable[[int, int], Example]:
    def make(b: int, n: int) -> Example:
        return [tensor(n, b, 6), weight(1, gates * 5, 6), weight(1, gates * 5, 5)], [tensor(n, 1, b, 5)], {}

    return make


for _name, _gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    case(_name)(_recurrent(_gates))


@case("QLinearAdd", "QLinearMul", "QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax", domain=MS)
def qlinear(b: int, n: int) -> Example:
    return (
        [tensor(b, n, dtype=U8), weight(1), weight(1), tensor(b, n, dtype=U8)],
        [tensor(b, n, dtype=U8)],
        {},
    )


@case("DFT")
def dft(b: int, n: int) -> Example:
    return [tensor(b, n, 1)], [tensor(b, n, 2)], {"axis": 1}


@case("STFT")
def stft(b: int, n: int) -> Example:
    return [tensor(b, 9 * n), constant(8), weight(16), constant(16)], [tensor(b, n, 9, 2)], {}


@case("AffineGrid")
def affine_grid(b: int, n: int) -> Example:
    return [tensor(b, 2, 3), constant(b, 1, n, 4)], [tensor(b, n, 4, 2)], {}


@case("Det")
def det(b: int, n: int) -> Example:
    return [tensor(b, n, n)], [tensor(b)], {}
