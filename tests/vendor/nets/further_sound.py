"""Sound: notes, words by gated lines, a vocoder without enlarging, voices and noise taken apart."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import line, mean, mean_pooled
from tests.vendor.nets.everyday_pieces import concat, mlp, relu
from tests.vendor.nets.layers import conv, conv_relu, layernorm, silu
from tests.vendor.nets.usual_pieces import prelu


def basic_pitch(g: Builder, t: int) -> list[str]:
    """Basic Pitch: eight shifted spectra, long windows over bins, three outputs."""

    def cv(x, a, b, kh, kw, s=1):
        w = [g.weight(b, a, kh, kw), g.weight(b)]
        p = (kw - s + 1) // 2
        pads = [kh // 2, p, kh // 2, kw - s - p]
        return g.op("Conv", x, *w, strides=[1, s], pads=pads)

    x = g.input(1, 8, t, 264)
    y = relu(g, cv(relu(g, cv(x, 8, 16, 5, 5)), 16, 8, 3, 39))
    contour = g.op("Sigmoid", cv(y, 8, 1, 5, 5))
    note = g.op("Sigmoid", cv(relu(g, cv(contour, 1, 32, 7, 7, 3)), 32, 1, 7, 3))
    onset = concat(g, note, relu(g, cv(x, 8, 32, 5, 5, 3)))
    return [contour, note, g.op("Sigmoid", cv(onset, 33, 1, 3, 3))]


def contextnet_asr(g: Builder, t: int, c: int = 128) -> str:
    """ContextNet: blocks of separable lines, a gate of the whole line, a skip; the first ten of 23."""
    sep = lambda x, a, b, s=1: silu(g, line(g, line(g, x, a, a, 5, s, a), a, b))

    def block(x, a, b, s=1):
        y = x
        for _ in range(4):
            y = sep(y, a, a)
        y = sep(y, a, b, s)
        m = g.op("ReduceMean", y, axes=[2], keepdims=1)
        y = g.op("Mul", y, g.op("Sigmoid", line(g, silu(g, line(g, m, b, b // 8)), b // 8, b)))
        return silu(g, g.op("Add", y, line(g, x, a, b, 1, s)))

    x, ci = sep(g.input(1, 80, t), 80, c), c
    for co, s in ((c, 1), (c, 1), (c, 2), (c, 1), (c, 1), (c, 1), (c, 2), (2 * c, 1), (2 * c, 1)):
        x, ci = block(x, ci, co, s), co
    return line(g, x, ci, 1024)


def vocos(g: Builder, t: int, d: int = 256, n: int = 4) -> str:
    """Vocos: ConvNeXt blocks over frames of mels, a product to a spectrum."""
    x = line(g, g.input(1, 100, t), 100, d, 7)
    turn = lambda y: g.op("Transpose", y, perm=[0, 2, 1])
    x = turn(layernorm(g, turn(x), d))
    for _ in range(n):
        y = mlp(g, layernorm(g, turn(line(g, x, d, d, 7, 1, d)), d), d, 3 * d)
        x = g.op("Add", x, turn(g.op("Mul", y, g.weight(d))))
    y = layernorm(g, turn(x), d)
    return g.op("Add", g.op("MatMul", y, g.weight(d, 1026)), g.weight(1026))


def mdx(g: Builder, t: int, f: int, c: int = 24, n: int = 3) -> str:
    """MDX-Net's U-Net: three 3x3 and a bottleneck over all bins a level, summed, skips multiplied."""

    def tfc_tdf(x, c, f):
        for _ in range(3):
            x = conv_relu(g, x, c, c, 3)
        y = relu(g, g.op("MatMul", relu(g, g.op("MatMul", x, g.weight(f, f // 8))), g.weight(f // 8, f)))
        return g.op("Add", x, y)

    x = conv_relu(g, g.input(1, 4, t, f), 4, c, 1)
    skips = []
    for _ in range(n):
        x = tfc_tdf(x, c, f)
        skips.append((x, c, f))
        x = relu(g, g.op("Conv", x, g.weight(c + 24, c, 2, 2), g.weight(c + 24), strides=[2, 2]))
        c, f = c + 24, f // 2
    x = tfc_tdf(x, c, f)
    for s, b, e in skips[::-1]:
        x = relu(g, g.op("ConvTranspose", x, g.weight(c, b, 2, 2), g.weight(b), strides=[2, 2]))
        x, c, f = tfc_tdf(g.op("Mul", x, s), b, e), b, e
    return conv(g, x, c, 4, 1)


def dccrn(g: Builder, t: int) -> list[str]:
    """DCCRN's encoder and decoder: complex convolutions, four real ones each, over 256 bins."""

    def cv(xs, a, b, up=False):
        kind, shape = ("ConvTranspose", (a, b, 5, 3)) if up else ("Conv", (b, a, 5, 3))
        more = {"output_padding": [1, 0]} if up else {}
        both = [g.weight(*shape), g.weight(*shape)]
        do = lambda x, w: g.op(kind, x, w, g.weight(b), strides=[2, 1], pads=[2, 1, 2, 1], **more)
        (xr, xi), (wr, wi) = xs, both
        r = g.op("Sub", do(xr, wr), do(xi, wi))
        return [prelu(g, r, b), prelu(g, g.op("Add", do(xr, wi), do(xi, wr)), b)]

    xs = [g.input(1, 1, 256, t), g.input(1, 1, 256, t)]
    skips, ci = [], 1
    for co in (16, 32, 64, 128, 128, 128):
        xs, ci = cv(xs, ci, co), co
        skips.append((xs, co))
    for (s, c), co in zip(skips[::-1], (128, 128, 64, 32, 16, 1), strict=True):
        xs, ci = cv([concat(g, a, b) for a, b in zip(xs, s, strict=True)], ci + c, co, True), co
    return xs


def kws_res8(g: Builder, t: int = 101, f: int = 40, c: int = 45, batch: int = 1) -> str:
    """Res8 for key words: one pooling, three residual pairs of 45 channels, a mean."""
    x = mean_pooled(g, conv_relu(g, g.input(batch, 1, t, f), 1, c, 3), 4, 4)
    for _ in range(3):
        y = conv_relu(g, conv_relu(g, x, c, c, 3), c, c, 3)
        x = g.op("Add", x, y)
    return conv(g, mean(g, x), c, 12, 1)


FURTHER_SOUND = {
    "basic_pitch_172": ("CNN", lambda g: basic_pitch(g, 172)),
    "contextnet_asr_400": ("CNN", lambda g: contextnet_asr(g, 400)),
    "vocos_200_x4": ("CNN", lambda g: vocos(g, 200)),
    "mdx_128x512": ("CNN", lambda g: mdx(g, 128, 512)),
    "dccrn_t64": ("CNN", lambda g: dccrn(g, 64)),
    "kws_res8_101x40": ("CNN", lambda g: kws_res8(g)),
}  # fmt: skip
