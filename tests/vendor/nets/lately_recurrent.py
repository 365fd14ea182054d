"""Recurrences: who speaks by pyannote, noise by GTCRN, series by the Temporal Fusion Transformer, documents by HAN."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, product
from tests.vendor.nets.layers import cut
from tests.vendor.nets.newest_recurrent import lstm
from tests.vendor.nets.usual_pieces import convolved, prelu


def gru(g: Builder, x: str, a: int, h: int, t: int, b: int, ways: int = 1) -> str:
    """GRU on [T, B, A]; both ways if asked for; [T, B, ways H]."""
    ws = g.weight(ways, 3 * h, a), g.weight(ways, 3 * h, h), g.weight(ways, 6 * h)
    how = {"direction": "bidirectional"} if ways == 2 else {}
    y = g.op("GRU", x, *ws, count=2, hidden_size=h, linear_before_reset=1, **how)[0]
    return g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([t, b, ways * h]))


def pyannote(g: Builder, n: int, layers: int = 4, classes: int = 7) -> str:
    """pyannote's segmentation: sinc filters and two lines on the sound, LSTMs both ways, seven sets of speakers."""
    norm = lambda t, c: g.op("InstanceNormalization", t, g.weight(c), g.weight(c), epsilon=1e-5)
    x, ci = norm(g.input(1, 1, n), 1), 1
    for c, k, s in ((80, 251, 10), (60, 5, 1), (60, 5, 1)):
        bias = () if ci == 1 else (g.weight(c),)
        x = g.op("Conv", x, g.weight(c, ci, k), *bias, strides=[s])
        x = g.op("MaxPool", g.op("Abs", x) if ci == 1 else x, kernel_shape=[3], strides=[3])
        x, ci, n = g.op("LeakyRelu", norm(x, c), alpha=0.01), c, ((n - k) // s + 1) // 3
    x = g.op("Transpose", x, perm=[2, 0, 1])
    for i in range(layers):
        x = lstm(g, x, 256 if i else 60, 128, n, ways=2)
    x = g.op("Transpose", x, perm=[1, 0, 2])
    for a in (256, 128):
        x = g.op("LeakyRelu", product(g, x, a, 128), alpha=0.01)
    return g.op("LogSoftmax", product(g, x, 128, classes), axis=-1)


def gtcrn(g: Builder, t: int, c: int = 16) -> str:
    """GTCRN: bands, grouped convolutions gated along time by GRUs, GRUs along bands and along time, a complex mask."""

    def near(x: str, f: int) -> str:
        p = g.op("Pad", x, g.const([0, 0, 0, 1, 0, 0, 0, 1]))
        y = concat(g, *(g.op("Unsqueeze", cut(g, p, 3, i, i + f), g.const([2])) for i in range(3)), axis=2)
        return g.op("Reshape", y, g.const([1, -1, t, f]))

    def block(x: str, d: int) -> str:
        a, b = g.op("Split", x, g.const([c // 2] * 2), count=2, axis=1)
        y = prelu(g, convolved(g, near(a, 33), 3 * c // 2, c, 1, 1, act=None), c)
        y = g.op("Pad", y, g.const([0, 0, 2 * d, 0, 0, 0, 0, 0]))
        w = g.weight(c, 1, 3, 3), g.weight(c)
        y = prelu(g, g.op("Conv", y, *w, pads=[0, 1, 0, 1], dilations=[d, 1], group=c), c)
        y = convolved(g, y, c, c // 2, 1, 1, act=None)
        z = g.op("Transpose", g.op("ReduceMean", g.op("Mul", y, y), axes=[3], keepdims=0), perm=[2, 0, 1])
        z = g.op("Sigmoid", product(g, gru(g, z, c // 2, c, t, 1), c, c // 2))
        y = g.op("Mul", y, g.op("Unsqueeze", g.op("Transpose", z, perm=[1, 2, 0]), g.const([3])))
        pairs = concat(g, *(g.op("Unsqueeze", u, g.const([2])) for u in (y, b)), axis=2)
        return g.op("Reshape", pairs, g.const([1, c, t, 33]))

    def two(x: str, n: int, b: int, ways: int) -> str:
        h = c // 2
        parts = g.op("Split", x, g.const([h, h]), count=2, axis=2)
        y = concat(g, *(gru(g, u, h, h // ways, n, b, ways) for u in parts), axis=2)
        return product(g, y, c, c)

    def paths(x: str) -> str:
        x = g.op("Transpose", x, perm=[0, 2, 3, 1])
        for turn, n, b, ways in (([1, 0, 2], 33, t, 2), ([0, 1, 2], t, 33, 1)):
            y = g.op("Transpose", g.op("Reshape", x, g.const([t, 33, c])), perm=turn)
            y = g.op("Reshape", g.op("Transpose", two(y, n, b, ways), perm=turn), g.const([1, t, 33, c]))
            scale, shift = g.weight(33, c), g.weight(33, c)
            x = g.op("Add", x, g.op("LayerNormalization", y, scale, shift, axis=-2, epsilon=1e-4))
        return g.op("Transpose", x, perm=[0, 3, 1, 2])

    i = g.input(1, 2, t, 257)
    long = g.op("Sqrt", g.op("Add", g.op("ReduceSum", g.op("Mul", i, i), g.const([1])), g.const(1e-4)))
    x = concat(g, long, i)
    x = near(concat(g, cut(g, x, 3, 0, 65), product(g, cut(g, x, 3, 65, 257), 192, 64, False), axis=3), 129)
    maps = []
    for a, gr in ((9, 1), (c, 2)):
        w = g.weight(c, a // gr, 1, 5), g.weight(c)
        x = prelu(g, g.op("Conv", x, *w, strides=[1, 2], pads=[0, 2, 0, 2], group=gr), c)
        maps.append(x)
    for d in (1, 2, 5):
        x = block(x, d)
        maps.append(x)
    x = paths(paths(x))
    for d in (5, 2, 1):
        x = block(g.op("Add", x, maps.pop()), d)
    for b, gr in ((c, 2), (2, 1)):
        w = g.weight(c, b // gr, 1, 5), g.weight(b)
        how = {"strides": [1, 2], "pads": [0, 2, 0, 2], "group": gr}
        x = g.op("ConvTranspose", g.op("Add", x, maps.pop()), *w, **how)
        x = prelu(g, x, c) if b == c else g.op("Tanh", x)
    x = concat(g, cut(g, x, 3, 0, 65), product(g, cut(g, x, 3, 65, 129), 64, 192, False), axis=3)
    (a, b), (p, q) = (g.op("Split", u, g.const([1, 1]), count=2, axis=1) for u in (x, i))
    real = g.op("Sub", g.op("Mul", p, a), g.op("Mul", q, b))
    return concat(g, real, g.op("Add", g.op("Mul", q, a), g.op("Mul", p, b)))


LATELY_RECURRENT = {
    "gtcrn_t24": ("recurrent", lambda g: gtcrn(g, 24)),
    "pyannote_16000": ("recurrent", lambda g: pyannote(g, 16000)),
}  # fmt: skip
