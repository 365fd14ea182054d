"""Graphs of short chains by name: pieces of layers as networks have them."""

from collections.abc import Callable

from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import gelu_tanh, layernorm
from tests.vendor.op_chains import eight_bits, stored


def separable(g: Builder, ci: int, co: int, kernel: int, stride: int, size: int) -> str:
    """sepconv_CI_CO_K_S_HW: depthwise, ReLU, 1x1, ReLU."""
    x, pads = g.input(1, ci, size, size), [kernel // 2] * 4
    x = g.op(
        "Conv", x, g.weight(ci, 1, kernel, kernel), g.weight(ci), pads=pads, strides=[stride] * 2, group=ci
    )
    return g.op("Relu", g.op("Conv", g.op("Relu", x), g.weight(co, ci, 1, 1), g.weight(co)))


def residual(g: Builder, channels: int, size: int) -> str:
    """resblock_C_HW: two 3x3 and the input added."""
    x = y = g.input(1, channels, size, size)
    for last in (False, True):
        y = g.op("Conv", y, g.weight(channels, channels, 3, 3), g.weight(channels), pads=[1] * 4)
        y = g.op("Relu", g.op("Add", y, x) if last else y)
    return y


def rotary(g: Builder, count: int, length: int, width: int) -> str:
    """rope_H_L_D: places turned into heads by cosines and sines."""
    x, half = g.input(1, count, length, width), width // 2
    first, second = g.op("Split", x, count=2, axis=3)
    turned = g.op("Concat", g.op("Neg", second), first, axis=3)
    cos, sin = (g.input(1, 1, length, 2 * half) for _ in range(2))
    return g.op("Add", g.op("Mul", x, cos), g.op("Mul", turned, sin))


def gelu_gated(g: Builder, rows: int, width: int, inner: int) -> str:
    """geglu_L_D_I: the tanh Gelu of one product times another, and the product back."""
    x = g.input(1, rows, width)
    a, b = (g.op("MatMul", x, g.weight(width, inner)) for _ in range(2))
    return g.op("MatMul", g.op("Mul", gelu_tanh(g, a), b), g.weight(inner, width))


def grouped_queries(g: Builder, count: int, keys: int, rows: int, whole: int, width: int) -> str:
    """gqa_H_KV_L_S_D: heads of keys and values repeated for their queries, scores, softmax, values."""
    q = g.input(1, count, rows, width)
    k, v = (g.input(1, keys, whole, width) for _ in range(2))
    wide = g.const([1, keys, count // keys, whole, width])
    k, v = (
        g.op(
            "Reshape",
            g.op("Expand", g.op("Unsqueeze", t, g.const([2])), wide),
            g.const([1, count, whole, width]),
        )
        for t in (k, v)
    )
    scores = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(width**-0.5))
    return g.op("MatMul", g.op("Softmax", scores, axis=-1), v)


def added_and_normed(g: Builder, rows: int, width: int) -> list[str]:
    """addnorm_L_D: two tensors added, the sum and its LayerNorm."""
    x = g.op("Add", g.input(1, rows, width), g.input(1, rows, width))
    return [x, layernorm(g, x, width)]


def low_rank(g: Builder, rows: int, width: int, rank: int) -> str:
    """lora_L_D_R: a square product and one of low rank beside it, added."""
    x = g.input(1, rows, width)
    low = g.op("MatMul", g.op("MatMul", x, g.weight(width, rank)), g.weight(rank, width))
    return g.op("Add", g.op("MatMul", x, g.weight(width, width)), low)


def distances(g: Builder, rows: int, others: int, width: int) -> str:
    """cdist_M_N_D: squared distances of M rows to N constant ones, as codebooks are searched."""
    x = g.input(1, rows, width)
    own = g.op("ReduceSum", g.op("Mul", x, x), g.const([2]), keepdims=1)
    near = g.op("Mul", g.op("MatMul", x, g.weight(width, others)), g.const(2.0))
    return g.op("Add", g.op("Sub", own, near), g.weight(1, 1, others))


def depthwise_of_eight_bits(g: Builder, channels: int, kernel: int, size: int) -> str:
    """qdqdw_C_K_HW: a depthwise convolution between QuantizeLinear and DequantizeLinear."""
    x = eight_bits(g, g.input(1, channels, size, size, dtype=TensorProto.FLOAT))
    weight = stored(g, channels, 1, kernel, kernel)
    return eight_bits(g, g.op("Conv", x, weight, pads=[kernel // 2] * 4, group=channels))


def added_in_eight_bits(g: Builder, channels: int, size: int) -> str:
    """qdqadd_C_HW: two 8-bit images added."""
    x, y = (eight_bits(g, g.input(1, channels, size, size, dtype=TensorProto.FLOAT)) for _ in range(2))
    return eight_bits(g, g.op("Add", x, y))


#: Kinds whose name is numbers only.
FORMS: dict[str, Callable[..., str | list[str]]] = {
    "sepconv": separable, "resblock": residual, "rope": rotary, "geglu": gelu_gated, "gqa": grouped_queries,
    "addnorm": added_and_normed, "lora": low_rank, "cdist": distances,
    "qdqdw": depthwise_of_eight_bits, "qdqadd": added_in_eight_bits,
}  # fmt: skip
