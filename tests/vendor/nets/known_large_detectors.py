"""Detectors of full convolutions: SSD300 on VGG-16, RetinaNet on ResNet-18."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import shared_kernel
from tests.vendor.nets.everyday_pieces import concat, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import pooled


def flat(g: Builder, x: str, n: int, k: int) -> str:
    """[1, A K, H, W] as [1, A H W, K]."""
    return g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 3, 1]), g.const([1, n, k]))


def ssd300(g: Builder, classes: int = 21) -> list[str]:
    """SSD300 on VGG-16: six levels, the first normalised by its length."""
    x, ci = g.input(1, 3, 300, 300), 3
    for n, co in ((2, 64), (2, 128), (3, 256), (3, 512)):
        if ci != 3:
            x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
        for _ in range(n):
            x, ci = conv_relu(g, x, ci, co, 3), co
    long = g.op("Clip", g.op("ReduceL2", x, axes=[1], keepdims=1), g.const(1e-4))
    f = [(g.op("Mul", g.op("Div", x, long), g.weight(512, 1, 1)), 512, 38, 4)]
    x = pooled(g, x, 2, 2)
    for _ in range(3):
        x = conv_relu(g, x, 512, 512, 3)
    x = conv_relu(g, spaced(g, pooled(g, x, 3, 1, 1), 512, 1024, 6, relu), 1024, 1024, 1)
    f.append((x, 1024, 19, 6))
    ci = 1024
    further = (256, 512, 2, 1, 10, 6), (128, 256, 2, 1, 5, 6), (128, 256, 1, 0, 3, 4), (128, 256, 1, 0, 1, 4)
    for m, co, s, p, e, a in further:
        y = conv_relu(g, x, ci, m, 1)
        x = relu(g, g.op("Conv", y, g.weight(co, m, 3, 3), g.weight(co), strides=[s, s], pads=[p] * 4))
        ci = co
        f.append((x, co, e, a))
    box = [flat(g, conv(g, t, c, 4 * a, 3), a * e * e, 4) for t, c, e, a in f]
    cls = [flat(g, conv(g, t, c, classes * a, 3), a * e * e, classes) for t, c, e, a in f]
    return [concat(g, *box), g.op("Softmax", concat(g, *cls), axis=-1)]


def retinanet_r18(g: Builder, size: int, classes: int = 80) -> list[str]:
    """RetinaNet on ResNet-18: five levels of 256, towers of four shared kernels."""
    f = resnet(g, size, (2, 2, 2, 2), False, True)[1:]
    p = [conv(g, t, c, 256, 1) for t, c in f]
    for i in (1, 0):
        p[i] = g.op("Add", p[i], enlarged(g, p[i + 1], 2, "nearest"))
    p = [conv(g, t, 256, 256, 3) for t in p]
    p.append(conv(g, f[2][0], 512, 256, 3, 2))
    p.append(conv(g, relu(g, p[3]), 256, 256, 3, 2))
    A, B = ([shared_kernel(g, 256, 256, 3) for _ in range(4)] for _ in range(2))
    A1, B1 = shared_kernel(g, 256, 9 * classes, 3), shared_kernel(g, 256, 36, 3)
    cls, box, e = [], [], size // 8
    for t in p:
        a = b = t
        for k, m in zip(A, B, strict=True):
            a, b = relu(g, k(a)), relu(g, m(b))
        cls.append(flat(g, g.op("Sigmoid", A1(a)), 9 * e * e, classes))
        box.append(flat(g, B1(b), 9 * e * e, 4))
        e = (e + 1) // 2
    return [concat(g, *cls), concat(g, *box)]


KNOWN_LARGE_DETECTORS = {
    "ssd300_vgg16": ("CNN", lambda g: ssd300(g)),
    "retinanet_r18_320": ("CNN", lambda g: retinanet_r18(g, 320)),
}  # fmt: skip
