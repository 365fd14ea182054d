"""Recurrences: a written line by Tesseract, letters by Tacotron 2, what is unusual in a series, a voice cleaned."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.known_recurrent import layer
from tests.vendor.nets.layers import conv, cut
from tests.vendor.nets.usual_pieces import pooled


def tesseract(g: Builder, w: int, h: int = 36, letters: int = 111) -> str:
    """Tesseract's fast English net: an LSTM down each column, along the line, back and along once more."""
    x = g.op("Tanh", conv(g, g.input(1, 1, h, w), 1, 16, 3))
    x, n, t = pooled(g, x, 3, 3), h // 3, w // 3
    x = g.op("Reshape", g.op("Transpose", x, perm=[2, 3, 0, 1]), g.const([n, t, 16]))
    x = g.op("Gather", layer(g, "LSTM", x, 16, 48), g.const(np.array(n - 1)), axis=0)
    x = layer(g, "LSTM", g.op("Reshape", x, g.const([t, 1, 48])), 48, 96)
    back = g.const(np.arange(t)[::-1].copy())
    x = g.op("Gather", layer(g, "LSTM", g.op("Gather", x, back, axis=0), 96, 96), back, axis=0)
    return g.op("Softmax", product(g, layer(g, "LSTM", x, 96, 192), 192, letters), axis=-1)


def tacotron2_encoder(g: Builder, n: int, d: int = 512, symbols: int = 148) -> str:
    """Tacotron 2's encoder: three convolutions along the letters, an LSTM both ways."""
    x = g.op("Gather", g.weight(symbols, d), g.input(1, n, dtype=TensorProto.INT64))
    x = g.op("Transpose", x, perm=[0, 2, 1])
    for _ in range(3):
        x = line(g, x, d, d, 5, act=relu)
    x = layer(g, "LSTM", g.op("Transpose", x, perm=[2, 0, 1]), d, d // 2, True, (n, 1, d))
    return g.op("Transpose", x, perm=[1, 0, 2])


def series_autoencoder(g: Builder, b: int, t: int, d: int = 8) -> str:
    """An LSTM autoencoder: a window of sensors in one vector and back, how far it lies from what was."""
    i = g.input(b, t, d)
    x = layer(g, "LSTM", g.op("Transpose", i, perm=[1, 0, 2]), d, 128)
    x = g.op("Gather", layer(g, "LSTM", x, 128, 64), g.const(np.array(t - 1)), axis=0)
    x = g.op("Expand", g.op("Unsqueeze", x, g.const([0])), g.const([t, b, 64]))
    x = layer(g, "LSTM", layer(g, "LSTM", x, 64, 64), 64, 128)
    x = g.op("Transpose", product(g, x, 128, d), perm=[1, 0, 2])
    return g.op("ReduceMean", g.op("Abs", g.op("Sub", i, x)), axes=[1, 2], keepdims=0)


def dns48(g: Builder, steps: int, c: int = 48, depth: int = 5) -> str:
    """Denoiser DNS48: a waveform at four times its rate, five strided convolutions, two LSTMs, back with skips."""
    n = steps
    for _ in range(depth):
        n = 4 * (n - 1) + 8
    zeros, kernel = 56, g.weight(1, 1, 112)

    def finer(x: str, m: int) -> str:
        y = cut(g, g.op("Conv", x, kernel, pads=[zeros, zeros]), 2, 1, m + 1)
        both = [g.op("Unsqueeze", t, g.const([3])) for t in (x, y)]
        return g.op("Reshape", concat(g, *both, axis=3), g.const([1, 1, 2 * m]))

    def coarser(x: str, m: int) -> str:
        pick = lambda k: g.op("Slice", x, g.const([k]), g.const([m]), g.const([2]), g.const([2]))
        y = cut(g, g.op("Conv", pick(1), kernel, pads=[zeros, zeros]), 2, 0, m // 2)
        return g.op("Mul", g.op("Add", pick(0), y), g.const(0.5))

    def gated(x: str, ch: int) -> str:
        a, b = g.op("Split", line(g, x, ch, 2 * ch), g.const([ch, ch]), count=2, axis=1)
        return g.op("Mul", a, g.op("Sigmoid", b))

    x = finer(finer(g.input(1, 1, n // 4), n // 4), n // 2)
    a, b, skips = 1, c, []
    for _ in range(depth):
        x = relu(g, g.op("Conv", x, g.weight(b, a, 8), g.weight(b), strides=[4]))
        x = gated(x, b)
        skips.append(x)
        a, b = b, 2 * b
    y = g.op("Transpose", x, perm=[2, 0, 1])
    for _ in range(2):
        y = layer(g, "LSTM", y, a, a)
    x = g.op("Transpose", y, perm=[1, 2, 0])
    while skips:
        x = gated(g.op("Add", x, skips.pop()), a)
        b = a // 2 if skips else 1
        x = g.op("ConvTranspose", x, g.weight(a, b, 8), g.weight(b), strides=[4])
        x, a = relu(g, x) if skips else x, b
    return coarser(coarser(x, n), n // 2)


NOWADAYS_RECURRENT = {
    "tesseract_fast_36x240": ("recurrent", lambda g: tesseract(g, 240)),
    "tacotron2_enc_80": ("recurrent", lambda g: tacotron2_encoder(g, 80)),
    "lstm_autoencoder_b16_t30": ("recurrent", lambda g: series_autoencoder(g, 16, 30)),
    "dns48_t30": ("recurrent", lambda g: dns48(g, 30)),
}  # fmt: skip
