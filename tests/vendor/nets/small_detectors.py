"""YOLOv7-tiny: a detector whose stages join all that they made."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, enlarged, halved


def leaky(g: Builder, x: str, ci: int, co: int, kernel: int = 3, stride: int = 1) -> str:
    """Convolution and LeakyReLU."""
    return g.op("LeakyRelu", conv(g, x, ci, co, kernel, stride), alpha=0.1)


def aggregated(g: Builder, size: int, classes: int = 80) -> list[str]:
    """YOLOv7-tiny: two 1x1 side by side, two 3x3 behind one, all four joined; pooling pyramid; neck up; three heads."""

    def four(x: str, ci: int, co: int) -> str:
        a, b = leaky(g, x, ci, co // 2, 1), leaky(g, x, ci, co // 2, 1)
        c = leaky(g, b, co // 2, co // 2)
        return leaky(g, g.op("Concat", leaky(g, c, co // 2, co // 2), c, b, a, axis=1), 2 * co, co, 1)

    x = leaky(g, leaky(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32, 64, 3, 2)
    x, ci, levels = four(x, 64, 64), 64, []
    for co in (128, 256, 512):
        x, ci = four(halved(g, x, 2), ci, co), co
        levels.append(x)
    a, b = leaky(g, x, 512, 256, 1), leaky(g, x, 512, 256, 1)
    pools = [g.op("MaxPool", a, kernel_shape=[k] * 2, strides=[1, 1], pads=[k // 2] * 4) for k in (13, 9, 5)]
    y = leaky(g, g.op("Concat", *pools, a, axis=1), 1024, 256, 1)
    p5 = leaky(g, g.op("Concat", y, b, axis=1), 512, 256, 1)
    up = enlarged(g, leaky(g, p5, 256, 128, 1), 2, "nearest")
    p4 = four(g.op("Concat", leaky(g, levels[1], 256, 128, 1), up, axis=1), 256, 128)
    up = enlarged(g, leaky(g, p4, 128, 64, 1), 2, "nearest")
    p3 = four(g.op("Concat", leaky(g, levels[0], 128, 64, 1), up, axis=1), 128, 64)
    sides = ((p3, 64), (p4, 128), (p5, 256))
    return [conv(g, leaky(g, y, c, 2 * c), 2 * c, 3 * (classes + 5), 1) for y, c in sides]


SMALL_DETECTORS = {
    "yolov7_tiny_320": ("CNN", lambda g: aggregated(g, 320)),
}
