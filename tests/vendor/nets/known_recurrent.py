"""Recurrent models at the sizes people run: text lines, speech, batches of sequences, flow, separated voices."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.layers import conv, cut, embedding, layernorm, linear
from tests.vendor.nets.state_kinds import text_line


def layer(
    g: Builder, kind: str, x: str, d: int, hidden: int, both: bool = False, out: tuple[int, ...] = ()
) -> str:
    """A recurrent layer over [T, B, I] without a start: [T, B, H], or both ways joined to the shape `out`."""
    ways, gates = 2 if both else 1, {"GRU": 3, "LSTM": 4}[kind]
    w = [g.weight(ways, gates * hidden, a) for a in (d, hidden)]
    more = {"linear_before_reset": 1} if kind == "GRU" else {}
    y = g.op(
        kind, x, *w, g.weight(ways, 2 * gates * hidden), count=2 + (kind == "LSTM"), hidden_size=hidden,
        direction="bidirectional" if both else "forward", **more,
    )[0]  # fmt: skip
    if not both:
        return g.op("Squeeze", y, g.const([1]))
    return g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const(list(out)))


def digits(g: Builder, b: int, t: int, d: int, hidden: int, layers: int, kind: str = "LSTM") -> str:
    """A batch of sequences through layers of one way, the last place judged."""
    x = g.op("Transpose", g.input(b, t, d), perm=[1, 0, 2])
    for i in range(layers):
        x = layer(g, kind, x, hidden if i else d, hidden)
    return product(g, g.op("Gather", x, g.const(np.array(t - 1)), axis=0), hidden, 10)


def activity(g: Builder, b: int, t: int = 128, channels: int = 9) -> str:
    """Movements told apart: two convolutions along time, two LSTMs of 128."""
    x, ci = g.input(b, channels, t), channels
    for co in (64, 64):
        x, ci = relu(g, g.op("Conv", x, g.weight(co, ci, 5), g.weight(co), pads=[2, 2])), co
    x = g.op("MaxPool", x, kernel_shape=[2], strides=[2])
    x = g.op("Transpose", x, perm=[2, 0, 1])
    for i in range(2):
        x = layer(g, "LSTM", x, 128 if i else 64, 128)
    x = product(g, g.op("Gather", x, g.const(np.array(t // 2 - 1)), axis=0), 128, 6)
    return g.op("Softmax", x, axis=1)


def translated(g: Builder, t: int, d: int, layers: int) -> str:
    """An encoder of translation: the first layer both ways, then one way with skips."""
    x = g.op("Transpose", embedding(g, 8000, d, t), perm=[1, 0, 2])
    x = layer(g, "LSTM", x, d, d // 2, True, (t, 1, d))
    for _ in range(layers - 1):
        x = g.op("Add", x, layer(g, "LSTM", x, d, d))
    return x


def words_step(g: Builder, src: int, d: int, vocab: int) -> list[str]:
    """A GRU decoder with Bahdanau's attention: one word."""
    word = g.op("Gather", g.weight(vocab, d), g.input(1, dtype=7), axis=0)
    old, keys, text = g.input(1, 1, d), g.input(1, src, d), g.input(1, src, d)
    asked = linear(g, g.op("Transpose", old, perm=[1, 0, 2]), d, d)
    scores = linear(g, g.op("Tanh", g.op("Add", asked, keys)), d, 1, False)
    w = g.op("Softmax", g.op("Transpose", scores, perm=[0, 2, 1]), axis=-1)
    seen = g.op("MatMul", w, text)
    x = g.op("Transpose", concat(g, g.op("Unsqueeze", word, g.const([0])), seen, axis=2), perm=[1, 0, 2])
    ws = [g.weight(1, 3 * d, 2 * d), g.weight(1, 3 * d, d), g.weight(1, 6 * d)]
    y, h = g.op("GRU", x, *ws, "", old, count=2, hidden_size=d, linear_before_reset=1)
    return [g.op("LogSoftmax", product(g, g.op("Squeeze", y, g.const([0, 1])), d, vocab), axis=-1), h, w]


def flow_update(g: Builder, h: int, w: int, planes: int = 324) -> list[str]:
    """RAFT's update: correlation and flow encoded, two GRUs of 1x5 and 5x1 windows, flow and mask."""
    net, inp, corr, flow = (g.input(1, c, h, w) for c in (128, 128, planes, 2))
    c = conv(g, relu(g, conv(g, corr, planes, 256, 1)), 256, 192)
    f = conv(g, relu(g, conv(g, flow, 2, 128, 7)), 128, 64)
    x = relu(g, conv(g, concat(g, relu(g, c), relu(g, f)), 256, 126))
    x = concat(g, inp, x, flow)
    for k in ((1, 5), (5, 1)):
        pads = [k[0] // 2, k[1] // 2] * 2
        one = lambda t: g.op("Conv", t, g.weight(128, 384, *k), g.weight(128), pads=pads)  # noqa: B023
        both = concat(g, net, x)
        z, r = (g.op("Sigmoid", one(both)) for _ in range(2))
        q = g.op("Tanh", one(concat(g, g.op("Mul", r, net), x)))
        net = g.op("Add", g.op("Mul", g.op("Sub", g.const(1.0), z), net), g.op("Mul", z, q))
    delta = conv(g, relu(g, conv(g, net, 128, 256)), 256, 2)
    mask = conv(g, relu(g, conv(g, net, 128, 256)), 256, 576, 1)
    return [net, g.op("Mul", mask, g.const(0.25)), delta]


def dual_path(g: Builder, k: int, s: int, d: int = 64, hidden: int = 128) -> str:
    """DPRNN's block: LSTMs of both ways inside each of s chunks of k places, then across them."""
    x = g.input(1, d, k, s)
    for perm, t, b, back in (([2, 0, 3, 1], k, s, [1, 3, 0, 2]), ([3, 0, 2, 1], s, k, [1, 3, 2, 0])):
        y = g.op("Reshape", g.op("Transpose", x, perm=perm), g.const([t, b, d]))
        y = linear(g, layer(g, "LSTM", y, d, hidden, True, (t, b, 2 * hidden)), 2 * hidden, d)
        y = layernorm(g, y, d)
        x = g.op("Add", x, g.op("Transpose", g.op("Reshape", y, g.const([t, 1, b, d])), perm=back))
    return x


def sessions(g: Builder, b: int, t: int, items: int = 20000, d: int = 100) -> str:
    """GRU4Rec: sessions of clicks, the next item."""
    x = g.op("Gather", g.weight(items, d), g.input(t, b, dtype=7), axis=0)
    x = layer(g, "GRU", x, d, d)
    return product(g, g.op("Squeeze", cut(g, x, 0, t - 1, t), g.const([0])), d, items)


KNOWN_RECURRENT = {
    "crnn_100_h256": ("recurrent", lambda g: text_line(g, 100, 256)),
    "lstm_digits_b32": ("recurrent", lambda g: digits(g, 32, 28, 28, 128, 2)),
    "lstm_series_b8_h512": ("recurrent", lambda g: digits(g, 8, 24, 16, 512, 2)),
    "gru_series_b32_t30": ("recurrent", lambda g: digits(g, 32, 30, 64, 256, 1, "GRU")),
    "activity_b1": ("recurrent", lambda g: activity(g, 1)),
    "activity_b16": ("recurrent", lambda g: activity(g, 16)),
    "gnmt_enc_t20": ("recurrent", lambda g: translated(g, 20, 1024, 4)),
    "bahdanau_step_40": ("recurrent", lambda g: words_step(g, 40, 512, 16000)),
    "raft_update_46x62": ("recurrent", lambda g: flow_update(g, 46, 62)),
    "dprnn_100x32": ("recurrent", lambda g: dual_path(g, 100, 32)),
    "gru4rec_b16_t20": ("recurrent", lambda g: sessions(g, 16, 20)),
}
