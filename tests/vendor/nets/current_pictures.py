"""Pictures made larger or sharp, places and descriptors in them."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import shuffled_up
from tests.vendor.nets.daily_pieces import mobilenet_v2_maps
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.known_pictures import upconv7
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import prelu


def srresnet(g: Builder, e: int, n: int = 16) -> str:
    """SRResNet (SRGAN's generator): 9x9, residual blocks of PReLU, two shuffles."""
    x = prelu(g, conv(g, g.input(1, 3, e, e), 3, 64, 9), 64)
    y = x
    for _ in range(n):
        y = g.op("Add", y, conv(g, prelu(g, conv(g, y, 64, 64, 3), 64), 64, 64, 3))
    y = g.op("Add", x, conv(g, y, 64, 64, 3))
    for _ in range(2):
        y = prelu(g, shuffled_up(g, conv(g, y, 64, 256, 3), 2), 64)
    return g.op("Tanh", conv(g, y, 64, 3, 9))


def deblurgan(g: Builder, e: int) -> str:
    """DeblurGAN-v2: a pyramid of 64 channels on MobileNetV2, joined at a quarter, enlarged."""
    img = g.input(1, 3, e, e)
    m = mobilenet_v2_maps(g, img, 6)
    f = [m[0], m[1], m[2], m[4], m[5]]
    ls = [conv(g, t, c, 128, 1, bias=False) for t, c in f]
    ups = lambda x, k=2: enlarged(g, x, k, "nearest")
    y = ls[4]
    outs = [y]
    for lateral in ls[3:0:-1]:
        y = g.op("Add", lateral, ups(y))
        outs.append(y)
    hs = [conv_relu(g, conv_relu(g, t, 128, 64, 3), 64, 64, 3) for t in outs]
    h4, h3, h2, h1 = hs[0], hs[1], hs[2], hs[3]
    y = concat(g, ups(h4, 8), ups(h3, 4), ups(h2, 2), h1)
    y = ups(conv_relu(g, y, 256, 64, 3))
    y = g.op("Add", y, conv(g, ls[0], 128, 64, 1))
    y = ups(conv_relu(g, y, 64, 32, 3))
    y = g.op("Add", g.op("Tanh", conv(g, y, 32, 3, 3)), img)
    return g.op("Clip", y, g.const(-1.0), g.const(1.0))


def r2d2(g: Builder, h: int, w: int) -> list[str]:
    """R2D2: quad L2-Net, dilated instead of strided, descriptors of length one, two scores."""

    def cv(x, a, b, k, d, act=True):
        p = d * (k - 1) // 2
        y = g.op(
            "Conv",
            x,
            g.weight(b, a, k, k),
            g.weight(b),
            pads=[p, p, p + (d * (k - 1)) % 2, p + (d * (k - 1)) % 2],
            dilations=[d, d],
        )
        return relu(g, y) if act else y

    x = cv(cv(g.input(1, 3, h, w), 3, 32, 3, 1), 32, 32, 3, 1)
    x = cv(cv(x, 32, 64, 3, 2), 64, 64, 3, 2)
    x = cv(cv(x, 64, 128, 3, 4), 128, 128, 3, 4)
    x = cv(cv(cv(x, 128, 128, 2, 4), 128, 128, 2, 8), 128, 128, 2, 16, False)
    d = g.op("Div", x, g.op("Clip", g.op("ReduceL2", x, axes=[1], keepdims=1), g.const(1e-4)))
    sq = g.op("Mul", x, x)
    rel = g.op("Softmax", conv(g, sq, 128, 2, 1), axis=1)
    s = g.op("Softplus", conv(g, sq, 128, 1, 1))
    return [d, rel, g.op("Div", s, g.op("Add", s, g.const(1.0)))]


CURRENT_PICTURES = {
    "waifu2x_upconv7_160": ("CNN", lambda g: upconv7(g, 160)),
    "deblurgan_mnv2_256": ("CNN", lambda g: deblurgan(g, 256)),
    "r2d2_192x256": ("CNN", lambda g: r2d2(g, 192, 256)),
    "srresnet16_x4_96": ("CNN", lambda g: srresnet(g, 96)),
}  # fmt: skip
