"""Small classifiers: PP-LCNet, GhostNet, MobileNetV3-small of another width."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import V3S, dense, mobilenet_v3_maps
from tests.vendor.nets.daily_pieces import mean
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv
from tests.vendor.nets.usual_pieces import hard_sigmoid, hard_squeezed, hswish


def pplcnet(g: Builder, h: int, w: int, classes: int) -> str:
    """PP-LCNet: separable convolutions with HardSwish, gates in the last two, 1280 channels of the mean."""
    x, ci = activated(g, g.input(1, 3, h, w), 3, 16, 3, 2, act=hswish), 16
    for k, c, s, gate in (
        (3, 32, 1, 0), (3, 64, 2, 0), (3, 64, 1, 0), (3, 128, 2, 0), (3, 128, 1, 0), (3, 256, 2, 0),
        *((5, 256, 1, 0),) * 5, (5, 512, 2, 1), (5, 512, 1, 1),
    ):  # fmt: skip
        x = activated(g, x, ci, ci, k, s, ci, act=hswish)
        x = hard_squeezed(g, x, ci, ci // 4) if gate else x
        x, ci = activated(g, x, ci, c, act=hswish), c
    x = hswish(g, conv(g, mean(g, x), ci, 1280, 1, bias=False))
    return g.op("Softmax", dense(g, g.op("Flatten", x, axis=1), 1280, classes), axis=1)


def ghostnet(g: Builder, e: int) -> str:
    """GhostNet of width 1: half of each layer's channels by depthwise 3x3 from the other half."""

    def ghost(x: str, a: int, b: int, act: bool) -> str:
        h = b // 2
        y = conv(g, x, a, h, 1)
        y = relu(g, y) if act else y
        z = conv(g, y, h, h, 3, 1, h)
        return concat(g, y, relu(g, z) if act else z)

    x, ci = activated(g, g.input(1, 3, e, e), 3, 16, 3, 2, act=relu), 16
    for k, m, c, gate, s in (
        (3, 16, 16, 0, 1), (3, 48, 24, 0, 2), (3, 72, 24, 0, 1), (5, 72, 40, 1, 2), (5, 120, 40, 1, 1),
        (3, 240, 80, 0, 2), (3, 200, 80, 0, 1), (3, 184, 80, 0, 1), (3, 184, 80, 0, 1), (3, 480, 112, 1, 1),
        (3, 672, 112, 1, 1), (5, 672, 160, 1, 2), (5, 960, 160, 0, 1), (5, 960, 160, 1, 1), (5, 960, 160, 0, 1),
        (5, 960, 160, 1, 1),
    ):  # fmt: skip
        y = ghost(x, ci, m, True)
        y = conv(g, y, m, m, k, s, m) if s == 2 else y
        if gate:
            r = max(4, (m // 4 + 2) // 4 * 4)
            a = relu(g, conv(g, g.op("ReduceMean", y, axes=[2, 3], keepdims=1), m, r, 1))
            y = g.op("Mul", y, hard_sigmoid(g, conv(g, a, r, m, 1)))
        y = ghost(y, m, c, False)
        if s == 2 or ci != c:
            x = conv(g, conv(g, x, ci, ci, k, s, ci), ci, c, 1)
        x, ci = g.op("Add", y, x), c
    x = relu(g, conv(g, mean(g, activated(g, x, ci, 960, act=relu)), 960, 1280, 1))
    return dense(g, g.op("Flatten", x, axis=1), 1280, 1000)


def mobilenet_v3_small(g: Builder, e: int, k: float) -> str:
    """MobileNetV3-small of another width."""
    x, c = mobilenet_v3_maps(g, g.input(1, 3, e, e), V3S, k)[-1]
    wide = max(8, int(576 * k + 4) // 8 * 8)
    x = g.op("Flatten", mean(g, activated(g, x, c, wide, act=hswish)), axis=1)
    return dense(g, hswish(g, dense(g, x, wide, 1024)), 1024, 1000)


NOWADAYS_SMALL = {
    "pplcnet_x10_80x160": ("CNN", lambda g: pplcnet(g, 80, 160, 2)),
    "mobilenet_v3s_w75_224": ("CNN", lambda g: mobilenet_v3_small(g, 224, 0.75)),
    "ghostnet_100_224": ("CNN", lambda g: ghostnet(g, 224)),
}  # fmt: skip
