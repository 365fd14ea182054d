"""One small model for each operation of OpenVINO that is read, made with the `openvino` package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

try:
    import openvino as ov
    from openvino import opset1, opset10, opset14
    from openvino import opset16 as op
except Exception:  # a test that needs it skips
    ov = op = opset1 = opset10 = opset14 = None  # type: ignore[assignment]

CASES: dict[str, Callable[[], tuple[list[Any], list[Any]]]] = {}
SHAPES_ONLY: set[str] = (
    set()
)  # not run: onnxruntime has no kernel, or the numbers are rounded or drawn in another way


def p(*shape: int, dtype: Any = np.float32) -> Any:
    return op.parameter(list(shape), dtype)


def k(values: Any, dtype: Any = np.int64) -> Any:
    return op.constant(np.array(values, dtype))


def f(*shape: int, seed: int = 0) -> Any:
    return op.constant(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def case(name: str, *, run: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function that gives parameters, and the node or nodes made of them."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def build() -> tuple[list[Any], list[Any]]:
            parameters, nodes = function()
            return parameters, nodes if isinstance(nodes, list) else [nodes]

        CASES[name] = build
        if not run:
            SHAPES_ONLY.add(name)
        return function

    return register


def one(
    name: str, make: Callable[[Any], Any], *shape: int, dtype: Any = np.float32, run: bool = True
) -> None:
    """A case of one input."""

    @case(name, run=run)
    def _build() -> tuple[list[Any], Any]:
        x = p(*(shape or (2, 3, 4)), dtype=dtype)
        return [x], make(x)


def two(name: str, make: Callable[[Any, Any], Any], dtype: Any = np.float32, run: bool = True) -> None:
    @case(name, run=run)
    def _build() -> tuple[list[Any], Any]:
        a, b = p(2, 3, 4, dtype=dtype), p(3, 1, dtype=dtype)
        return [a, b], make(a, b)


for _name, _type in (
    ("Abs", "abs"),
    ("Asinh", "asinh"),
    ("Atan", "atan"),
    ("Ceiling", "ceiling"),
    ("Cos", "cos"),
    ("Cosh", "cosh"),
    ("Erf", "erf"),
    ("Exp", "exp"),
    ("Floor", "floor"),
    ("HSwish", "hswish"),
    ("HSigmoid", "hsigmoid"),
    ("Mish", "mish"),
    ("Negative", "negative"),
    ("ReLU", "relu"),
    ("Sigmoid", "sigmoid"),
    ("Sign", "sign"),
    ("Sin", "sin"),
    ("Sinh", "sinh"),
    ("SoftPlus", "softplus"),
    ("SoftSign", "softsign"),
    ("Tan", "tan"),
    ("Tanh", "tanh"),
    ("IsNaN", "is_nan"),
    ("IsInf", "is_inf"),
    ("IsFinite", "is_finite"),
    ("Identity", "identity"),
):
    one(_name, lambda x, t=_type: getattr(op, t)(x))
for _name, _type in (
    ("Acos", "acos"),
    ("Acosh", "acosh"),
    ("Asin", "asin"),
    ("Atanh", "atanh"),
    ("Log", "log"),
    ("Sqrt", "sqrt"),
):
    one(_name, lambda x, t=_type: getattr(op, t)(op.sigmoid(x) if t != "acosh" else op.exp(op.abs(x))))
for _name, _type in (
    ("Add", "add"),
    ("Subtract", "subtract"),
    ("Multiply", "multiply"),
    ("Divide", "divide"),
    ("Maximum", "maximum"),
    ("Minimum", "minimum"),
    ("Equal", "equal"),
    ("Greater", "greater"),
    ("GreaterEqual", "greater_equal"),
    ("Less", "less"),
    ("LessEqual", "less_equal"),
    ("NotEqual", "not_equal"),
    ("Mod", "mod"),
    ("FloorMod", "floor_mod"),
    ("SquaredDifference", "squared_difference"),
):
    two(_name, lambda a, b, t=_type: getattr(op, t)(a, b))
two("Power", lambda a, b: op.power(op.abs(a), b))
for _name, _type in (
    ("LogicalAnd", "logical_and"),
    ("LogicalOr", "logical_or"),
    ("LogicalXor", "logical_xor"),
):
    two(
        _name,
        lambda a, b, t=_type: getattr(op, t)(
            op.greater(a, k(0, np.float32)), op.greater(b, k(0, np.float32))
        ),
    )
for _name, _type in (
    ("BitwiseAnd", "bitwise_and"),
    ("BitwiseOr", "bitwise_or"),
    ("BitwiseXor", "bitwise_xor"),
):
    two(_name, lambda a, b, t=_type: getattr(op, t)(a, b), dtype=np.int32)
two("BitwiseLeftShift", lambda a, b: op.bitwise_left_shift(a, b), dtype=np.uint32)
two("BitwiseRightShift", lambda a, b: op.bitwise_right_shift(a, b), dtype=np.uint32)
one("BitwiseNot", lambda x: op.bitwise_not(x), dtype=np.int32)
one("LogicalNot", lambda x: op.logical_not(op.greater(x, k(0, np.float32))))
one("Clamp", lambda x: op.clamp(x, -0.5, 0.5))
one("Clamp of whole numbers", lambda x: op.clamp(x, -1, 1), dtype=np.int32)
one("Elu", lambda x: op.elu(x, 1.5))
one("Gelu", lambda x: op.gelu(x, "erf"))
one("Gelu tanh", lambda x: op.gelu(x, "tanh"))
one("HardSigmoid", lambda x: op.hard_sigmoid(x, k(0.3, np.float32), k(0.4, np.float32)))
one("Selu", lambda x: op.selu(x, k(1.6, np.float32), k(1.05, np.float32)))
one("Swish", lambda x: op.swish(x))
one("Swish with beta", lambda x: op.swish(x, k(1.7, np.float32)))
one("PReLU", lambda x: op.prelu(x, f(3)), 2, 3, 4, 4)
one("Round", lambda x: op.round(x, "half_to_even"))
one("Convert", lambda x: op.convert(x, "i32"))
one("ConvertLike", lambda x: op.convert_like(x, k(1, np.int32)))
one("Select", lambda x: op.select(op.greater(x, k(0, np.float32)), x, f(4)))
one("FakeConvert", lambda x: op.fake_convert(x, k(1, np.float32), destination_type="f8e4m3"), run=False)
one(
    "FakeQuantize",
    lambda x: op.fake_quantize(
        x,
        k([[[-1.0]]], np.float32),
        k([[[1.0]]], np.float32),
        k([[[-1.0]]], np.float32),
        k([[[1.0]]], np.float32),
        256,
    ),
    run=False,
)
one(
    "FakeQuantize by channel",
    lambda x: op.fake_quantize(
        x,
        k(np.zeros((1, 3, 1, 1)), np.float32),
        f(1, 3, 1, 1),
        k(np.zeros((1, 3, 1, 1)), np.float32),
        f(1, 3, 1, 1),
        256,
    ),
    2,
    3,
    4,
    4,
    run=False,
)

# Products and convolutions
one("MatMul", lambda x: op.matmul(x, f(4, 5), False, False))
one("MatMul turned", lambda x: op.matmul(x, f(5, 4), False, True))
one("MatMul both turned", lambda x: op.matmul(x, f(6, 3), True, True))
one("MatMul of a vector", lambda x: op.matmul(x, f(4), False, False))
one("Einsum", lambda x: op.einsum([x, f(4, 5)], "bij,jk->bik"))
one("Convolution", lambda x: op.convolution(x, f(5, 3, 3, 3), [2, 2], [1, 1], [1, 1], [1, 1]), 1, 3, 9, 8)
one(
    "Convolution same",
    lambda x: op.convolution(x, f(5, 3, 3, 3), [1, 1], [0, 0], [0, 0], [1, 1], "same_upper"),
    1,
    3,
    9,
    8,
)
one("Convolution 1D", lambda x: op.convolution(x, f(5, 3, 3), [1], [2], [0], [2]), 1, 3, 9)
one(
    "Convolution 3D",
    lambda x: op.convolution(x, f(5, 3, 3, 3, 3), [1] * 3, [0] * 3, [0] * 3, [1] * 3),
    1,
    3,
    5,
    5,
    5,
)
one(
    "GroupConvolution",
    lambda x: op.group_convolution(x, f(3, 2, 1, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]),
    1,
    3,
    6,
    6,
)
one(
    "ConvolutionBackpropData",
    lambda x: op.convolution_backprop_data(
        x, f(3, 5, 3, 3), [2, 2], None, [1, 1], [1, 1], [1, 1], "explicit", [1, 1]
    ),
    1,
    3,
    6,
    6,
)
one(
    "GroupConvolutionBackpropData",
    lambda x: op.group_convolution_backprop_data(x, f(2, 2, 3, 3, 3), [2, 2], None, [1, 1], [1, 1]),
    1,
    4,
    6,
    6,
)
one(
    "DeformableConvolution",
    lambda x: op.deformable_convolution(
        x, f(1, 18, 6, 6), f(5, 3, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1], bilinear_interpolation_pad=True
    ),
    1,
    3,
    6,
    6,
)


@case("ScaledDotProductAttention")
def _attention() -> tuple[list[Any], Any]:
    q, key, value, mask = p(1, 2, 3, 8), p(1, 2, 5, 8), p(1, 2, 5, 8), p(1, 1, 3, 5)
    return [q, key, value, mask], op.scaled_dot_product_attention(q, key, value, mask)


@case("ScaledDotProductAttention causal")
def _causal() -> tuple[list[Any], Any]:
    q, key, value = p(1, 2, 5, 8), p(1, 2, 5, 8), p(1, 2, 5, 8)
    return [q, key, value], op.scaled_dot_product_attention(q, key, value, causal=True)


# Layout
one("Reshape", lambda x: op.reshape(x, k([0, -1]), True))
one("Reshape without special zero", lambda x: op.reshape(x, k([4, 6]), False))
one("Transpose", lambda x: op.transpose(x, k([2, 0, 1])))
one("Transpose of all axes", lambda x: op.transpose(x, k(np.zeros(0))), run=False)
one("Squeeze", lambda x: op.squeeze(x, k([1])), 2, 1, 4)
one("Squeeze of all", lambda x: op.squeeze(x), 2, 1, 4)
one("Unsqueeze", lambda x: op.unsqueeze(x, k([0, 3])))
one("Unsqueeze of one axis", lambda x: op.unsqueeze(x, k(1)))
one("Concat", lambda x: op.concat([x, f(2, 5, 4)], 1))
one("Split", lambda x: op.split(x, k(2), 2).outputs())
one("VariadicSplit", lambda x: op.variadic_split(x, k(2), k([1, -1, 2])).outputs())
one("Broadcast", lambda x: op.broadcast(x, k([5, 2, 3, 4])))
one("Broadcast both ways", lambda x: op.broadcast(x, k([3, 1]), None, "BIDIRECTIONAL"))
one("Broadcast with a map", lambda x: op.broadcast(x, k([3, 4, 2]), k([1, 2]), "EXPLICIT"), 4, 2)
one("Tile", lambda x: op.tile(x, k([1, 2, 3])))
one("ShapeOf", lambda x: op.add(op.shape_of(x, "i32"), k([1, 2, 3], np.int32)))
one("Range", lambda x: op.add(op.range(k(0), k(12), k(3), "f32"), x))
one("Pad", lambda x: op.pad(x, k([0, 1, 2]), k([1, 0, 0]), "constant", k(3.0, np.float32)))
one("Pad by reflection", lambda x: op.pad(x, k([0, 1, 2]), k([1, 0, 0]), "reflect"))
one("DepthToSpace", lambda x: op.depth_to_space(x, "blocks_first", 2), 1, 8, 3, 3)
one("DepthToSpace depth first", lambda x: op.depth_to_space(x, "depth_first", 2), 1, 8, 3, 3)
one("SpaceToDepth", lambda x: op.space_to_depth(x, "blocks_first", 2), 1, 2, 4, 6)
one("ShuffleChannels", lambda x: op.shuffle_channels(x, 1, 3), 1, 6, 2, 2)
one("Roll", lambda x: op.roll(x, k([1, -2]), k([1, 2])))
one(
    "SpaceToBatch",
    lambda x: op.space_to_batch(x, k([1, 1, 2, 2]), k([0, 0, 1, 0]), k([0, 0, 1, 0])),
    1,
    3,
    4,
    4,
)
one(
    "BatchToSpace",
    lambda x: op.batch_to_space(x, k([1, 1, 2, 2]), k([0, 0, 1, 0]), k([0, 0, 0, 1])),
    4,
    3,
    2,
    2,
)
one("ReverseSequence", lambda x: op.reverse_sequence(x, k([2, 3]), 0, 1))
one("Eye", lambda x: op.matmul(x, op.eye(k(4), k(6), k(1), "f32"), False, False))

# Choosing, scattering, sorting
one("Gather", lambda x: op.gather(x, k([[2, 0]]), k(1)))
one("Gather with shared axes", lambda x: op.gather(x, k([[2, 0], [1, 1]]), k(1), 1))
one("GatherElements", lambda x: op.gather_elements(x, k(np.zeros((2, 2, 4))), 1))
one("GatherND", lambda x: op.gather_nd(x, k([[1, 2], [0, 0]]), 0))
one("Slice", lambda x: op.slice(x, k([1]), k([3]), k([1]), k([2])))
one("Slice backwards", lambda x: op.slice(x, k([-1]), k([-100]), k([-2]), k([2])))
one(
    "StridedSlice",
    lambda x: op.strided_slice(x, k([0, 1, 0]), k([0, 3, 4]), k([1, 1, 2]), [1, 0, 1], [1, 0, 1]),
)
one(
    "StridedSlice dropping an axis",
    lambda x: op.strided_slice(x, k([0, -1]), k([0, 0]), k([1, 1]), [0, 1], [0, 1], [], [0, 1]),
)
one(
    "StridedSlice with a new axis",
    lambda x: op.strided_slice(x, k([0, 0]), k([0, 0]), k([1, 1]), [0, 1], [0, 1], [1, 0]),
    run=False,
)
one(
    "StridedSlice of the last",
    lambda x: op.strided_slice(x, k([0, 1]), k([0, 3]), k([1, 1]), [0, 1], [0, 1], [], [], [1, 0]),
    run=False,
)
one(
    "ScatterElementsUpdate", lambda x: op.scatter_elements_update(x, k(np.zeros((2, 1, 4))), f(2, 1, 4), k(1))
)
one("ScatterNDUpdate", lambda x: op.scatter_nd_update(x, k([[1, 2], [0, 0]]), f(2, 4)))
one("ScatterUpdate", lambda x: op.scatter_update(x, k([1]), f(1, 3, 4), k(0)))
one("ScatterUpdate of another axis", lambda x: op.scatter_update(x, k([2, 0]), f(2, 2, 4), k(1)))
one("SliceScatter", lambda x: op.slice_scatter(x, f(2, 2, 4), k([1]), k([3]), k([1]), k([1])))
one("TopK", lambda x: op.topk(x, k(2), 2, "max", "value").outputs())
one(
    "OneHot",
    lambda x: op.one_hot(op.convert(op.abs(x), "i64"), k(5), k(2.0, np.float32), k(-1.0, np.float32), -1),
    2,
    3,
)
one("CumSum", lambda x: op.cum_sum(x, k(1), True, True))
one("EmbeddingBagPackedSum", lambda x: op.embedding_bag_packed_sum(x, k([[0, 1], [1, 1]]), f(2, 2)), 3, 4)
one("EmbeddingBagPacked", lambda x: op.embedding_bag_packed(x, k([[0, 1], [1, 1]]), None, "mean"), 3, 4)
one(
    "RandomUniform",
    lambda x: op.add(x, op.random_uniform(k([3, 4]), k(0, np.float32), k(1, np.float32), "f32")),
    run=False,
)

# Normalisations and reductions
for _name, _type in (
    ("ReduceSum", "reduce_sum"),
    ("ReduceMean", "reduce_mean"),
    ("ReduceMax", "reduce_max"),
    ("ReduceMin", "reduce_min"),
    ("ReduceProd", "reduce_prod"),
    ("ReduceL1", "reduce_l1"),
    ("ReduceL2", "reduce_l2"),
):
    one(_name, lambda x, t=_type: getattr(op, t)(x, k([1, -1]), True))
one("ReduceSum of one axis", lambda x: op.reduce_sum(x, k(1), False))
one("ReduceMean of an image", lambda x: op.reduce_mean(x, k([2, 3]), True), 1, 3, 4, 5)
one("ReduceLogicalAnd", lambda x: op.reduce_logical_and(op.greater(x, k(0, np.float32)), k([1]), True))
one("ReduceLogicalOr", lambda x: op.reduce_logical_or(op.greater(x, k(0, np.float32)), k([1]), False))
one("SoftMax", lambda x: op.softmax(x, -1))
one("LogSoftmax", lambda x: op.log_softmax(x, 1))
one(
    "BatchNormInference",
    lambda x: op.batch_norm_inference(x, f(3), f(3, seed=1), f(3, seed=2), op.abs(f(3, seed=3)), 1e-3),
    1,
    3,
    4,
    4,
)
one("GroupNormalization", lambda x: op.group_normalization(x, f(6), f(6, seed=1), 3, 1e-3), 2, 6, 4, 4)
one("MVN", lambda x: op.mvn(x, k([1, 2]), True, 1e-9, "inside_sqrt"))
one("MVN of the mean alone", lambda x: op.mvn(x, k([2]), False, 1e-9, "inside_sqrt"))
one(
    "MVN as LayerNormalization",
    lambda x: op.add(op.multiply(op.mvn(x, k([2]), True, 1e-3, "inside_sqrt"), f(4)), f(1, 1, 4)),
)
one(
    "MVN as InstanceNormalization",
    lambda x: op.add(op.multiply(op.mvn(x, k([2, 3]), True, 1e-3, "inside_sqrt"), f(1, 3, 1, 1)), f(3, 1, 1)),
    2,
    3,
    4,
    4,
)
one("NormalizeL2", lambda x: op.normalize_l2(x, k([1]), 1e-3, "add"))
one("NormalizeL2 with a maximum", lambda x: op.normalize_l2(x, k([1, 2]), 1e-3, "max"))
one("GRN", lambda x: op.grn(x, 0.5), 1, 3, 4, 4)
one("LRN", lambda x: op.lrn(x, k([1]), 1e-3, 0.75, 1.0, 3), 1, 5, 4, 4)

# Images
one("MaxPool", lambda x: op.max_pool(x, [2, 2], [1, 1], [0, 1], [1, 0], [3, 3]).output(0), 1, 3, 9, 8)
one(
    "MaxPool rounded up",
    lambda x: op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], "ceil").output(0),
    1,
    3,
    9,
    8,
)
one("AvgPool", lambda x: opset14.avg_pool(x, [2, 2], [1, 1], [1, 1], [3, 3], True), 1, 3, 9, 8)
one(
    "AvgPool with its padding",
    lambda x: opset14.avg_pool(x, [2, 2], [1, 1], [1, 1], [3, 3], False),
    1,
    3,
    9,
    8,
)
one("AdaptiveAvgPool", lambda x: op.adaptive_avg_pool(x, k([3, 4])), 1, 3, 9, 8)
one("AdaptiveAvgPool to one", lambda x: op.adaptive_avg_pool(x, k([1, 1])), 1, 3, 9, 8)
one("AdaptiveMaxPool", lambda x: op.adaptive_max_pool(x, k([3, 4]), "i32").output(0), 1, 3, 9, 8)
one(
    "Interpolate",
    lambda x: op.interpolate(
        x, k([8, 10]), "linear_onnx", "sizes", [0] * 4, [0] * 4, "half_pixel", axes=k([2, 3])
    ),
    1,
    3,
    4,
    5,
)
one(
    "Interpolate by factors",
    lambda x: op.interpolate(
        x,
        k([2, 2], np.float32),
        "nearest",
        "scales",
        [0] * 4,
        [0] * 4,
        "asymmetric",
        nearest_mode="floor",
        axes=k([2, 3]),
    ),
    1,
    3,
    4,
    5,
)
one(
    "Interpolate of opset 4",
    lambda x: opset10.interpolate(
        x, k([8, 10]), k([2, 2], np.float32), "cubic", "sizes", [0] * 4, [0] * 4, axes=k([2, 3])
    ),
    1,
    3,
    4,
    5,
)
one(
    "Interpolate of opset 1",
    lambda x: opset1.interpolate(x, k([8, 10]), {"axes": [2, 3], "mode": "nearest", "align_corners": False}),
    1,
    3,
    4,
    5,
    run=False,
)
one("GridSample", lambda x: op.grid_sample(x, op.tanh(f(1, 4, 5, 2)), {"mode": "bilinear"}), 1, 3, 6, 6)
one(
    "ROIAlign",
    lambda x: op.roi_align(
        x, k([[0, 0, 3, 3], [1, 1, 5, 5]], np.float32), k([0, 0], np.int32), 2, 2, 2, 1.0, "avg", "half_pixel"
    ),
    1,
    3,
    6,
    6,
    run=False,
)
one(
    "ROIPooling",
    lambda x: op.roi_pooling(x, k([[0, 0, 0, 3, 3]], np.float32), [2, 2], 1.0, "max"),
    1,
    3,
    6,
    6,
    run=False,
)
one("Col2Im", lambda x: op.col2im(x, k([4, 4]), k([2, 2]), [1, 1]), 1, 12, 9)
one("RegionYolo", lambda x: op.region_yolo(x, 4, 4, 3, True, [0, 1, 2], 1, 3), 1, 27, 6, 6)
one("RegionYolo of a mask", lambda x: op.region_yolo(x, 4, 4, 9, False, [0, 1, 2], 1, 3), 1, 27, 6, 6)
one("ReorgYolo", lambda x: op.reorg_yolo(x, [2]), 1, 4, 6, 6, run=False)
one(
    "PSROIPooling",
    lambda x: op.psroi_pooling(x, k([[0, 0, 0, 3, 3]], np.float32), 2, 2, 1.0, 1, 1, "average"),
    1,
    8,
    6,
    6,
    run=False,
)


# Recurrent layers
@case("LSTMSequence", run=False)
def _lstm() -> tuple[list[Any], Any]:
    x, h, c = p(2, 5, 3), p(2, 1, 4), p(2, 1, 4)
    node = op.lstm_sequence(x, h, c, k([5, 5]), f(1, 16, 3), f(1, 16, 4), f(1, 16), 4, "forward")
    return [x, h, c], node.outputs()


@case("GRUSequence", run=False)
def _gru() -> tuple[list[Any], Any]:
    x, h = p(2, 5, 3), p(2, 2, 4)
    node = op.gru_sequence(
        x, h, k([5, 5]), f(2, 12, 3), f(2, 12, 4), f(2, 16), 4, "bidirectional", linear_before_reset=True
    )
    return [x, h], node.outputs()


@case("RNNSequence", run=False)
def _rnn() -> tuple[list[Any], Any]:
    x, h = p(2, 5, 3), p(2, 1, 4)
    return [x, h], op.rnn_sequence(x, h, k([5, 5]), f(1, 4, 3), f(1, 4, 4), f(1, 4), 4, "reverse").outputs()


@case("LSTMCell")
def _lstm_cell() -> tuple[list[Any], Any]:
    x, h, c = p(2, 3), p(2, 4), p(2, 4)
    return [x, h, c], op.lstm_cell(x, h, c, f(16, 3), f(16, 4), f(16), 4).outputs()


@case("GRUCell")
def _gru_cell() -> tuple[list[Any], Any]:
    x, h = p(2, 3), p(2, 4)
    return [x, h], op.gru_cell(x, h, f(12, 3), f(12, 4), f(16), 4, linear_before_reset=True)


@case("GRUCell of one bias")
def _gru_plain() -> tuple[list[Any], Any]:
    x, h = p(2, 3), p(2, 4)
    return [x, h], op.gru_cell(x, h, f(12, 3), f(12, 4), f(12), 4)


@case("RNNCell")
def _rnn_cell() -> tuple[list[Any], Any]:
    x, h = p(2, 3), p(2, 4)
    return [x, h], op.rnn_cell(x, h, f(4, 3), f(4, 4), f(4), 4, ["tanh"], [], [])


# Fourier
one("DFT", lambda x: op.dft(x, k([1])), 2, 8, 2)
one("IDFT", lambda x: op.idft(x, k([0, 1])), 4, 8, 2)
one("RDFT", lambda x: op.rdft(x, k([1])), 2, 8)
one("STFT", lambda x: op.stft(x, f(8), k(8), k(4), False), 1, 32)
one("Inverse", lambda x: op.inverse(op.add(x, op.eye(k(3), k(3), k(0), "f32")), False), 2, 3, 3)


# Bodies
def _body() -> tuple[Any, Any, Any, Any, Any]:
    part, state, weight = p(1, 1, 4), p(1, 4), p(4, 4)
    step = op.tanh(op.add(op.matmul(op.squeeze(part, k([1])), weight, False, False), state))
    return part, state, weight, step, op.unsqueeze(step, k([1]))


@case("TensorIterator")
def _iterator() -> tuple[list[Any], Any]:
    x, node = p(1, 5, 4), op.tensor_iterator()
    part, state, weight, step, row = _body()
    node.set_body(ov.Model([op.result(step), op.result(row)], [part, state, weight], "body"))
    node.set_sliced_input(part, x.output(0), 0, 1, 1, -1, 1)
    node.set_invariant_input(weight, f(4, 4).output(0))
    node.set_merged_input(state, f(1, 4).output(0), step.output(0))
    last = node.get_iter_value(step.output(0), -1)
    return [x], [last, node.get_concatenated_slices(row.output(0), 0, 1, 1, -1, 1)]


@case("TensorIterator backwards")
def _backwards() -> tuple[list[Any], Any]:
    x, node = p(1, 5, 4), op.tensor_iterator()
    part, state, weight, step, row = _body()
    node.set_body(ov.Model([op.result(step), op.result(row)], [part, state, weight], "body"))
    node.set_sliced_input(part, x.output(0), -1, -1, 1, 0, 1)
    node.set_invariant_input(weight, f(4, 4).output(0))
    node.set_merged_input(state, f(1, 4).output(0), step.output(0))
    return [x], [node.get_concatenated_slices(row.output(0), -1, -1, 1, 0, 1)]


@case("Loop")
def _loop() -> tuple[list[Any], Any]:
    x, node = p(1, 4), op.loop(k(3), k(True, bool))
    count, state = p(dtype=np.int64), p(1, 4)
    added = op.add(state, op.convert(count, "f32"))
    node.set_function(ov.Model([op.result(added), op.result(k(True, bool))], [count, state], "body"))
    node.set_special_body_ports([0, 1])
    node.set_merged_input(state, x.output(0), added.output(0))
    last = node.get_iter_value(added.output(0), -1)
    return [x], [last, node.get_concatenated_slices(added.output(0), 0, 1, 1, -1, 0)]


@case("Loop stacked behind")
def _loop_behind() -> tuple[list[Any], Any]:
    x, node = p(2, 1, 4), op.loop(k(3), k(True, bool))
    count, state = p(dtype=np.int64), p(2, 1, 4)
    added = op.add(state, op.convert(count, "f32"))
    node.set_function(ov.Model([op.result(added), op.result(k(True, bool))], [count, state], "body"))
    node.set_special_body_ports([0, 1])
    node.set_merged_input(state, x.output(0), added.output(0))
    return [x], [node.get_concatenated_slices(added.output(0), 0, 1, 1, -1, 1)]


@case("If")
def _if() -> tuple[list[Any], Any]:
    x, go = p(2, 3), p(1, dtype=bool)
    node = op.if_op(go.output(0))
    a, b = p(2, 3), p(2, 3)
    then, other = op.result(op.relu(a)), op.result(op.exp(b))
    node.set_then_body(ov.Model([then], [a], "then"))
    node.set_else_body(ov.Model([other], [b], "else"))
    node.set_input(x.output(0), a, b)
    return [x, go], [node.set_output(then, other)]


@case("ConvertPromoteTypes")
def _promoted() -> tuple[list[Any], Any]:
    x, y = p(2, 3), p(2, 3, dtype=np.float16)
    return [x, y], op.convert_promote_types(x, y).outputs()


@case("PriorBox", run=False)
def _prior_box() -> tuple[list[Any], Any]:
    x = p(1, 3, 4, 4)
    sizes = op.slice(op.shape_of(x), k([2]), k([4]), k([1]))
    return [x], op.prior_box(sizes, k([32, 32]), {"offset": 0.5, "min_size": [2.0]})


@case("PriorBoxClustered", run=False)
def _prior_box_clustered() -> tuple[list[Any], Any]:
    attributes = {"offset": 0.5, "width": [2.0], "height": [3.0]}
    return [x := p(1, 3, 4, 4)], op.prior_box_clustered(
        op.slice(op.shape_of(x), k([2]), k([4]), k([1])), k([32, 32]), attributes
    )


@case("CTCGreedyDecoder", run=False)
def _ctc() -> tuple[list[Any], Any]:
    return [x := p(7, 1, 5)], op.ctc_greedy_decoder(x, k(np.ones((7, 1)), np.float32), True)


@case("Bucketize")
def _bucketize() -> tuple[list[Any], Any]:
    return [x := p(2, 3)], op.bucketize(x, k([0.0, 1.0], np.float32), "i32", True)


@case("SearchSorted")
def _search() -> tuple[list[Any], Any]:
    return [x := p(2, 3)], op.search_sorted(k([[0, 1, 2], [0, 1, 2]], np.float32), x)


@case("ExtractImagePatches")
def _patches() -> tuple[list[Any], Any]:
    return [x := p(1, 3, 8, 8)], op.extract_image_patches(x, [2, 2], [2, 2], [1, 1], "valid")


@case("GatherTree", run=False)
def _tree() -> tuple[list[Any], Any]:
    a, b = p(4, 1, 3), p(4, 1, 3)
    return [a, b], op.gather_tree(a, b, k([4], np.float32), k(2.0, np.float32))


@case("DeformablePSROIPooling", run=False)
def _deformable_pooling() -> tuple[list[Any], Any]:
    x, boxes = p(1, 8, 6, 6), k([[0, 0, 0, 3, 3]], np.float32)
    return [x], op.deformable_psroi_pooling(x, boxes, 2, 1.0, 2)


@case("Proposal", run=False)
def _proposal() -> tuple[list[Any], Any]:
    scores, boxes = p(1, 12, 4, 4), p(1, 24, 4, 4)
    u = np.uint64
    attributes = {
        "base_size": u(16),
        "pre_nms_topn": u(50),
        "post_nms_topn": u(7),
        "nms_thresh": np.float32(0.7),
        "feat_stride": u(16),
        "min_size": u(16),
        "ratio": np.array([0.5, 1.0], np.float32),
        "scale": np.array([8.0, 16.0, 32.0], np.float32),
    }
    return [scores, boxes], op.proposal(scores, boxes, k([224, 224, 1], np.float32), attributes).outputs()


@case("EmbeddingBagOffsetsSum", run=False)
def _offsets() -> tuple[list[Any], Any]:
    return [x := p(5, 4)], op.embedding_bag_offsets_sum(x, k([0, 1, 3]), k([0, 2]))


@case("EmbeddingSegmentsSum", run=False)
def _segments() -> tuple[list[Any], Any]:
    return [x := p(5, 4)], op.embedding_segments_sum(x, k([0, 1, 3]), k([0, 0, 1]), k(2))


one("IRDFT", lambda x: op.irdft(x, k([1])), 2, 8, 2)
one("IRDFT of an odd size along two axes", lambda x: op.irdft(x, k([0, 1]), k([4, 9])), 4, 5, 2)
one("ISTFT", lambda x: op.istft(x, f(8), k(8), k(4), True, False), 5, 7, 2)
one("ISTFT normalized", lambda x: op.istft(x, f(8), k(8), k(2), False, True), 2, 5, 7, 2)
one("Bucketize to the left", lambda x: op.bucketize(x, k([-1.0, 0.0, 1.0], np.float32), "i64", False), 2, 3)
one(
    "ExtractImagePatches padded",
    lambda x: op.extract_image_patches(x, [3, 2], [2, 3], [1, 2], "same_upper"),
    1,
    2,
    9,
    10,
)
for name in ("nv12_to_rgb", "nv12_to_bgr", "i420_to_rgb", "i420_to_bgr"):
    kind = name.replace("_to_", "to").replace("nv", "NV").replace("i4", "I4")
    kind = kind[:-3] + kind[-3:].upper()
    one(kind, lambda x, name=name: getattr(op, name)(x), 1, 12, 8, 1)
    one(f"{kind} of bytes", lambda x, name=name: getattr(op, name)(x), 1, 12, 8, 1, dtype=np.uint8, run=False)


@case("NV12toRGB of two planes")
def _two_planes() -> tuple[list[Any], Any]:
    y, uv = p(1, 8, 8, 1), p(1, 4, 4, 2)
    return [y, uv], op.nv12_to_rgb(y, uv)


@case("I420toBGR of three planes")
def _three_planes() -> tuple[list[Any], Any]:
    y, u, v = p(1, 8, 8, 1), p(1, 4, 4, 1), p(1, 4, 4, 1)
    return [y, u, v], op.i420_to_bgr(y, u, v)


one("Multinomial", lambda x: op.multinomial(x, k([3]), "i32", True, False, 1, 2), 2, 5, run=False)
