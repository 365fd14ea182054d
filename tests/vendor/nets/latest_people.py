"""Faces and people: VarGFaceNet, PRNet, DeepSORT's look."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import pooled, prelu


def vargfacenet(g: Builder, e: int = 112) -> str:
    """VarGFaceNet: groups of eight channels, however many; gates, PReLU."""

    def sep(x: str, a: int, b: int, s: int = 1, act: bool = True) -> str:
        y = prelu(g, conv(g, x, a, 2 * a, 3, s, a // 8, False), 2 * a)
        y = conv(g, y, 2 * a, b, 1, bias=False)
        return prelu(g, y, b) if act else y

    def block(x: str, c: int) -> str:
        y = sep(sep(x, c, c), c, c, 1, False)
        y = squeezed(g, y, c, c // 4, lambda g, t: prelu(g, t, c // 4))
        return prelu(g, g.op("Add", y, x), c)

    def down(x: str, a: int, b: int) -> str:
        y = g.op("Add", sep(x, a, b, 2, False), sep(x, a, b, 2, False))
        y = sep(prelu(g, y, b), b, b, 1, False)
        return prelu(g, g.op("Add", y, sep(x, a, b, 2, False)), b)

    x = prelu(g, conv(g, g.input(1, 3, e, e), 3, 40, 3, bias=False), 40)
    y = squeezed(g, sep(sep(x, 40, 40, 2), 40, 40, 1, False), 40, 10, relu)
    x, c = prelu(g, g.op("Add", y, sep(x, 40, 40, 2, False)), 40), 40
    for co, n in ((80, 2), (160, 6), (320, 3)):
        x, c = down(x, c, co), co
        for _ in range(n):
            x = block(x, c)
    x = prelu(g, conv(g, x, 320, 1024, 1, bias=False), 1024)
    x = g.op("Conv", x, g.weight(1024, 8, e // 16, e // 16), group=128)
    x = conv(g, x, 1024, 512, 1)
    return g.op("Gemm", g.op("Flatten", x, axis=1), g.weight(512, 512), g.weight(512), transB=1)


def prnet(g: Builder, e: int = 256, c: int = 16) -> str:
    """PRNet: a face's places as a picture; 4x4 on the way down and up."""

    def four(x: str, a: int, b: int, s: int) -> str:
        w = g.op(
            "Conv",
            x,
            g.weight(b, a, 4, 4),
            g.weight(b),
            strides=[s, s],
            pads=[1, 1, 3 - s, 3 - s] if s == 2 else [1, 1, 2, 2],
        )
        return relu(g, w)

    def residual(x: str, a: int, b: int, s: int) -> str:
        y = conv(g, four(conv_relu(g, x, a, b // 2, 1), b // 2, b // 2, s), b // 2, b, 1)
        return relu(g, g.op("Add", y, x if s == 1 else conv(g, x, a, b, 1, s, bias=False)))

    x, a = four(g.input(1, 3, e, e), 3, c, 1), c
    for k in range(1, 6):
        x, a = residual(residual(x, a, c << k, 2), c << k, c << k, 1), c << k
    up = [(512, 1)] + [
        t for k in (4, 3, 2, 1, 0) for t in ((c << k, 2), *(((c << k, 1),) * (2 if k > 1 else 1)))
    ]
    for i, (b, s) in enumerate((*up, (3, 1), (3, 1), (3, 1))):
        pads = [1] * 4 if s == 2 else [1, 1, 2, 2]
        x = g.op("ConvTranspose", x, g.weight(a, b, 4, 4), g.weight(b), strides=[s, s], pads=pads)
        x, a = g.op("Sigmoid", x) if i == len(up) + 2 else relu(g, x), b
    return x


def deepsort(g: Builder, n: int, h: int = 128, w: int = 64) -> str:
    """DeepSORT's network of looks: eight pairs, 512 numbers of length one."""
    x, ci = pooled(g, conv_relu(g, g.input(n, 3, h, w), 3, 64, 3), 3, 2, 1), 64
    for j in range(4):
        co = 64 << j
        for i in range(2):
            s = 2 if j and i == 0 else 1
            y = conv(g, conv_relu(g, x, ci, co, 3, s), co, co, 3)
            x, ci = relu(g, g.op("Add", x if ci == co and s == 1 else conv(g, x, ci, co, 1, s), y)), co
    x = g.op("AveragePool", x, kernel_shape=[h // 16, w // 16])
    x = g.op("Flatten", x, axis=1)
    return g.op("Div", x, g.op("ReduceL2", x, axes=[1], keepdims=1))


LATEST_PEOPLE = {
    "deepsort_b8_128x64": ("CNN", lambda g: deepsort(g, 8)),
    "vargfacenet_112": ("CNN", lambda g: vargfacenet(g)),
    "prnet_256": ("CNN", lambda g: prnet(g)),
}  # fmt: skip
