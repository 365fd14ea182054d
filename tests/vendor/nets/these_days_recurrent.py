"""Recurrences: written lines by docTR and PP-OCRv2, prices of shares, the second half of DeepFilterNet."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import activated, product, relu
from tests.vendor.nets.known_recurrent import layer
from tests.vendor.nets.layers import conv_relu
from tests.vendor.nets.usual_pieces import hard_squeezed, hswish


def doctr_crnn(g: Builder, w: int = 128, h: int = 32, hidden: int = 128, letters: int = 127) -> str:
    """DocTR's CRNN: VGG-16 whose last three poolings halve only the height, two LSTMs both ways, letters a column."""
    x, ci = g.input(1, 3, h, w), 3
    for i, (c, n) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
        for _ in range(n):
            x, ci = conv_relu(g, x, ci, c), c
        k = [2, 2] if i < 2 else [2, 1]
        x = g.op("MaxPool", x, kernel_shape=k, strides=k)
    t = w // 4
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, ci, t])), perm=[2, 0, 1])
    for _ in range(2):
        x, ci = layer(g, "LSTM", x, ci, hidden, True, (t, 1, 2 * hidden)), 2 * hidden
    return product(g, g.op("Transpose", x, perm=[1, 0, 2]), ci, letters)


def ppocr_v2_rec(g: Builder, w: int = 320, h: int = 32, hidden: int = 64, words: int = 6625) -> str:
    """PP-OCRv2's recogniser: MobileNetV1Enhance of half width, strides down only, two LSTMs both ways."""

    def apart(x: str, a: int, b: int, k: int = 3, s: int = 1, gate: bool = False) -> str:
        y = g.op("Conv", x, g.weight(a, 1, k, k), g.weight(a), group=a, strides=[s, 1], pads=[k // 2] * 4)
        y = hswish(g, y)
        return activated(g, hard_squeezed(g, y, a, a // 4) if gate else y, a, b, act=hswish)

    x = activated(g, g.input(1, 3, h, w), 3, 16, 3, 2, act=hswish)
    for a, b, k, s, gate in (
        (16, 32, 3, 1, 0), (32, 64, 3, 1, 0), (64, 64, 3, 1, 0), (64, 128, 3, 2, 0), (128, 128, 3, 1, 0),
        (128, 256, 3, 2, 0), *((256, 256, 5, 1, 0),) * 5, (256, 512, 5, 2, 1), (512, 512, 5, 1, 1),
    ):  # fmt: skip
        x = apart(x, a, b, k, s, bool(gate))
    x, t = g.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]), w // 4
    x, ci = g.op("Transpose", g.op("Reshape", x, g.const([1, 512, t])), perm=[2, 0, 1]), 512
    for _ in range(2):
        x, ci = layer(g, "LSTM", x, ci, hidden, True, (t, 1, 2 * hidden)), 2 * hidden
    return g.op("Softmax", product(g, g.op("Transpose", x, perm=[1, 0, 2]), ci, words), axis=-1)


def prices(g: Builder, t: int, hidden: int, layers: int) -> str:
    """A stack of LSTMs on one series, the next value from the last state."""
    x, ci = g.op("Transpose", g.input(1, t, 1), perm=[1, 0, 2]), 1
    for _ in range(layers):
        x, ci = layer(g, "LSTM", x, ci, hidden), hidden
    return dense(g, g.op("Gather", x, g.const(np.array(t - 1)), axis=0), hidden, 1)


def filters(
    g: Builder, t: int, bins: int = 96, order: int = 5, c: int = 64, d: int = 256, groups: int = 16
) -> str:
    """DeepFilterNet3's second decoder: grouped products, two GRUs, five complex taps a bin, a path of 5x1 beside it."""

    def grouped(x: str, a: int, b: int) -> str:
        y = g.op("Reshape", x, g.const([1, t, groups, a // groups]))
        y = g.op("Einsum", y, g.weight(groups, a // groups, b // groups), equation="btgi,gih->btgh")
        return g.op("Reshape", y, g.const([1, t, b]))

    x, path, out = g.input(1, t, 2 * d), g.input(1, c, t, bins), 2 * order
    y = g.op("Transpose", relu(g, grouped(x, 2 * d, d)), perm=[1, 0, 2])
    for _ in range(2):
        y = layer(g, "GRU", y, d, d)
    y = g.op("Add", g.op("Transpose", y, perm=[1, 0, 2]), grouped(x, 2 * d, d))
    y = g.op("Reshape", g.op("Tanh", grouped(y, d, bins * out)), g.const([1, t, bins, out]))
    path = g.op("Pad", path, g.const([0, 0, order - 1, 0, 0, 0, 0, 0]))
    path = g.op("Conv", path, g.weight(out, c // 2, order, 1), group=2)
    path = relu(g, g.op("Conv", path, g.weight(out, out, 1, 1), g.weight(out)))
    y = g.op("Add", y, g.op("Transpose", path, perm=[0, 2, 3, 1]))
    return g.op("Transpose", g.op("Reshape", y, g.const([1, t, bins, order, 2])), perm=[0, 3, 1, 2, 4])


THESE_DAYS_RECURRENT = {
    "lstm_prices_t60_h50_x4": ("recurrent", lambda g: prices(g, 60, 50, 4)),
    "doctr_crnn_vgg16_32x128": ("recurrent", lambda g: doctr_crnn(g)),
    "ppocr_v2_rec_32x320": ("recurrent", lambda g: ppocr_v2_rec(g)),
    "deepfilternet_df_t40": ("recurrent", lambda g: filters(g, 40)),
}  # fmt: skip
