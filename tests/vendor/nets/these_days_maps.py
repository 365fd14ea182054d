"""A map for a picture: DeepLabV3 on MobileNetV3, MONAI's U-Net of residual units, stars of StarDist."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import V3L
from tests.vendor.nets.daily_pieces import mean
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, conv_relu, dilated, enlarged
from tests.vendor.nets.usual_pieces import hard_squeezed, hswish, pooled, resized


def deeplabv3_mnv3(g: Builder, e: int, classes: int = 21) -> str:
    """Torchvision's DeepLabV3 on MobileNetV3-large: its last stage dilated by two, three dilated branches, a mean."""
    x, ci = activated(g, g.input(1, 3, e, e), 3, 16, 3, 2, act=hswish), 16
    for k, t, co, gate, hard, s in V3L:
        act = hswish if hard else relu
        d = 2 if co == 160 else 1
        p = d * (k // 2)
        y = activated(g, x, ci, t, act=act) if t != ci else x
        y = g.op(
            "Conv", y, g.weight(t, 1, k, k), g.weight(t), pads=[p] * 4, dilations=[d] * 2, group=t,
            strides=[1 if d > 1 else s] * 2,
        )  # fmt: skip
        y = act(g, y)
        if gate:
            y = hard_squeezed(g, y, t, 24 if t == 72 else (t // 4 + 4) // 8 * 8)
        y = conv(g, y, t, co, 1)
        x, ci = g.op("Add", y, x) if s == 1 and ci == co else y, co
    x, n = activated(g, x, ci, 960, act=hswish), -(-e // 16)
    whole = resized(g, relu(g, conv(g, mean(g, x), 960, 256, 1)), 256, n, n)
    parts = [conv_relu(g, x, 960, 256, 1), *(dilated(g, x, 960, 256, d) for d in (12, 24, 36)), whole]
    x = conv_relu(g, conv_relu(g, concat(g, *parts), 1280, 256, 1), 256, 256)
    return resized(g, conv(g, x, 256, classes, 1), classes, e, e)


def monai_unet(g: Builder, e: int, cs: tuple[int, ...] = (16, 32, 64, 128, 256), classes: int = 2) -> str:
    """MONAI's U-Net of two residual units a level: instances normalised, one slope, transposed convolutions of 3x3."""

    def settled(x: str, c: int) -> str:
        ones, zeros = g.const(np.ones(c, np.float16)), g.const(np.zeros(c, np.float16))
        return g.op("PRelu", g.op("InstanceNormalization", x, ones, zeros, epsilon=1e-5), g.weight(1, 1, 1))

    def unit(x: str, a: int, b: int, s: int) -> str:
        side = conv(g, x, a, b, 3 if s > 1 else 1, s)
        y = settled(conv(g, x, a, b, 3, s), b)
        return g.op("Add", settled(conv(g, y, b, b), b), side)

    def level(x: str, a: int, out: int, cs: tuple[int, ...], top: bool) -> str:
        c = cs[0]
        x = unit(x, a, c, 2)
        inner = level(x, c, c, cs[1:], False) if len(cs) > 2 else unit(x, c, cs[1], 1)
        x, wide = concat(g, x, inner), 2 * c if len(cs) > 2 else c + cs[1]
        x = g.op(
            "ConvTranspose", x, g.weight(wide, out, 3, 3), g.weight(out), strides=[2, 2], pads=[1] * 4,
            output_padding=[1, 1],
        )  # fmt: skip
        x = settled(x, out)
        y = conv(g, x, out, out)
        return g.op("Add", y if top else settled(y, out), x)

    return level(g.input(1, 1, e, e), 1, classes, cs, True)


def stardist(g: Builder, e: int, w: int = 32, rays: int = 32) -> list[str]:
    """StarDist 2D: a U-Net of three levels at half the size, how likely a nucleus is and how far its border lies."""
    x = conv_relu(g, conv_relu(g, g.input(1, 1, e, e), 1, w), w, w)
    x, c, ways = pooled(g, x, 2, 2), w, []
    for i in range(3):
        x = conv_relu(g, conv_relu(g, x, c, w << i), w << i, w << i)
        c = w << i
        ways.append((x, c))
        x = pooled(g, x, 2, 2)
    x = conv_relu(g, conv_relu(g, x, c, 2 * c), 2 * c, c)
    while ways:
        t, k = ways.pop()
        x = concat(g, enlarged(g, x, 2, "nearest"), t)
        x = conv_relu(g, x, c + k, k)
        c = max(w, k // 2)
        x = conv_relu(g, x, k, c)
    x = conv_relu(g, x, c, 128)
    return [g.op("Sigmoid", conv(g, x, 128, 1, 1)), conv(g, x, 128, rays, 1)]


THESE_DAYS_MAPS = {
    "monai_unet_256": ("CNN", lambda g: monai_unet(g, 256)),
    "stardist_256": ("CNN", lambda g: stardist(g, 256)),
    "deeplabv3_mnv3_520": ("CNN", lambda g: deeplabv3_mnv3(g, 520)),
}  # fmt: skip
