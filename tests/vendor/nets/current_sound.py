"""Sound: speakers told apart, a layer of speech, music taken apart, noise removed."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.layers import conv_relu, cut, gelu, layernorm, silu
from tests.vendor.nets.sequences import recurrent
from tests.vendor.nets.sound import placed_attention


def titanet(g: Builder, t: int, c: int = 256, out: int = 192) -> str:
    """TitaNet-S for speakers: separable lines in three mega blocks, gates, attentive pooling."""

    def sep(x, a, b, k, act=True):
        y = line(g, line(g, x, a, a, k, 1, a), a, b)
        return relu(g, y) if act else y

    def gate(x, c):
        m = g.op("Transpose", g.op("ReduceMean", x, axes=[2], keepdims=1), perm=[0, 2, 1])
        m = g.op("MatMul", relu(g, g.op("MatMul", m, g.weight(c, c // 8))), g.weight(c // 8, c))
        return g.op("Mul", x, g.op("Sigmoid", g.op("Transpose", m, perm=[0, 2, 1])))

    x = gate(sep(g.input(1, 80, t), 80, c, 3), c)
    for k in (7, 11, 15):
        y = x
        for i in range(3):
            y = sep(y, c, c, k, i < 2)
        x = relu(g, g.op("Add", gate(y, c), line(g, x, c, c)))
    x = gate(sep(x, c, 1536, 1), 1536)
    mu = g.op("ReduceMean", x, axes=[2], keepdims=1)
    z = g.op("Sub", x, mu)
    sd = g.op("Sqrt", g.op("Add", g.op("ReduceMean", g.op("Mul", z, z), axes=[2], keepdims=1), g.const(1e-4)))
    wide = lambda s: g.op("Expand", s, g.const([1, 1536, t]))
    a = g.op("Tanh", relu(g, line(g, concat(g, x, wide(mu), wide(sd)), 4608, 128)))
    a = g.op("Softmax", line(g, a, 128, 1536), axis=2)
    mu = g.op("ReduceSum", g.op("Mul", a, x), g.const([2]), keepdims=1)
    z = g.op("Sub", x, mu)
    sd = g.op(
        "Sqrt",
        g.op(
            "Add",
            g.op("ReduceSum", g.op("Mul", a, g.op("Mul", z, z)), g.const([2]), keepdims=1),
            g.const(1e-4),
        ),
    )
    return dense(g, g.op("Flatten", concat(g, mu, sd), axis=1), 3072, out)


def ebranchformer(g: Builder, n: int, d: int = 256, h: int = 4, inner: int = 1024, units: int = 1024) -> str:
    """A layer of E-Branchformer: attention and a gated convolution side by side, joined by a depthwise one."""

    def ff(x):
        return g.op("Add", x, g.op("Mul", mlp(g, layernorm(g, x, d), d, inner, silu), g.const(0.5)))

    def dw(x, c, k=31):
        y = g.op(
            "Conv",
            g.op("Transpose", x, perm=[0, 2, 1]),
            g.weight(c, 1, k),
            g.weight(c),
            pads=[k // 2] * 2,
            group=c,
        )
        return g.op("Transpose", y, perm=[0, 2, 1])

    x = ff(g.input(1, n, d))
    a = placed_attention(g, layernorm(g, x, d), n, h, d // h)
    y = gelu(g, product(g, layernorm(g, x, d), d, units))
    r, s = g.op("Split", y, g.const([units // 2] * 2), count=2, axis=2)
    y = g.op("Mul", r, dw(layernorm(g, s, units // 2), units // 2))
    b = product(g, y, units // 2, d)
    y = concat(g, a, b, axis=2)
    y = product(g, g.op("Add", y, dw(y, 2 * d)), 2 * d, d)
    return layernorm(g, ff(g.op("Add", x, y)), d)


def openunmix(g: Builder, t: int, bins: int = 2049, kept: int = 1487, hidden: int = 512) -> str:
    """Open-Unmix: a product of a frame's two channels, three LSTMs of both directions, two products, a mask."""
    mix = g.input(t, 1, 2, bins)
    x = g.op("Reshape", cut(g, mix, 3, 0, kept), g.const([t, 2 * kept]))
    x = g.op("Tanh", dense(g, x, 2 * kept, hidden))
    x = y = g.op("Reshape", x, g.const([t, 1, hidden]))
    h = hidden // 2
    for _ in range(3):
        w = [g.weight(2, 4 * h, hidden), g.weight(2, 4 * h, h), g.weight(2, 8 * h)]
        y = g.op("Transpose", recurrent(g, "LSTM", y, w, h, True, t, 2), perm=[1, 0, 2])
    y = g.op("Reshape", concat(g, x, y, axis=2), g.const([t, 2 * hidden]))
    y = dense(g, relu(g, dense(g, y, 2 * hidden, hidden)), hidden, 2 * bins)
    y = g.op("Reshape", y, g.const([t, 1, 2, bins]))
    return g.op("Mul", relu(g, g.op("Add", g.op("Mul", y, g.weight(bins)), g.weight(bins))), mix)


def deepfilternet(g: Builder, t: int, c: int = 64, hidden: int = 256) -> list[str]:
    """DeepFilterNet's bands: separable convolutions over bands and bins, two GRUs, transposed convolutions back."""

    def cv(x, a, b, k, s, gr=1, act=True):
        y = g.op(
            "Conv",
            x,
            g.weight(b, a // gr, k, 3),
            g.weight(b),
            strides=[1, s],
            pads=[k - 1, 1, 0, 1],
            group=gr,
        )
        return relu(g, y) if act else y

    sep = lambda x, s: conv_relu(g, cv(x, c, c, 1, s, c, False), c, c, 1)
    e0 = cv(g.input(1, 1, t, 32), 1, c, 3, 1)
    e1 = sep(e0, 2)
    e2 = sep(e1, 2)
    e3 = sep(e2, 1)
    s = sep(cv(g.input(1, 2, t, 96), 2, c, 3, 1, 2), 2)
    rows = lambda x, f: g.op("Reshape", g.op("Transpose", x, perm=[2, 0, 3, 1]), g.const([t, 1, f * c]))
    y = relu(g, product(g, rows(s, 48), 48 * c, 8 * c))
    y = g.op("Add", rows(e3, 8), y)

    def gru(x, a, h):
        r = g.op(
            "GRU",
            x,
            g.weight(1, 3 * h, a),
            g.weight(1, 3 * h, h),
            g.weight(1, 6 * h),
            count=2,
            hidden_size=h,
            linear_before_reset=1,
        )
        return g.op("Squeeze", r[0], g.const([1]))

    emb = gru(relu(g, product(g, y, 8 * c, hidden)), hidden, hidden)
    lsnr = g.op("Sigmoid", product(g, emb, hidden, 1))
    y = relu(g, product(g, gru(emb, hidden, hidden), hidden, 8 * c))
    y = g.op("Transpose", g.op("Reshape", y, g.const([t, 1, 8, c])), perm=[1, 3, 0, 2])
    up = lambda x: conv_relu(
        g,
        g.op(
            "ConvTranspose", x, g.weight(c, 1, 1, 4), g.weight(c), strides=[1, 2], pads=[0, 1, 0, 1], group=c
        ),
        c,
        c,
        1,
    )
    y = sep(g.op("Add", conv_relu(g, e3, c, c, 1), y), 1)
    y = up(g.op("Add", conv_relu(g, e2, c, c, 1), y))
    y = up(g.op("Add", conv_relu(g, e1, c, c, 1), y))
    y = g.op("Sigmoid", cv(g.op("Add", conv_relu(g, e0, c, c, 1), y), c, 1, 1, 1, 1, False))
    return [y, lsnr]


CURRENT_SOUND = {
    "titanet_s_300": ("CNN", lambda g: titanet(g, 300)),
    "ebranchformer_200_x1": ("transformer", lambda g: ebranchformer(g, 200)),
    "deepfilternet_erb_t40": ("recurrent", lambda g: deepfilternet(g, 40)),
    "openunmix_t40": ("recurrent", lambda g: openunmix(g, 40)),
}  # fmt: skip
