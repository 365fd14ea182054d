"""Recurrences: an order book by DeepLOB, whether a line follows from another by ESIM, one voice by VoiceFilter."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import leaky_of
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.known_recurrent import layer


def deeplob(g: Builder, b: int, t: int = 100, levels: int = 40) -> str:
    """DeepLOB: a book's hundred states, three blocks along levels and time, an inception, an LSTM, three moves."""
    leaky = leaky_of(0.01)

    def conv(x: str, a: int, c: int, kh: int, kw: int, s: int = 1, same: bool = False) -> str:
        p = [(kh - 1) // 2, 0, kh // 2, 0] if same else [0] * 4
        return g.op("Conv", x, g.weight(c, a, kh, kw), g.weight(c), strides=[1, s], pads=p)

    x, ci = g.input(b, 1, t, levels), 1
    for kw, s, act in ((2, 2, leaky), (2, 2, lambda g, v: g.op("Tanh", v)), (10, 1, leaky)):
        x, ci = act(g, conv(x, ci, 32, 1, kw, s)), 32
        for _ in range(2):
            x = act(g, conv(x, 32, 32, 4, 1))
    a, c = (leaky(g, conv(leaky(g, conv(x, 32, 64, 1, 1)), 64, 64, k, 1, same=True)) for k in (3, 5))
    p = g.op("MaxPool", x, kernel_shape=[3, 1], strides=[1, 1], pads=[1, 0, 1, 0])
    x = concat(g, a, c, leaky(g, conv(p, 32, 64, 1, 1)))
    n = t - 18
    x = g.op("Transpose", g.op("Reshape", x, g.const([b, 192, n])), perm=[2, 0, 1])
    x = layer(g, "LSTM", x, 192, 64)
    return g.op("Softmax", dense(g, g.op("Gather", x, g.const(np.array(n - 1)), axis=0), 64, 3), axis=1)


def esim(g: Builder, b: int, n: int, d: int = 300, h: int = 300, words: int = 20000) -> str:
    """ESIM: two lines by one LSTM both ways, each word beside what the other line says to it, a second LSTM."""
    first = [g.weight(2, 4 * h, a) for a in (d, h)] + [g.weight(2, 8 * h)]
    second = [g.weight(2, 4 * h, h) for _ in range(2)] + [g.weight(2, 8 * h)]
    table, w, bias = g.weight(words, d), g.weight(8 * h, h), g.weight(h)

    def both(x: str, ws: list[str]) -> str:
        y = g.op("LSTM", g.op("Transpose", x, perm=[1, 0, 2]), *ws, count=3, hidden_size=h,
                 direction="bidirectional")[0]  # fmt: skip
        return g.op("Reshape", g.op("Transpose", y, perm=[2, 0, 1, 3]), g.const([b, n, 2 * h]))

    lines = [g.op("Gather", table, g.input(b, n, dtype=TensorProto.INT64)) for _ in range(2)]
    masks = [g.op("Mul", g.op("Sub", g.const(1.0), g.input(b, 1, n)), g.const(-10000.0)) for _ in range(2)]
    p, q = (both(x, first) for x in lines)
    s = g.op("MatMul", p, g.op("Transpose", q, perm=[0, 2, 1]))
    soft = lambda t, m: g.op("Softmax", g.op("Add", t, m), axis=-1)
    to_q = g.op("MatMul", soft(s, masks[1]), q)
    to_p = g.op("MatMul", soft(g.op("Transpose", s, perm=[0, 2, 1]), masks[0]), p)
    outs = []
    for x, y in ((p, to_q), (q, to_p)):
        z = concat(g, x, y, g.op("Sub", x, y), g.op("Mul", x, y), axis=2)
        z = both(relu(g, g.op("Add", g.op("MatMul", z, w), bias)), second)
        mean = g.op("ReduceMean", z, axes=[1], keepdims=0)
        outs += [mean, g.op("ReduceMax", z, axes=[1], keepdims=0)]
    z = g.op("Tanh", dense(g, concat(g, *outs), 8 * h, h))
    return g.op("Softmax", dense(g, z, h, 3), axis=1)


def voicefilter(g: Builder, t: int, f: int = 601, who: int = 256, h: int = 400) -> str:
    """VoiceFilter: eight convolutions over a spectrogram, whose voice is wanted told each moment, an LSTM, a mask."""
    x, ci = g.input(1, 1, t, f), 1
    i = x
    for kh, kw, d in ((1, 7, 1), (7, 1, 1), (5, 5, 1), (5, 5, 2), (5, 5, 4), (5, 5, 8), (5, 5, 16)):
        p = [kh // 2 * d, kw // 2] * 2
        w = g.weight(64, ci, kh, kw), g.weight(64)
        x, ci = relu(g, g.op("Conv", x, *w, pads=p, dilations=[d, 1])), 64
    x = relu(g, g.op("Conv", x, g.weight(8, 64, 1, 1), g.weight(8)))
    x = g.op("Reshape", g.op("Transpose", x, perm=[2, 0, 1, 3]), g.const([t, 1, 8 * f]))
    voice = g.op("Expand", g.op("Unsqueeze", g.input(1, who), g.const([0])), g.const([t, 1, who]))
    x = layer(g, "LSTM", concat(g, x, voice, axis=2), 8 * f + who, h, True, (1, t, 2 * h))
    x = relu(g, product(g, relu(g, x), 2 * h, 600))
    mask = g.op("Sigmoid", product(g, x, 600, f))
    return g.op("Mul", g.op("Unsqueeze", mask, g.const([1])), i)


OF_LATE_RECURRENT = {
    "deeplob_b8": ("recurrent", lambda g: deeplob(g, 8)),
    "voicefilter_t60": ("recurrent", lambda g: voicefilter(g, 60)),
    "esim_b2_t40": ("recurrent", lambda g: esim(g, 2, 40)),
}  # fmt: skip
