"""Recurrences: series by LSTM-FCN, a listener that halves time, BiDAF's questions, FullSubNet's bands."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import concat, product, relu


def lstm(
    g: Builder, x: str, a: int, h: int, t: int, b: int = 1, ways: int = 1, ws: tuple[str, ...] = ()
) -> str:
    """LSTM on [T, B, A]; both ways if asked for; [T, B, ways H]."""
    ws = ws or (g.weight(ways, 4 * h, a), g.weight(ways, 4 * h, h), g.weight(ways, 8 * h))
    how = {"direction": "bidirectional"} if ways == 2 else {}
    y = g.op("LSTM", x, *ws, count=3, hidden_size=h, **how)[0]
    return g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([t, b, ways * h]))


def lstm_fcn(g: Builder, b: int, m: int, t: int, classes: int = 6) -> str:
    """LSTM-FCN: m series of t numbers; an LSTM over the series beside three convolutions over time."""
    i = g.input(b, m, t)
    x = g.op("Conv", i, g.weight(128, m, 7), g.weight(128), pads=[3, 3])
    x = line(g, line(g, relu(g, x), 128, 256, 5, act=relu), 256, 128, 3, act=relu)
    x = g.op("ReduceMean", x, axes=[2], keepdims=0)
    y = lstm(g, g.op("Transpose", i, perm=[1, 0, 2]), t, 100, m, b)
    y = g.op("Gather", y, g.const(np.array(m - 1)), axis=0)
    return dense(g, concat(g, x, y), 228, classes)


def listener(g: Builder, t: int, mel: int = 80, h: int = 256, layers: int = 3) -> str:
    """Listen, attend and spell: the listener, LSTMs both ways, two neighbours joined before each but the first."""
    x = lstm(g, g.op("Transpose", g.input(1, t, mel), perm=[1, 0, 2]), mel, h, t, ways=2)
    for _ in range(layers):
        t //= 2
        x = lstm(g, g.op("Reshape", x, g.const([t, 1, 4 * h])), 4 * h, h, t, ways=2)
    return g.op("Transpose", x, perm=[1, 0, 2])


def bidaf(g: Builder, c: int, q: int, h: int = 100) -> list[str]:
    """BiDAF behind its words: one LSTM reads text and question, attention both ways, where the answer is."""
    d = 2 * h
    shared = g.weight(2, 4 * h, d), g.weight(2, 4 * h, h), g.weight(2, 8 * h)
    last = lambda t: g.op("Transpose", t, perm=[1, 0, 2])
    text, asked = (last(lstm(g, last(g.input(1, n, d)), d, h, n, ways=2, ws=shared)) for n in (c, q))
    s = g.op("MatMul", g.op("Mul", text, g.weight(d)), g.op("Transpose", asked, perm=[0, 2, 1]))
    s = g.op("Add", s, g.op("MatMul", text, g.weight(d, 1)))
    s = g.op("Add", s, g.op("Transpose", g.op("MatMul", asked, g.weight(d, 1)), perm=[0, 2, 1]))
    there = g.op("MatMul", g.op("Softmax", s, axis=-1), asked)
    p = g.op("Softmax", g.op("ReduceMax", s, axes=[2], keepdims=0), axis=-1)
    back = g.op("MatMul", g.op("Unsqueeze", p, g.const([1])), text)
    x = concat(g, text, there, g.op("Mul", text, there), g.op("Mul", text, back), axis=2)
    m = lstm(g, lstm(g, last(x), 4 * d, h, c, ways=2), d, h, c, ways=2)
    end = last(lstm(g, m, d, h, c, ways=2))
    return [product(g, concat(g, x, y, axis=2), 5 * d, 1) for y in (last(m), end)]


def fullsubnet(g: Builder, t: int, f: int = 257, near: int = 15) -> str:
    """FullSubNet: all frequencies through two LSTMs, then each with its neighbours through two more."""

    def normed(x: str, axes: list[int]) -> str:
        return g.op("Div", x, g.op("Add", g.op("ReduceMean", x, axes=axes, keepdims=1), g.const(1e-4)))

    i = g.input(1, f, t)
    x = g.op("Transpose", normed(i, [1, 2]), perm=[2, 0, 1])
    x = relu(g, product(g, lstm(g, lstm(g, x, f, 512, t), 512, 512, t), 512, f))
    x = g.op("Reshape", g.op("Transpose", x, perm=[1, 2, 0]), g.const([f, 1, t]))
    p = g.op("Pad", i, g.const([0, near, 0, 0, near, 0]), mode="reflect")
    windows = np.arange(f)[:, None] + np.arange(2 * near + 1)[None]
    n = 2 * near + 1
    p = g.op("Reshape", g.op("Gather", p, g.const(windows), axis=1), g.const([f, n, t]))
    x = normed(concat(g, p, x), [1, 2])
    x = lstm(g, g.op("Transpose", x, perm=[2, 0, 1]), n + 1, 384, t, f)
    return g.op("Transpose", product(g, lstm(g, x, 384, 384, t, f), 384, 2), perm=[2, 1, 0])


NEWEST_RECURRENT = {
    "lstm_fcn_b8_9x128": ("recurrent", lambda g: lstm_fcn(g, 8, 9, 128)),
    "listener_t96": ("recurrent", lambda g: listener(g, 96)),
    "bidaf_c100_q20": ("recurrent", lambda g: bidaf(g, 100, 20)),
    "fullsubnet_t16": ("recurrent", lambda g: fullsubnet(g, 16)),
}  # fmt: skip
