"""Sound: PANNs CNN10, MatchboxNet, DTLN."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import product, relu
from tests.vendor.nets.layers import conv_relu, layernorm


def cnn10(g: Builder, t: int, mel: int = 64) -> str:
    """CNN10: pairs of 3x3 and means of 2x2 on a spectrogram, 527 tags."""
    x, ci = g.input(1, 1, t, mel), 1
    for co in (64, 128, 256, 512):
        x, ci = (
            g.op(
                "AveragePool",
                conv_relu(g, conv_relu(g, x, ci, co, 3), co, co, 3),
                kernel_shape=[2, 2],
                strides=[2, 2],
            ),
            co,
        )
    x = g.op("ReduceMean", x, axes=[3], keepdims=0)
    x = g.op("Add", g.op("ReduceMax", x, axes=[2], keepdims=0), g.op("ReduceMean", x, axes=[2], keepdims=0))
    return g.op("Sigmoid", dense(g, relu(g, dense(g, x, 512, 512)), 512, 527))


def matchboxnet(g: Builder, t: int) -> str:
    """MatchboxNet 3x1x64: depthwise lines and products, three residual blocks."""

    def c1(x, a, b, k=1, s=1, gr=1, d=1):
        p = d * (k // 2)
        return g.op(
            "Conv", x, g.weight(b, a // gr, k), g.weight(b), strides=[s], pads=[p, p], group=gr, dilations=[d]
        )

    def sep(x, a, b, k, s=1, d=1):
        return c1(c1(x, a, a, k, s, a, d), a, b)

    x = relu(g, sep(g.input(1, 64, t), 64, 128, 11))
    ci = 128
    for k in (13, 15, 17):
        y = relu(g, sep(x, ci, 64, k))
        y = sep(y, 64, 64, k)
        x, ci = relu(g, g.op("Add", y, c1(x, ci, 64))), 64
    x = relu(g, sep(x, 64, 128, 29, 1, 2))
    x = c1(relu(g, c1(x, 128, 128)), 128, 35)
    return g.op("ReduceMean", x, axes=[2], keepdims=0)


def dtln(g: Builder, T: int, bins: int = 257, units: int = 128) -> str:
    """DTLN's first core: a normalised magnitude, two LSTMs, a mask."""
    x = g.input(1, T, bins)
    y = layernorm(g, g.op("Log", g.op("Add", x, g.const(1e-3))), bins)
    y, a = g.op("Transpose", y, perm=[1, 0, 2]), bins
    for _ in range(2):
        y = g.op(
            "LSTM",
            y,
            g.weight(1, 4 * units, a),
            g.weight(1, 4 * units, units),
            g.weight(1, 8 * units),
            count=3,
            hidden_size=units,
        )[0]
        y, a = g.op("Squeeze", y, g.const([1])), units
    mask = g.op("Sigmoid", product(g, g.op("Transpose", y, perm=[1, 0, 2]), units, bins))
    return g.op("Mul", x, mask)


COMMON_SOUND = {
    "cnn10_500x64": ("CNN", lambda g: cnn10(g, 500)),
    "matchboxnet_128": ("CNN", lambda g: matchboxnet(g, 128)),
    "dtln_t48": ("recurrent", lambda g: dtln(g, 48)),
}  # fmt: skip
