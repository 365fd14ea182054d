"""LSTMs and GRUs: speech, words, how a text is meant, many series at once."""

from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.layers import cut, embedding
from tests.vendor.nets.sequences import recurrent


def deepspeech(g: Builder, t: int, n: int = 2048) -> list[str]:
    """DeepSpeech 0.9: three clipped products of 19 frames, an LSTM of 2048, two products."""
    c20 = lambda x: g.op("Clip", x, g.const(0.0), g.const(20.0))
    x = g.input(t, 494)
    for a in (494, n, n):
        x = c20(dense(g, x, a, n))
    y = g.op(
        "LSTM",
        g.op("Reshape", x, g.const([t, 1, n])),
        g.weight(1, 4 * n, n),
        g.weight(1, 4 * n, n),
        g.weight(1, 8 * n),
        "",
        g.input(1, 1, n),
        g.input(1, 1, n),
        count=3,
        hidden_size=n,
    )
    x = c20(dense(g, g.op("Reshape", y[0], g.const([t, n])), n, n))
    return [g.op("Softmax", dense(g, x, n, 29), axis=-1), y[1], y[2]]


def awd_lstm(g: Builder, t: int, words: int = 10000) -> str:
    """AWD-LSTM on Penn Treebank: three LSTMs of 1152, 1152 and 400."""
    x = g.op("Transpose", embedding(g, words, 400, t), perm=[1, 0, 2])
    for a, h in ((400, 1152), (1152, 1152), (1152, 400)):
        y = recurrent(
            g, "LSTM", x, [g.weight(1, 4 * h, a), g.weight(1, 4 * h, h), g.weight(1, 8 * h)], h, False, t, 2
        )
        x = g.op("Transpose", y, perm=[1, 0, 2])
    return dense(g, g.op("Reshape", x, g.const([t, 400])), 400, words)


def sentiment(g: Builder, b: int, t: int, h: int = 256, words: int = 20000) -> str:
    """A sentiment classifier: two LSTMs of both directions, the largest of each number in time."""
    x = g.op(
        "Transpose",
        g.op("Gather", g.weight(words, 300), g.input(b, t, dtype=TensorProto.INT64)),
        perm=[1, 0, 2],
    )
    a = 300
    for _ in range(2):
        y = g.op(
            "LSTM",
            x,
            g.weight(2, 4 * h, a),
            g.weight(2, 4 * h, h),
            g.weight(2, 8 * h),
            count=3,
            hidden_size=h,
            direction="bidirectional",
        )
        x, a = g.op("Reshape", g.op("Transpose", y[0], perm=[0, 2, 1, 3]), g.const([t, b, 2 * h])), 2 * h
    y = g.op("ReduceMax", x, axes=[0], keepdims=0)
    return dense(g, relu(g, dense(g, y, 2 * h, 128)), 128, 2)


def lstnet(
    g: Builder, n: int = 168, m: int = 321, c: int = 100, h: int = 100, skip: int = 24, hs: int = 5
) -> str:
    """LSTNet on electricity: six hours convolved, a GRU, a GRU over days, a line for each series."""
    i = g.input(1, n, m)
    x = relu(g, g.op("Conv", g.op("Unsqueeze", i, g.const([1])), g.weight(c, 1, 6, m), g.weight(c)))
    t = n - 5
    x = g.op("Reshape", x, g.const([1, c, t]))

    def gru(x, a, k):
        return g.op(
            "GRU",
            x,
            g.weight(1, 3 * k, a),
            g.weight(1, 3 * k, k),
            g.weight(1, 6 * k),
            count=2,
            hidden_size=k,
            linear_before_reset=1,
        )[1]

    r = g.op("Reshape", gru(g.op("Transpose", x, perm=[2, 0, 1]), c, h), g.const([1, h]))
    p = t // skip
    s = g.op("Reshape", cut(g, x, 2, t - p * skip, t), g.const([1, c, p, skip]))
    s = g.op("Reshape", g.op("Transpose", s, perm=[2, 0, 3, 1]), g.const([p, skip, c]))
    s = g.op("Reshape", gru(s, c, hs), g.const([1, skip * hs]))
    y = dense(g, concat(g, r, s), h + skip * hs, m)
    z = g.op("Transpose", cut(g, i, 1, n - 24, n), perm=[0, 2, 1])
    return g.op("Add", y, g.op("Reshape", product(g, z, 24, 1), g.const([1, m])))


RECENT_RECURRENT = {
    "deepspeech09_t16": ("recurrent", lambda g: deepspeech(g, 16)),
    "bilstm_sentiment_b8_t32": ("recurrent", lambda g: sentiment(g, 8, 32)),
    "awd_lstm_t35": ("recurrent", lambda g: awd_lstm(g, 35)),
    "lstnet_168": ("recurrent", lambda g: lstnet(g)),
}  # fmt: skip
