"""One example of every registered op, with a batch axis `b` (independent) and a length axis `n`.

`CASES[domain, op](b, n)` gives the inputs, the outputs and the attributes of a node. Laws run over all
of them, and a test fails when an op has no example.
"""

from tests.ops import cases_contrib, cases_mac  # noqa: F401  (add their examples)
from tests.ops.asking import (
    BOOL,
    CASES,
    I64,
    MS,
    U8,
    Example,
    ask,
    case,
    constant,
    graph_of,
    measure,
    tensor,
    weight,
    words,
)

__all__ = ["CASES", "ask", "constant", "graph_of", "measure", "tensor", "weight"]


UNARY = words("""
Relu LeakyRelu Clip ThresholdedRelu Sigmoid Tanh Swish Gelu HardSwish Exp Softplus Mish Erf Log Sqrt
Reciprocal Elu Celu Selu HardSigmoid Softsign Sin Cos Tan Sinh Cosh Asin Acos Atan Asinh Acosh Atanh
Abs Ceil Floor Round Sign Not BitwiseNot IsNaN IsInf Shrink Neg Identity Dropout BitCast Cast
LpNormalization Softmax LogSoftmax Hardmax RandomNormalLike RandomUniformLike Bernoulli RandomNormal
RandomUniform HannWindow HammingWindow BlackmanWindow MelWeightMatrix Trilu Flatten Shape Size
Constant Optional OptionalGetElement OptionalHasElement Reshape Squeeze Unsqueeze DequantizeLinear
QuantizeLinear DynamicQuantizeLinear EyeLike ConstantOfShape ReverseSequence CastLike
MeanVarianceNormalization LRN
""")
BINARY = words("""
Add Sub Mul Div Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor BitwiseAnd BitwiseOr
BitwiseXor BitShift Mod Pow Sum Mean Max Min PRelu SwiGLU
""")


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


@case("RotaryEmbedding")
def rotary(b: int, n: int) -> Example:
    return [tensor(b, 4, n, 8), weight(n, 4), weight(n, 4)], [tensor(b, 4, n, 8)], {}


@case("RotaryEmbedding", domain=MS)
def rotary_microsoft(b: int, n: int) -> Example:
    return [tensor(b, 4, n, 8), tensor(b, n, dtype=I64), weight(n, 4)], [tensor(b, 4, n, 8)], {}


@case("QLinearAdd", "QLinearMul", "QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax", domain=MS)
def qlinear(b: int, n: int) -> Example:
    return (
        [tensor(b, n, dtype=U8), weight(1), weight(1), tensor(b, n, dtype=U8)],
        [tensor(b, n, dtype=U8)],
        {},
    )


@case("Det")
def det(b: int, n: int) -> Example:
    return [tensor(b, n, n)], [tensor(b)], {}
