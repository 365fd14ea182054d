"""Graphs of single ops by name that the other files have no words for, as networks of their kind use them."""

from collections.abc import Callable

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder


def oblong(g: Builder, ci: int, co: int, kh: int, kw: int, h: int, w: int) -> str:
    """convr_CI_CO_KH_KW_H_W: a window and an image whose sides differ, padded to keep the size."""
    weight = g.weight(co, ci, kh, kw)
    return g.op("Conv", g.input(1, ci, h, w), weight, pads=[kh // 2, kw // 2] * 2)


def strided_across(g: Builder, ci: int, co: int, kernel: int, h: int, w: int) -> str:
    """convs_CI_CO_K_H_W: strides 2 down and 1 across, as recognisers of written lines have them."""
    weight = g.weight(co, ci, kernel, kernel)
    return g.op("Conv", g.input(1, ci, h, w), weight, pads=[kernel // 2] * 4, strides=[2, 1])


def causal(g: Builder, channels: int, kernel: int, rate: int, length: int, groups: int) -> str:
    """convc_C_K_D_L_G: a 1-D convolution padded in front only."""
    weight, pads = g.weight(channels, channels // groups, kernel), [rate * (kernel - 1), 0]
    x = g.input(1, channels, length)
    return g.op("Conv", x, weight, pads=pads, dilations=[rate], group=groups)


def sampled(g: Builder, channels: int, size: int, wanted: int) -> str:
    """gridsample_C_HW_N: an image read bilinearly at N x N places that are an input."""
    x, where = g.input(1, channels, size, size), g.input(1, wanted, wanted, 2)
    return g.op("GridSample", x, where, mode="bilinear", padding_mode="zeros", align_corners=0)


def both_ways(g: Builder, steps: int, width: int, hidden: int) -> str:
    """bigru_T_D_H: a GRU of both directions."""
    weights = g.weight(2, 3 * hidden, width), g.weight(2, 3 * hidden, hidden), g.weight(2, 6 * hidden)
    x = g.input(steps, 1, width)
    outputs = g.op(
        "GRU", x, *weights, count=2, hidden_size=hidden, direction="bidirectional", linear_before_reset=1
    )
    return outputs[0]


def backwards(g: Builder, rows: int, width: int) -> str:
    """revcumsum_L_D: running sums from the end, over rows."""
    return g.op("CumSum", g.input(1, rows, width), g.const(np.array(1)), reverse=1)


def one_of(g: Builder, length: int, words: int) -> str:
    """onehot_L_V: ids as rows of 0 and 1."""
    ids = g.input(1, length, dtype=TensorProto.INT64)
    return g.op("OneHot", ids, g.const(np.array(words)), g.const([0.0, 1.0]), axis=-1)


def merged(g: Builder, side: int, width: int) -> str:
    """merge_HW_D: four neighbours of [1, HW^2, D] joined in one row, as Swin does between stages."""
    x = g.op("Reshape", g.input(1, side * side, width), g.const([1, side // 2, 2, side // 2, 2, width]))
    return g.op(
        "Reshape", g.op("Transpose", x, perm=[0, 1, 3, 4, 2, 5]), g.const([1, side * side // 4, 4 * width])
    )


#: Kinds whose name is numbers only.
FORMS: dict[str, Callable[..., str | list[str]]] = {
    "convr": oblong, "convs": strided_across, "convc": causal, "gridsample": sampled,
    "bigru": both_ways, "revcumsum": backwards, "onehot": one_of, "merge": merged,
}  # fmt: skip
