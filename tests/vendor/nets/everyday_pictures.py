"""Enlarging, depth and poses: EDSR, Real-ESRGAN's small net, FastDepth, OpenPose."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, enlarged
from tests.vendor.nets.vision import relu6


def edsr(g: Builder, size: int, n: int = 16) -> str:
    """EDSR: residual pairs, channels laid out as pixels."""
    x = first = conv(g, g.input(1, 3, size, size), 3, 64)
    for _ in range(n):
        x = g.op("Add", x, conv(g, relu(g, conv(g, x, 64, 64)), 64, 64))
    x = g.op("Add", conv(g, x, 64, 64), first)
    return conv(g, g.op("DepthToSpace", conv(g, x, 64, 256), blocksize=2, mode="CRD"), 64, 3)


def srvgg(g: Builder, size: int, n: int = 16) -> str:
    """Real-ESRGAN's small net: a chain of 3 x 3 with PReLU."""
    i = g.input(1, 3, size, size)
    x = g.op("PRelu", conv(g, i, 3, 64), g.weight(64, 1, 1))
    for _ in range(n):
        x = g.op("PRelu", conv(g, x, 64, 64), g.weight(64, 1, 1))
    x = g.op("DepthToSpace", conv(g, x, 64, 48), blocksize=4, mode="CRD")
    return g.op("Add", x, enlarged(g, i, 4, "nearest"))


def fastdepth(g: Builder, size: int) -> str:
    """FastDepth: MobileNet, then depthwise 5 x 5 and enlarging with skips added."""
    x, ci, sk = activated(g, g.input(1, 3, size, size), 3, 32, 3, 2, act=relu6), 32, []
    for co, s in (
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        *((512, 1),) * 5,
        (1024, 2),
        (1024, 1),
    ):
        if s == 2:
            sk.append(x)
        x, ci = activated(g, activated(g, x, ci, ci, 3, s, ci, act=relu6), ci, co, act=relu6), co
    for i, co in enumerate((512, 256, 128, 64, 32)):
        x, ci = activated(g, activated(g, x, ci, ci, 5, 1, ci, act=relu), ci, co, act=relu), co
        x = enlarged(g, x, 2, "nearest")
        if i in (1, 2, 3):
            x = g.op("Add", x, sk[3 - i])
    return activated(g, x, 32, 1, act=relu)


def openpose(g: Builder, size: int) -> str:
    """Lightweight OpenPose: dilated MobileNet, two stages of maps."""
    x, ci = activated(g, g.input(1, 3, size, size), 3, 32, 3, 2, act=relu), 32
    for co, s, d in (
        (64, 1, 1),
        (128, 2, 1),
        (128, 1, 1),
        (256, 2, 1),
        (256, 1, 1),
        (512, 1, 1),
        (512, 1, 2),
        *((512, 1, 1),) * 4,
    ):
        y = relu(
            g,
            g.op(
                "Conv",
                x,
                g.weight(ci, 1, 3, 3),
                g.weight(ci),
                group=ci,
                strides=[s, s],
                pads=[d] * 4,
                dilations=[d, d],
            ),
        )
        x, ci = activated(g, y, ci, co, act=relu), co
    elu = lambda g, x: g.op("Elu", x)
    a = activated(g, x, 512, 128, act=relu)
    y = a
    for _ in range(3):
        y = activated(g, activated(g, y, 128, 128, 3, 1, 128, act=elu), 128, 128, act=elu)
    f = activated(g, g.op("Add", a, y), 128, 128, 3, act=relu)
    y = f
    for _ in range(3):
        y = activated(g, y, 128, 128, 3, act=relu)
    maps = [conv(g, activated(g, y, 128, 512, act=relu), 512, k, 1) for k in (19, 38)]
    y, ci = concat(g, f, *maps), 185
    for _ in range(5):
        i = activated(g, y, ci, 128, act=relu)
        t = activated(g, i, 128, 128, 3, act=relu)
        t = relu(g, g.op("Conv", t, g.weight(128, 128, 3, 3), g.weight(128), pads=[2] * 4, dilations=[2, 2]))
        y, ci = g.op("Add", i, t), 128
    return [conv(g, activated(g, y, 128, 128, act=relu), 128, k, 1) for k in (19, 38)]


EVERYDAY_PICTURES = {
    "fastdepth_224": ("CNN", lambda g: fastdepth(g, 224)),
    "openpose_light_368": ("CNN", lambda g: openpose(g, 368)),
    "srvgg_x4_128": ("CNN", lambda g: srvgg(g, 128)),
    "edsr_x2_192": ("CNN", lambda g: edsr(g, 192, 12)),
}  # fmt: skip
