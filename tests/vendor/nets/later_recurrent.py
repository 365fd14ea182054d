"""LSTMs and GRUs of what people wear, write and type: hearts, movements, words, sessions, pictures told, students."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.known_recurrent import layer
from tests.vendor.nets.layers import conv_relu, cut, linear


def handwriting(g: Builder, t: int, hidden: int, layers: int, letters: int = 100) -> str:
    """Strokes of a pen as curves of ten numbers: LSTMs of both ways, letters."""
    x, d = g.input(t, 1, 10), 10
    for _ in range(layers):
        x, d = layer(g, "LSTM", x, d, hidden, True, (t, 1, 2 * hidden)), 2 * hidden
    return g.op("LogSoftmax", linear(g, x, d, letters), axis=-1)


def lines(g: Builder, b: int, t: int, d: int, convs: tuple[tuple[int, int, int], ...]) -> tuple[str, int]:
    """Convolutions (channels, taps, pooled by) along t places of b signals: [t, b, channels]."""
    x, ci = g.input(b, d, t), d
    for co, k, pool in convs:
        x = relu(g, g.op("Conv", x, g.weight(co, ci, k), g.weight(co), pads=[(k - 1) // 2, k // 2]))
        x, ci = g.op("MaxPool", x, kernel_shape=[pool], strides=[pool]) if pool > 1 else x, co
    return g.op("Transpose", x, perm=[2, 0, 1]), ci


def meters(g: Builder, b: int, t: int) -> str:
    """Appliances told apart behind one meter (NILM): a convolution, GRUs of 64 and 128 both ways, dense layers."""
    x, d = lines(g, b, t, 1, ((16, 4, 1),))
    for h in (64, 128):
        x, d = layer(g, "GRU", x, d, h, True, (t, b, 2 * h)), 2 * h
    x = g.op("Gather", x, g.const(np.array(t - 1)), axis=0)
    return product(g, g.op("Tanh", product(g, x, d, 128)), 128, 1)


def hearts(g: Builder, b: int, t: int, hidden: int, leads: int = 12) -> str:
    """An ECG: two pooled convolutions, an LSTM of both ways, its mean judged."""
    x, d = lines(g, b, t, leads, ((32, 5, 2), (64, 5, 2)))
    x = layer(g, "LSTM", x, d, hidden, True, (t // 4, b, 2 * hidden))
    return product(g, g.op("ReduceMean", x, axes=[0], keepdims=0), 2 * hidden, 5)


def keywords(g: Builder, hidden: int = 60) -> str:
    """A CRNN of key words: one convolution over the spectrogram, two GRUs, dense layers."""
    x = relu(g, g.op("Conv", g.input(1, 1, 49, 10), g.weight(48, 1, 10, 4), g.weight(48), strides=[2, 2]))
    x = g.op("Reshape", g.op("Transpose", x, perm=[2, 0, 1, 3]), g.const([20, 1, 48 * 4]))
    for d in (192, hidden):
        x = layer(g, "GRU", x, d, hidden)
    x = g.op("Gather", x, g.const(np.array(19)), axis=0)
    return product(g, relu(g, product(g, x, hidden, 84)), 84, 12)


def bank(g: Builder, t: int, d: int = 128, widths: int = 8) -> str:
    """Tacotron's CBHG: windows of 1 to 8 places, pooled, a skip, four highways, a GRU of both ways."""
    x = g.input(1, d, t)
    rows = [
        relu(g, g.op("Conv", x, g.weight(d, d, k), g.weight(d), pads=[(k - 1) // 2, k // 2]))
        for k in range(1, widths + 1)
    ]
    y = g.op("MaxPool", concat(g, *rows), kernel_shape=[2], strides=[1], pads=[0, 1])
    y = relu(g, g.op("Conv", y, g.weight(d, d * widths, 3), g.weight(d), pads=[1, 1]))
    y = g.op("Add", x, g.op("Conv", y, g.weight(d, d, 3), g.weight(d), pads=[1, 1]))
    y = g.op("Transpose", y, perm=[0, 2, 1])
    for _ in range(4):
        gate = g.op("Sigmoid", linear(g, y, d, d))
        kept = g.op("Mul", y, g.op("Sub", g.const(1.0), gate))
        y = g.op("Add", g.op("Mul", relu(g, linear(g, y, d, d)), gate), kept)
    return layer(g, "GRU", g.op("Transpose", y, perm=[1, 0, 2]), d, d, True, (t, 1, 2 * d))


def students(g: Builder, b: int, t: int, hidden: int, skills: int = 110) -> str:
    """Deep knowledge tracing: what a student answered, an LSTM, a chance for each skill."""
    x = g.op("Gather", g.weight(2 * skills, 100), g.input(t, b, dtype=7), axis=0)
    return g.op("Sigmoid", product(g, layer(g, "LSTM", x, 100, hidden), hidden, skills))


def moved(g: Builder, b: int, t: int, hidden: int, layers: int) -> str:
    """RoNIN: a walker's way from six numbers of a phone, LSTMs, velocities."""
    x, d = g.op("Transpose", g.input(b, t, 6), perm=[1, 0, 2]), 6
    for _ in range(layers):
        x, d = layer(g, "LSTM", x, d, hidden), hidden
    return product(g, product(g, x, d, 10 * layers), 10 * layers, 2)


def named(g: Builder, b: int, t: int, hidden: int) -> str:
    """Names found in sentences: words of 100 numbers and 30 of their letters, an LSTM of both ways, tags."""
    words = g.op("Gather", g.weight(12000, 100), g.input(t, b, dtype=7), axis=0)
    x = concat(g, words, g.input(t, b, 30), axis=2)
    return product(g, layer(g, "LSTM", x, 130, hidden, True, (t, b, 2 * hidden)), 2 * hidden, 9)


def session(g: Builder, b: int, t: int, items: int = 12000, d: int = 100) -> str:
    """NARM: clicks through a GRU, attention of the last to all, the next item by its table."""
    table = g.weight(items, d)
    x = layer(g, "GRU", g.op("Gather", table, g.input(t, b, dtype=7), axis=0), d, d)
    last = cut(g, x, 0, t - 1, t)
    s = g.op("Sigmoid", g.op("Add", product(g, x, d, d, False), product(g, last, d, d, False)))
    seen = g.op("ReduceSum", g.op("Mul", product(g, s, d, 1, False), x), g.const([0]), keepdims=1)
    y = g.op("Squeeze", concat(g, seen, last, axis=2), g.const([0]))
    return g.op("MatMul", product(g, y, 2 * d, d, False), g.op("Transpose", table, perm=[1, 0]))


def lips(g: Builder, t: int, d: int, hidden: int) -> str:
    """Lips read: pictures' features, two GRUs of both ways, letters."""
    x = g.input(t, 1, d)
    for _ in range(2):
        x, d = layer(g, "GRU", x, d, hidden, True, (t, 1, 2 * hidden)), 2 * hidden
    return linear(g, x, d, 28)


def read_line(g: Builder, width: int, hidden: int, letters: int = 95) -> str:
    """A line of text 48 high: five convolutions, columns' maxima, GRUs of both ways."""
    x, ci = g.input(1, 1, 48, width), 1
    for co, pool in ((32, [2, 2]), (64, [2, 2]), (128, [2, 1]), (128, [2, 1]), (256, [3, 1])):
        x, ci = conv_relu(g, x, ci, co), co
        x = g.op("MaxPool", x, kernel_shape=pool, strides=pool)
    t = width // 4
    x = g.op("Transpose", g.op("Squeeze", x, g.const([2])), perm=[2, 0, 1])
    for _ in range(2):
        x, ci = layer(g, "GRU", x, ci, hidden, True, (t, 1, 2 * hidden)), 2 * hidden
    return linear(g, x, ci, letters)


def speaker(g: Builder, b: int, t: int, hidden: int = 256) -> str:
    """GE2E: who speaks, three LSTMs, the last place as a vector of length one."""
    x, d = g.op("Transpose", g.input(b, t, 40), perm=[1, 0, 2]), 40
    for _ in range(3):
        x, d = layer(g, "LSTM", x, d, hidden), hidden
    x = relu(g, product(g, g.op("Gather", x, g.const(np.array(t - 1)), axis=0), d, 256))
    return g.op("Div", x, g.op("ReduceL2", x, axes=[1], keepdims=1))


LATER_RECURRENT = {
    "handwriting_t100_h64": ("recurrent", lambda g: handwriting(g, 100, 64, 3)),
    "nilm_b4_t99": ("recurrent", lambda g: meters(g, 4, 99)),
    "ecg_b4_t400_h64": ("recurrent", lambda g: hearts(g, 4, 400, 64)),
    "keywords_gru60": ("recurrent", lambda g: keywords(g)),
    "cbhg_t100": ("recurrent", lambda g: bank(g, 100)),
    "dkt_b32_t50_h200": ("recurrent", lambda g: students(g, 32, 50, 200)),
    "ronin_b1_t200_h100": ("recurrent", lambda g: moved(g, 1, 200, 100, 3)),
    "ner_b4_t40_h200": ("recurrent", lambda g: named(g, 4, 40, 200)),
    "narm_b8_t20": ("recurrent", lambda g: session(g, 8, 20)),
    "lipnet_t75_h256": ("recurrent", lambda g: lips(g, 75, 1536, 256)),
    "line_gru_w256_h256": ("recurrent", lambda g: read_line(g, 256, 256)),
    "ge2e_b4_t80": ("recurrent", lambda g: speaker(g, 4, 80)),
}  # fmt: skip
