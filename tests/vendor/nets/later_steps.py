"""Recurrent steps as services run them: joiners, beams, samples of sound, pictures told; cells in plain ops."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.layers import cut, linear


def cell(g: Builder, kind: str, x: str, b: int, d: int, h: int) -> tuple[str, list[str]]:
    """One time step of [1, b, d] from given states: [b, h], and the states."""
    gates, n = {"GRU": (3, 1), "LSTM": (4, 2)}[kind]
    more = {"linear_before_reset": 1} if kind == "GRU" else {}
    w = [g.weight(1, gates * h, d), g.weight(1, gates * h, h), g.weight(1, 2 * gates * h)]
    states = [g.input(1, b, h) for _ in range(n)]
    y, *new = g.op(kind, x, *w, "", *states, count=1 + n, hidden_size=h, **more)
    return g.op("Reshape", y, g.const([b, h])), list(new)


def predicted(g: Builder, b: int, h: int, layers: int, joint: int = 640, words: int = 1024) -> list[str]:
    """RNN-T: a token of b sequences through the predictor, joined with a frame of the encoder."""
    x, outs = g.op("Gather", g.weight(words, h), g.input(1, b, dtype=7), axis=0), []
    for _ in range(layers):
        y, new = cell(g, "LSTM", x, b, h, h)
        x = g.op("Unsqueeze", y, g.const([0]))
        outs += new
    both = g.op("Add", product(g, g.input(b, 512), 512, joint), product(g, y, h, joint))
    return [g.op("LogSoftmax", product(g, relu(g, both), joint, words + 1), axis=-1), *outs]


def beams(g: Builder, b: int, src: int, h: int, words: int = 16000) -> list[str]:
    """A word of b beams: two LSTMs, Luong's attention to the source, the next word."""
    x, outs = g.op("Gather", g.weight(words, h), g.input(1, b, dtype=7), axis=0), []
    for _ in range(2):
        y, new = cell(g, "LSTM", x, b, h, h)
        x = g.op("Unsqueeze", y, g.const([0]))
        outs += new
    keys, asked = g.input(b, src, h), g.op("Unsqueeze", product(g, y, h, h, False), g.const([1]))
    w = g.op("Softmax", g.op("MatMul", asked, g.op("Transpose", keys, perm=[0, 2, 1])), axis=-1)
    seen = g.op("Squeeze", g.op("MatMul", w, keys), g.const([1]))
    y = g.op("Tanh", product(g, concat(g, seen, y), 2 * h, h, False))
    return [product(g, y, h, words), *outs]


def told(g: Builder, places: int = 196, d: int = 512, h: int = 512, words: int = 9000) -> list[str]:
    """Show, attend and tell: a word of a caption, additive attention to the picture's places."""
    seen, old = g.input(1, places, d), g.input(1, h)
    e = g.op("Add", linear(g, seen, d, 512), g.op("Unsqueeze", linear(g, old, h, 512), g.const([1])))
    w = g.op("Softmax", linear(g, relu(g, e), 512, 1), axis=1)
    z = g.op("ReduceSum", g.op("Mul", seen, w), g.const([1]), keepdims=0)
    z = g.op("Mul", z, g.op("Sigmoid", linear(g, old, h, d)))
    word = g.op("Gather", g.weight(words, 512), g.input(1, dtype=7), axis=0)
    x = g.op("Unsqueeze", concat(g, word, z), g.const([0]))
    y, new = cell(g, "LSTM", x, 1, d + 512, h)
    return [linear(g, y, h, words), *new]


def sampled(g: Builder, h: int = 512) -> list[str]:
    """WaveRNN: a sample of sound through two GRUs with skips and two dense layers."""
    a = [g.input(1, 32) for _ in range(4)]
    x, outs = linear(g, concat(g, g.input(1, 1), g.input(1, 80), a[0]), 113, h), []
    for i, d in ((1, 0), (2, 32)):
        part = concat(g, x, a[i]) if d else x
        y, new = cell(g, "GRU", g.op("Unsqueeze", part, g.const([0])), 1, h + d, h)
        x, outs = g.op("Add", x, y), outs + new
    x = relu(g, linear(g, concat(g, x, a[2]), h + 32, h))
    x = relu(g, linear(g, concat(g, x, a[3]), h + 32, h))
    return [g.op("Softmax", linear(g, x, h, 512), axis=-1), *outs]


def streets(g: Builder, nodes: int, t: int, h: int) -> str:
    """T-GCN: speeds on streets, a GRU cell whose products pass the streets' graph, unrolled."""
    near = g.const(np.random.default_rng(2).uniform(0.0, 0.1, (nodes, nodes)))
    one, two = (g.weight(h + 1, 2 * h), g.weight(2 * h)), (g.weight(h + 1, h), g.weight(h))
    x, state = g.input(t, nodes, 1), g.const(np.zeros((nodes, h)))
    for i in range(t):
        now = g.op("Squeeze", cut(g, x, 0, i, i + 1), g.const([0]))
        both = g.op("MatMul", near, concat(g, now, state))
        r, u = g.op(
            "Split", g.op("Sigmoid", g.op("Add", g.op("MatMul", both, one[0]), one[1])), count=2, axis=1
        )
        both = g.op("MatMul", near, concat(g, now, g.op("Mul", r, state)))
        new = g.op("Tanh", g.op("Add", g.op("MatMul", both, two[0]), two[1]))
        state = g.op("Add", g.op("Mul", u, state), g.op("Mul", g.op("Sub", g.const(1.0), u), new))
    return product(g, state, h, 3)


def quasi(g: Builder, t: int, d: int, layers: int) -> str:
    """A QRNN: gates of two places at once by windows, states pooled one by one."""
    x = g.input(1, d, t)
    for _ in range(layers):
        y = g.op("Conv", x, g.weight(3 * d, d, 2), g.weight(3 * d), pads=[1, 0])
        z, f, o = g.op("Split", y, count=3, axis=1)
        z, f, o = g.op("Tanh", z), g.op("Sigmoid", f), g.op("Sigmoid", o)
        new, c, rows = g.op("Mul", z, g.op("Sub", g.const(1.0), f)), "", []
        for i in range(t):
            add = cut(g, new, 2, i, i + 1)
            c = g.op("Add", g.op("Mul", cut(g, f, 2, i, i + 1), c), add) if c else add
            rows.append(c)
        x = g.op("Mul", o, concat(g, *rows, axis=2))
    return x


LATER_STEPS = {
    "rnnt_step_b1_h640": ("recurrent", lambda g: predicted(g, 1, 640, 2)),
    "rnnt_step_b8_h512": ("recurrent", lambda g: predicted(g, 8, 512, 1)),
    "beams_b4_h512": ("recurrent", lambda g: beams(g, 4, 30, 512)),
    "told_step_196": ("recurrent", lambda g: told(g)),
    "wavernn_step": ("recurrent", lambda g: sampled(g)),
    "tgcn_207_t6_h64": ("recurrent", lambda g: streets(g, 207, 6, 64)),
    "qrnn_t24_d256": ("recurrent", lambda g: quasi(g, 24, 256, 2)),
}  # fmt: skip
