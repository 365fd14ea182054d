"""Attributes, optional inputs and types that the other forms leave at their defaults; one line a form."""

from typing import Any

from tests.vendor.compiling.forms import TYPES, G, form

FLOAT_IMAGE = ("x", (1, 8, 12, 12))
STATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def x(*shape: int, t: str = "float32") -> tuple[str, tuple[int, ...], str]:
    """An input."""
    return "x", shape, t


def c(*values: Any, t: str = "int64") -> tuple[str, list[Any], str]:
    """A constant of one axis."""
    return "c", list(values), t


def s(value: Any, t: str = "float32") -> tuple[str, Any, str]:
    """A constant number."""
    return "c", value, t


def w(*shape: int, t: str = "float32") -> tuple[str, tuple[int, ...], str]:
    """Weights."""
    return "w", shape, t


NONE = ("", None, "")


def variant(
    op: str, name: str, *inputs: tuple[str, Any, str], count: int = 1, opset: int = 0, **attributes: Any
) -> None:
    """Register one form."""

    @form(op, name, opset=opset)
    def build(g: G, rank: int, dtype: str):
        makers = {"x": g.x, "c": g.c, "w": g.w, "": lambda *_: ""}
        return g.op(op, *(makers[kind](what, t) for kind, what, t in inputs), count=count, **attributes)


image, cube = x(1, 8, 12, 12), x(1, 8, 6, 6, 6)
kernel, cubic = w(8, 8, 3, 3), w(8, 8, 3, 3, 3)
for mode in ("SAME_LOWER", "VALID"):
    variant("Conv", mode, image, kernel, auto_pad=mode, strides=[2, 2])
    variant("ConvTranspose", mode, image, kernel, auto_pad=mode, strides=[2, 2])
variant("ConvTranspose", "SAME_UPPER", image, kernel, auto_pad="SAME_UPPER", strides=[2, 2])
variant("ConvTranspose", "output shape", image, kernel, strides=[2, 2], output_shape=[25, 25])
variant("ConvTranspose", "3D strided", cube, cubic, strides=[2, 2, 2])
variant("ConvTranspose", "bias", image, kernel, w(8))
variant("Conv", "3D strided", cube, cubic, strides=[2, 2, 2], pads=[1] * 6)
variant("Conv", "3D dilated", cube, w(8, 8, 2, 2, 2), dilations=[2, 2, 2])
variant("Conv", "large dilation", x(1, 8, 40, 40), kernel, dilations=[12, 12], pads=[12] * 4)
variant("MaxPool", "dilated padded", image, kernel_shape=[3, 3], dilations=[2, 2], pads=[2] * 4)
variant("MaxPool", "3D dilated", cube, kernel_shape=[2, 2, 2], dilations=[2, 2, 2])
variant("MaxPool", "columns", image, kernel_shape=[2, 2], strides=[2, 2], storage_order=1, count=2)
variant("MaxPool", "ceil dilated", image, kernel_shape=[2, 2], dilations=[2, 2], ceil_mode=1)
variant("AveragePool", "3D dilated", cube, kernel_shape=[2, 2, 2], dilations=[2, 2, 2])
variant("AveragePool", "3D padded", cube, kernel_shape=[3] * 3, pads=[1] * 6, count_include_pad=1)
variant("AveragePool", "ceil padded", image, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4, ceil_mode=1)
variant("LpPool", "1D", x(1, 8, 12), kernel_shape=[3])
variant("ConvInteger", "3D", x(1, 2, 5, 5, 5, t="uint8"), w(2, 2, 3, 3, 3, t="uint8"))
variant(
    "ConvInteger", "padded", x(1, 2, 5, 5, t="uint8"), w(2, 2, 3, 3, t="uint8"), s(1, "uint8"), pads=[1] * 4
)
for op, n in STATES.items():
    size, hidden = 16, 8
    wr = (w(1, n * hidden, size), w(1, n * hidden, hidden))
    seq = x(6, 2, size)
    variant(
        op, "first state", seq, *wr, w(1, 2 * n * hidden), NONE, x(1, 2, hidden), hidden_size=hidden, count=2
    )
    variant(op, "last state alone", seq, *wr, hidden_size=hidden, count=2)
    variant(op, "one step", x(1, 1, size), *wr, hidden_size=hidden, count=2)
    both = (w(2, n * hidden, size), w(2, n * hidden, hidden))
    lengths = (w(2, 2 * n * hidden), x(2, t="int32"))
    variant(
        op, "two ways, lengths", seq, *both, *lengths, hidden_size=hidden, direction="bidirectional", count=2
    )
    variant(
        op, "leaky", seq, *wr, hidden_size=hidden, activations=["LeakyRelu"] * {4: 3, 3: 2, 1: 1}[n], count=2
    )
q, k = x(1, 2, 8, 16), x(1, 2, 12, 16)
for name, more in {
    "softcap": {"softcap": 2.0}, "scale": {"scale": 0.1}, "softmax float16": {"softmax_precision": 10},
}.items():  # fmt: skip
    variant("Attention", name, q, k, k, **more)
variant("Attention", "other length", q, k, k)
variant("Attention", "bool mask", q, k, k, x(8, 12, t="bool"))
variant("Attention", "4D mask", q, k, k, x(1, 2, 8, 12))
variant("Attention", "scores", q, k, k, count=4, qk_matmul_output_mode=1)
variant("Attention", "grouped", x(1, 4, 8, 16), k, k)
variant("Attention", "causal cache", q, k, k, NONE, x(1, 2, 4, 16), x(1, 2, 4, 16), count=3, is_causal=1)
variant("Attention", "packed grouped", x(1, 8, 64), x(1, 8, 32), x(1, 8, 32), q_num_heads=4, kv_num_heads=2)
variant("RotaryEmbedding", "interleaved", q, w(8, 8), w(8, 8), x(1, 8, t="int64"), interleaved=1)
variant("RotaryEmbedding", "no positions", q, w(1, 8, 8), w(1, 8, 8))
variant("RotaryEmbedding", "part", q, w(8, 4), w(8, 4), x(1, 8, t="int64"), rotary_embedding_dim=8)
variant("RotaryEmbedding", "packed", x(1, 8, 32), w(8, 8), w(8, 8), x(1, 8, t="int64"), num_heads=2)
for axis in (0, 1, 2):
    variant("LayerNormalization", f"axis {axis}", x(2, 4, 16), w(*(2, 4, 16)[axis:]), axis=axis)
    variant("RMSNormalization", f"axis {axis}", x(2, 4, 16), w(*(2, 4, 16)[axis:]), axis=axis)
    variant("TopK", f"axis {axis}", x(4, 8, 16), c(3), axis=axis, count=2)
    variant("ArgMin", f"axis {axis}", x(4, 8, 16), axis=axis, keepdims=1)
    variant("Softmax", f"over axis {axis}", x(4, 8, 16), axis=axis)
    variant("Hardmax", f"over axis {axis}", x(4, 8, 16), axis=axis)
    variant("Flatten", f"axis {axis}", x(4, 8, 16), axis=axis)
    variant("Concat", f"axis {axis}", x(4, 8, 16), x(4, 8, 16), axis=axis)
    variant("GatherElements", f"axis {axis}", x(4, 8, 16), x(4, 8, 16, t="int32"), axis=axis)
    variant("ScatterElements", f"axis {axis}", x(4, 8, 16), x(4, 8, 16, t="int32"), x(4, 8, 16), axis=axis)
variant("LayerNormalization", "stash", x(2, 4, 16), w(16), w(16), axis=-1, stash_type=1, epsilon=0.1)
variant("Gemm", "no bias", x(4, 16), w(16, 8))
variant("Gemm", "scalar bias", x(4, 16), w(16, 8), s(1.0))
variant("Clip", "least alone", x(4, 16), s(0.0))
variant("Clip", "none", x(4, 16))
for mode in ("constant", "edge", "reflect", "wrap"):
    variant("Pad", f"{mode} axes", x(2, 8, 16), c(1, 2), s(0.0), c(1), mode=mode)
    variant("Pad", f"{mode} 4D", x(1, 2, 8, 16), c(0, 0, 1, 2, 0, 0, 1, 2), mode=mode)
for mode, more in {
    "exclude outside": {"mode": "cubic", "exclude_outside": 1}, "cubic a": {"mode": "cubic", "cubic_coeff_a": -0.5},
    "extrapolation": {"mode": "linear", "extrapolation_value": 10.0},
}.items():  # fmt: skip
    variant("Resize", mode, image, NONE, c(1, 1, 2, 2, t="float32"), **more)
variant("Resize", "axes", image, NONE, c(2, 2, t="float32"), axes=[2, 3], mode="nearest")
variant("Resize", "axes turned", image, NONE, c(2, 2, t="float32"), axes=[3, 2], mode="linear")
for policy in ("not_larger", "not_smaller"):
    variant(
        "Resize",
        policy,
        image,
        NONE,
        NONE,
        c(20, 24),
        axes=[2, 3],
        keep_aspect_ratio_policy=policy,
        mode="nearest",
    )
for mode in ("nearest", "linear", "cubic"):
    variant("Resize", f"{mode} sizes", image, NONE, NONE, c(1, 8, 20, 24), mode=mode)
    variant("Resize", f"{mode} run-time scales", image, NONE, x(4), mode=mode)
    variant("Resize", f"{mode} run-time sizes", image, NONE, NONE, x(4, t="int64"), mode=mode)
    variant("Resize", f"{mode} one axis", x(4, 16), NONE, c(1, 2, t="float32"), mode=mode)
variant("NonMaxSuppression", "centres", x(1, 20, 4), x(1, 2, 20), s(5, "int64"), s(0.5), center_point_box=1)
variant("NonMaxSuppression", "run-time bounds", x(1, 20, 4), x(1, 2, 20), x(1, t="int64"), x(1), x(1))
variant("OneHot", "axis", x(4, 8, t="int64"), s(9, "int64"), c(0, 1, t="float32"), axis=1)
for kind in ("bfloat16", "float16", "int32", "int64", "bool"):
    variant("OneHot", f"of {kind}", x(4, 8, t="int64"), s(9, "int64"), c(0, 1, t=kind))
for kind in ("int32", "int64", "uint32", "uint64", "int8", "float16"):
    variant("Pow", f"float32 to {kind}", x(4, 16), x(4, 16, t=kind))
    variant("Pow", f"int32 to {kind}", x(4, 16, t="int32"), x(4, 16, t=kind))
    variant("CastLike", f"like {kind}", x(4, 16), x(4, 16, t=kind))
for kind in ("uint8", "uint16", "uint32", "uint64"):
    variant("BitShift", f"right {kind}", x(4, 16, t=kind), x(4, 16, t=kind), direction="RIGHT")
variant("ReverseSequence", "batch first", x(4, 6), x(4, t="int64"), batch_axis=0, time_axis=1)
variant("Shape", "part", x(2, 4, 16), start=1, end=2)
variant("EyeLike", "diagonal", x(4, 5), k=1, dtype=1)
variant("ArgMax", "last, kept", x(4, 16), axis=0, select_last_index=1, keepdims=1)
variant("CumSum", "exclusive", x(4, 16), s(1, "int64"), exclusive=1)
variant("Mean", "one", x(4, 16))
variant("Sum", "one", x(4, 16))
variant("Unsqueeze", "three", x(4, 16), c(0, 2, 4))
variant("Squeeze", "all", x(1, 4, 1, 16))
variant("Expand", "more axes", x(3, 1), c(2, 1, 6))
variant("Transpose", "default", x(2, 4, 16))
variant("Reshape", "allow zero", x(0, 3, 4), c(3, 4, 0), allowzero=1)
variant("Split", "uneven", x(7, 4), num_outputs=3, count=3)
variant("GroupNormalization", "old", x(1, 8, 6, 6), w(2), w(2), num_groups=2, opset=18)
variant("DequantizeLinear", "float16", x(4, 16, t="uint8"), s(0.1, "float16"), s(1, "uint8"))
variant("QuantizeLinear", "float16", x(4, 16, t="float16"), s(0.1, "float16"), s(1, "uint8"))
variant("QuantizeLinear", "no zero point", x(4, 16), s(0.1))
variant("DequantizeLinear", "no zero point", x(4, 16, t="int8"), s(0.1))
variant("QuantizeLinear", "run-time scale", x(4, 16), x(), x(t="uint8"))
variant("DequantizeLinear", "run-time scale", x(4, 16, t="uint8"), x(), x(t="uint8"))
variant("QLinearMatMul", "run-time all", *(x(4, 4, t="uint8"), x(), x(t="uint8")) * 2, x(), x(t="uint8"))
variant("QLinearConv", "run-time all", x(1, 1, 7, 7, t="uint8"), x(), x(t="uint8"),
        x(1, 1, 1, 1, t="uint8"), x(1), x(1, t="uint8"),
        x(), x(t="uint8"))  # fmt: skip
variant("MatMulInteger", "run-time all", x(4, 3, t="uint8"), x(3, 2, t="uint8"), x(t="uint8"), x(t="uint8"))
variant(
    "RoiAlign",
    "half pixel",
    x(1, 8, 12, 12),
    x(3, 4),
    x(3, t="int64"),
    coordinate_transformation_mode="half_pixel",
    output_height=5,
    output_width=5,
)
variant("BatchNormalization", "run-time weights", image, x(8), x(8), x(8), x(8))
variant("InstanceNormalization", "run-time weights", image, x(8), x(8))
variant("LayerNormalization", "run-time weights", x(2, 4, 16), x(16), x(16))
variant("GroupNormalization", "run-time weights", image, x(8), x(8), num_groups=2)
for op in ("LSTM", "GRU", "RNN"):
    n = STATES[op]
    variant(op, "all run-time", x(1, 3, 2), x(1, n * 4, 2), x(1, n * 4, 4), hidden_size=4, count=2)
    variant(
        op,
        "all run-time, bias",
        x(1, 3, 2),
        x(1, n * 4, 2),
        x(1, n * 4, 4),
        x(1, 2 * n * 4),
        hidden_size=4,
        count=2,
    )
    variant(
        op,
        "all run-time, batch first",
        x(3, 1, 2),
        x(1, n * 4, 2),
        x(1, n * 4, 4),
        hidden_size=4,
        count=2,
        layout=1,
    )
for name in TYPES:
    if name.startswith(("float8", "float4", "int2", "uint2", "int4", "uint4")):
        variant("CastLike", f"like {name}", x(4, 16), x(4, 16, t=name))
        variant("CastLike", f"of {name}", x(4, 16, t=name), x(4, 16))
        variant("QuantizeLinear", name, x(4, 16), s(0.5), x(t=name))
        variant("DequantizeLinear", name, x(4, 16, t=name), s(0.5))
        variant("DequantizeLinear", f"constant {name}", x(4, 16, t=name), s(0.5), x(t=name))
