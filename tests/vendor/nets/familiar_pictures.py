"""Pictures to pictures: colours, flow, enlarging, diffusion, an image encoder, key points."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense, shuffled_up
from tests.vendor.nets.daily_pieces import mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, dilated, enlarged, groupnorm, silu
from tests.vendor.nets.usual_pieces import pooled


def colorize(g: Builder, size: int) -> str:
    """Zhang's colorizer of 2016: VGG-like with dilations, 313 colours, two channels out."""
    x, ci = g.input(1, 1, size, size), 1

    def norm(x, c):
        return g.op("Add", g.op("Mul", x, g.weight(c, 1, 1)), g.weight(c, 1, 1))

    for co, n, s, d in (
        (64, 2, 2, 1),
        (128, 2, 2, 1),
        (256, 3, 2, 1),
        (512, 3, 1, 1),
        (512, 3, 1, 2),
        (512, 3, 1, 2),
        (512, 3, 1, 1),
    ):
        for i in range(n):
            x = dilated(g, x, ci, co, d) if d > 1 else conv_relu(g, x, ci, co, 3, s if i == n - 1 else 1)
            ci = co
        x = norm(x, co)
    x = relu(
        g, g.op("ConvTranspose", x, g.weight(512, 256, 4, 4), g.weight(256), strides=[2, 2], pads=[1] * 4)
    )
    x = conv_relu(g, conv_relu(g, x, 256, 256, 3), 256, 256, 3)
    y = g.op("Softmax", conv(g, x, 256, 313, 1), axis=1)
    return enlarged(g, conv(g, y, 313, 2, 1, bias=False), 4)


def raft_update(g: Builder, e: int, v: int, turns: int) -> list[str]:
    """RAFT-small's update block at an eighth of the size: motion encoder, a gated unit, the flow's head."""
    inp, net = g.input(1, 64, e, v), g.op("Tanh", g.input(1, 96, e, v))
    flow = g.input(1, 2, e, v)
    K = lambda a, b, k: (
        lambda w, c: lambda x: g.op("Conv", x, w, c, pads=[k // 2] * 4, kernel_shape=[k, k])
    )(g.weight(b, a, k, k), g.weight(b))
    kc, kf1, kf2, kb = K(196, 96, 1), K(2, 64, 7), K(64, 32, 3), K(128, 80, 3)
    z, r, q, h1, h2 = K(242, 96, 3), K(242, 96, 3), K(242, 96, 3), K(96, 128, 3), K(128, 2, 3)
    for _ in range(turns):
        c = relu(g, kc(g.input(1, 196, e, v)))
        f = relu(g, kf2(relu(g, kf1(flow))))
        m = concat(g, relu(g, kb(concat(g, c, f))), flow)
        x = concat(g, inp, m)
        hx = concat(g, net, x)
        zz, rr = g.op("Sigmoid", z(hx)), g.op("Sigmoid", r(hx))
        qq = g.op("Tanh", q(concat(g, g.op("Mul", rr, net), x)))
        net = g.op("Add", g.op("Mul", g.op("Sub", g.const(1.0), zz), net), g.op("Mul", zz, qq))
        flow = g.op("Add", flow, h2(relu(g, h1(net))))
    return [flow, net]


def xlsr(g: Builder, h: int, w: int, up: int = 3) -> str:
    """XLSR: grouped convolutions, clipped, shuffled up."""

    def gblock(x):
        y = conv(g, x, 32, 32, 3, 1, 4)
        return conv(g, relu(g, y), 32, 32, 1)

    i = g.input(1, 3, h, w)
    x = conv(g, i, 3, 32, 3)
    for _ in range(3):
        x = gblock(x)
    x = relu(g, conv(g, concat(g, x, conv(g, i, 3, 32, 3)), 64, 32, 1))
    y = g.op("Clip", conv(g, x, 32, 3 * up * up, 3), g.const(0.0), g.const(1.0))
    return shuffled_up(g, y, up)


def quicksrnet(g: Builder, h: int, w: int, n: int, up: int) -> str:
    """QuickSRNet: 3x3 of 32 channels, each clipped."""
    x = g.input(1, 3, h, w)
    c = lambda x, a, b: g.op("Clip", conv(g, x, a, b, 3), g.const(0.0), g.const(1.0))
    x = c(x, 3, 32)
    for _ in range(n):
        x = c(x, 32, 32)
    return shuffled_up(g, c(x, 32, 3 * up * up), up)


def group_normed(g: Builder, x: str, c: int, n: int, e: int, groups: int = 32) -> str:
    """Group normalisation of a square map."""
    return groupnorm(g, x, (n, c, e, e), groups)


def ddpm_unet(g: Builder, n: int, e: int = 32, ch: int = 128) -> str:
    """The CIFAR network of diffusion: four sizes of 128, 256, 256, 256, attention at 16."""
    t = g.input(n, 128)
    t = dense(g, silu(g, dense(g, t, 128, 512)), 512, 512)
    ts = silu(g, t)

    def res(x, a, b, e):
        y = conv(g, silu(g, group_normed(g, x, a, n, e)), a, b, 3)
        y = g.op("Add", y, g.op("Reshape", dense(g, ts, 512, b), g.const([n, b, 1, 1])))
        y = conv(g, silu(g, group_normed(g, y, b, n, e)), b, b, 3)
        return g.op("Add", y, x if a == b else conv(g, x, a, b, 1))

    def attn(x, c, e):
        y = group_normed(g, x, c, n, e)
        q, k, v = (g.op("Reshape", conv(g, y, c, c, 1), g.const([n, c, e * e])) for _ in range(3))
        s = g.op(
            "Softmax",
            g.op("Mul", g.op("MatMul", g.op("Transpose", q, perm=[0, 2, 1]), k), g.const(c ** (-0.5))),
            axis=-1,
        )
        y = g.op("Reshape", g.op("MatMul", v, g.op("Transpose", s, perm=[0, 2, 1])), g.const([n, c, e, e]))
        return g.op("Add", x, conv(g, y, c, c, 1))

    x, f = conv(g, g.input(n, 3, e, e), 3, ch, 3), []
    f.append((x, ch))
    ws, ci = (128, 256, 256, 256), ch
    for j, c in enumerate(ws):
        x = res(x, ci, c, e)
        if e == 16:
            x = attn(x, c, e)
        ci = c
        f.append((x, c))
        if j < 3:
            x, e = conv(g, x, c, c, 3, 2), e // 2
            f.append((x, c))
    x = res(attn(res(x, 256, 256, e), 256, e), 256, 256, e)
    for j, c in enumerate(ws[::-1]):
        for _ in range(2):
            s, a = f.pop()
            x = res(concat(g, x, s), ci + a, c, e)
            if e == 16:
                x = attn(x, c, e)
            ci = c
        if j < 3:
            x, e = conv(g, enlarged(g, x, 2, "nearest"), c, c, 3), 2 * e
    return conv(g, silu(g, group_normed(g, x, 128, n, e)), 128, 3, 3)


def vae_enc(g: Builder, e: int) -> str:
    """Stable Diffusion's image encoder, a down block each of 128, 256, 512."""

    def res(x, a, b, e):
        y = conv(g, silu(g, group_normed(g, x, a, 1, e)), a, b, 3)
        y = conv(g, silu(g, group_normed(g, y, b, 1, e)), b, b, 3)
        return g.op("Add", y, x if a == b else conv(g, x, a, b, 1))

    x, ci = conv(g, g.input(1, 3, e, e), 3, 128, 3), 128
    for c in (128, 256, 512):
        x = res(x, ci, c, e)
        x = g.op("Pad", x, g.const([0, 0, 0, 0, 0, 0, 1, 1]))
        x, e, ci = g.op("Conv", x, g.weight(c, c, 3, 3), g.weight(c), strides=[2, 2]), e // 2, c
    x = res(x, 512, 512, e)
    return conv(g, silu(g, group_normed(g, x, 512, 1, e)), 512, 8, 3)


def alike_t(g: Builder, h: int, w: int) -> list[str]:
    """ALIKE-tiny: key points and descriptors of 64 channels."""

    def blk(x, a, b):
        return conv_relu(g, conv_relu(g, x, a, b, 3), b, b, 3)

    def res(x, a, b):
        return relu(g, g.op("Add", conv(g, conv_relu(g, x, a, b, 3), b, b, 3), conv(g, x, a, b, 1)))

    x1 = blk(g.input(1, 3, h, w), 3, 8)
    x2 = res(pooled(g, x1, 2, 2), 8, 16)
    x3 = res(pooled(g, x2, 4, 4), 16, 32)
    x4 = res(pooled(g, x3, 4, 4), 32, 64)
    ps = [relu(g, conv(g, t, c, 16, 1, bias=False)) for t, c in ((x1, 8), (x2, 16), (x3, 32), (x4, 64))]

    def up(t, s):
        return g.op(
            "Resize",
            t,
            "",
            "",
            g.const([1, 16, h, w]),
            mode="linear",
            coordinate_transformation_mode="align_corners",
        )

    y = conv(g, concat(g, ps[0], *(up(t, s) for t, s in zip(ps[1:], (2, 8, 32), strict=True))), 64, 65, 1)
    d, s = g.op("Split", y, g.const([64, 1]), count=2, axis=1)
    return [
        g.op("Div", d, g.op("Clip", g.op("ReduceL2", d, axes=[1], keepdims=1), g.const(0.0001))),
        g.op("Sigmoid", s),
    ]


def pdn_m(g: Builder, size: int) -> str:
    """EfficientAD's patch description network, medium."""
    x = relu(g, unpadded(g, g.input(1, 3, size, size), 3, 256, 4, 1))
    x = mean_pooled(g, x)
    x = mean_pooled(g, relu(g, unpadded(g, x, 256, 512, 4, 1)))
    x = relu(g, unpadded(g, x, 512, 512, 1, 1))
    x = relu(g, unpadded(g, x, 512, 512, 3, 1))
    x = relu(g, unpadded(g, x, 512, 384, 4, 1))
    return unpadded(g, x, 384, 384, 1, 1)


FAMILIAR_PICTURES = {
    "xlsr_x3_160": ("CNN", lambda g: xlsr(g, 160, 160)),
    "alike_t_320x480": ("CNN", lambda g: alike_t(g, 320, 480)),
    "ddpm_unet_32_b2": ("CNN", lambda g: ddpm_unet(g, 2)),
    "colorize_256": ("CNN", lambda g: colorize(g, 256)),
    "quicksrnet_m_x4_128": ("CNN", lambda g: quicksrnet(g, 128, 128, 5, 4)),
    "raft_small_x4_40x56": ("CNN", lambda g: raft_update(g, 40, 56, 4)),
    "vae_enc_128": ("CNN", lambda g: vae_enc(g, 128)),
    "pdn_m_256": ("CNN", lambda g: pdn_m(g, 256)),
}  # fmt: skip
