"""Recurrent models at further sizes: words tagged and translated, speech, images in time, batches, separated voices."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, product
from tests.vendor.nets.known_recurrent import digits, dual_path, layer
from tests.vendor.nets.layers import conv, embedding, linear
from tests.vendor.nets.recurrences import image_memory
from tests.vendor.nets.sequences import gru
from tests.vendor.nets.state_kinds import text_line


def crf_tagger(g: Builder, t: int, d: int, hidden: int, tags: int = 9) -> str:
    """A tagger of words: a table, one LSTM of both ways, scores of tags."""
    x = g.op("Transpose", embedding(g, 8000, d, t), perm=[1, 0, 2])
    return linear(g, layer(g, "LSTM", x, d, hidden, True, (t, 1, 2 * hidden)), 2 * hidden, tags)


def encoder_decoder(g: Builder, t: int, d: int, vocab: int = 8000) -> list[str]:
    """An encoder of GRUs of both ways, Luong's attention of one word of the decoder."""
    x = g.op("Transpose", embedding(g, vocab, d, t), perm=[1, 0, 2])
    x = layer(g, "GRU", x, d, d, True, (t, 1, 2 * d))
    keys = g.op("Transpose", linear(g, x, 2 * d, d), perm=[1, 0, 2])
    old = g.input(1, 1, d)
    ws = [g.weight(1, 3 * d, a) for a in (d, d)]
    word = g.op(
        "Reshape", g.op("Gather", g.weight(vocab, d), g.input(1, dtype=7), axis=0), g.const([1, 1, d])
    )
    y, h = g.op("GRU", word, *ws, g.weight(1, 6 * d), "", old, count=2, hidden_size=d, linear_before_reset=1)
    y = g.op("Squeeze", y, g.const([1]))
    w = g.op("Softmax", g.op("MatMul", y, g.op("Transpose", keys, perm=[0, 2, 1])), axis=-1)
    y = g.op("Tanh", product(g, concat(g, g.op("MatMul", w, keys), y, axis=2), 2 * d, d, False))
    return [linear(g, y, d, vocab), h]


def gated_images(g: Builder, steps: int, size: int, ci: int, c: int) -> str:
    """A ConvGRU over images, unrolled: two gates by one 3x3, what is new by another."""
    one, two = (g.weight(2 * c, ci + c, 3, 3), g.weight(2 * c)), (g.weight(c, ci + c, 3, 3), g.weight(c))
    state = g.input(1, c, size, size)
    for _ in range(steps):
        x = g.input(1, ci, size, size)
        gates = g.op("Sigmoid", g.op("Conv", concat(g, x, state), *one, pads=[1] * 4))
        z, r = g.op("Split", gates, count=2, axis=1)
        new = g.op("Tanh", g.op("Conv", concat(g, x, g.op("Mul", r, state)), *two, pads=[1] * 4))
        kept = g.op("Mul", g.op("Sub", g.const(1.0), z), state)
        state = g.op("Add", kept, g.op("Mul", z, new))
    return conv(g, state, c, 1, 1)


def watched(g: Builder, b: int, t: int, d: int, hidden: int) -> str:
    """Readings of machines (b of them): two GRUs, a mean over time, what is left of their life."""
    x = g.op("Transpose", g.input(b, t, d), perm=[1, 0, 2])
    for i in range(2):
        x = layer(g, "GRU", x, hidden if i else d, hidden)
    x = g.op("ReduceMean", x, axes=[0], keepdims=0)
    return product(g, g.op("Relu", product(g, x, hidden, hidden // 2)), hidden // 2, 1)


def codec_lines(g: Builder, t: int, d: int, layers: int = 2) -> str:
    """The LSTMs of a sound codec between its windows: a skip around two layers."""
    x = g.op("Conv", g.input(1, d, t), g.weight(d, d, 7), g.weight(d), pads=[3, 3])
    y = g.op("Transpose", x, perm=[2, 0, 1])
    for _ in range(layers):
        y = layer(g, "LSTM", y, d, d)
    return g.op("Add", x, g.op("Transpose", y, perm=[1, 2, 0]))


def forecast(g: Builder, b: int, t: int, d: int, hidden: int, ahead: int) -> str:
    """DeepAR's layers: lagged values, three LSTMs, the mean and the spread of what comes."""
    x = g.op("Transpose", g.input(b, t, d), perm=[1, 0, 2])
    for i in range(3):
        x = layer(g, "LSTM", x, hidden if i else d, hidden)
    x = product(g, g.op("Gather", x, g.const(np.array(t - 1)), axis=0), hidden, 2 * ahead)
    mean, spread = g.op("Split", x, count=2, axis=1)
    return g.op("Add", mean, g.op("Softplus", spread))


FURTHER_RECURRENT = {
    "crf_tagger_t48_h100": ("recurrent", lambda g: crf_tagger(g, 48, 100, 100)),
    "crf_tagger_t40_h150": ("recurrent", lambda g: crf_tagger(g, 40, 300, 150)),
    "lstm_digits_b16_h256": ("recurrent", lambda g: digits(g, 16, 40, 64, 256, 2)),
    "gru_digits_b8_h256": ("recurrent", lambda g: digits(g, 8, 30, 40, 256, 2, "GRU")),
    "deepar_b32_h48": ("recurrent", lambda g: forecast(g, 32, 24, 32, 48, 24)),
    "watched_b4_h96": ("recurrent", lambda g: watched(g, 4, 50, 24, 96)),
    "seq2seq_gru_t24_h256": ("recurrent", lambda g: encoder_decoder(g, 24, 256)),
    "crnn_128_h128": ("recurrent", lambda g: text_line(g, 128, 128)),
    "convgru_32_c64": ("recurrent", lambda g: gated_images(g, 4, 32, 32, 64)),
    "convlstm_24_c32": ("recurrent", lambda g: image_memory(g, 4, 24, 16, 32)),
    "dprnn_50x40": ("recurrent", lambda g: dual_path(g, 50, 40)),
    "codec_lstm_t75_h512": ("recurrent", lambda g: codec_lines(g, 75, 512)),
    "gru_128_t60_both": ("recurrent", lambda g: gru(g, 60, 80, 128, True)),
}  # fmt: skip
