"""YOLOv6, RTMDet, RetinaFace."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_detectors import sppf
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, enlarged


def yolov6n(g: Builder, size: int) -> str:
    """YOLOv6n as deployed: plain 3 x 3 convolutions, transposed ones upwards."""

    def rep(g, x, a, b, s=1):
        return activated(g, x, a, b, 3, s, act=relu)

    x, f, ci = rep(g, g.input(1, 3, size, size), 3, 16, 2), [], 16
    for co, n in ((32, 2), (64, 4), (128, 6), (256, 2)):
        x = rep(g, x, ci, co, 2)
        for _ in range(n):
            x = rep(g, x, co, co)
        ci = co
        f.append(x)
    p5 = sppf(g, f[3], 256, relu)

    def blk(g, x, a, b):
        x = rep(g, x, a, b)
        for _ in range(3):
            x = rep(g, x, b, b)
        return x

    up = lambda x, a: g.op("ConvTranspose", x, g.weight(a, a, 2, 2), g.weight(a), strides=[2, 2])
    t5 = activated(g, p5, 256, 64, act=relu)
    n4 = blk(g, concat(g, up(t5, 64), f[2]), 192, 64)
    t4 = activated(g, n4, 64, 32, act=relu)
    n3 = blk(g, concat(g, up(t4, 32), f[1]), 96, 32)
    n4 = blk(g, concat(g, activated(g, n3, 32, 32, 3, 2, act=relu), t4), 64, 64)
    n5 = blk(g, concat(g, activated(g, n4, 64, 64, 3, 2, act=relu), t5), 128, 128)
    outs = []
    for x, c, s in ((n3, 32, 8), (n4, 64, 16), (n5, 128, 32)):
        e = size // s
        x = activated(g, x, c, c)
        a = g.op("Sigmoid", conv(g, activated(g, x, c, c, 3), c, 80, 1))
        b = conv(g, activated(g, x, c, c, 3), c, 4, 1)
        outs.append(concat(g, *(g.op("Reshape", t, g.const([1, k, e * e])) for t, k in ((b, 4), (a, 80)))))
    return g.op("Transpose", concat(g, *outs, axis=2), perm=[0, 2, 1])


def rtmdet(g: Builder, size: int, w: int = 24) -> list[str]:
    """RTMDet: depthwise 5 x 5 in blocks of two branches, hard gates."""

    def nb(g, x, c, add):
        y = activated(g, activated(g, activated(g, x, c, c, 3), c, c, 5, 1, c), c, c)
        return g.op("Add", x, y) if add else y

    def layer(g, x, a, b, n=1, add=True, attn=False):
        h = b // 2
        u = activated(g, x, a, h)
        for _ in range(n):
            u = nb(g, u, h, add)
        y = concat(g, u, activated(g, x, a, h))
        if attn:
            s = g.op("HardSigmoid", conv(g, g.op("GlobalAveragePool", y), b, b, 1), alpha=1 / 6, beta=0.5)
            y = g.op("Mul", y, s)
        return activated(g, y, b, b)

    x = activated(
        g,
        activated(g, activated(g, g.input(1, 3, size, size), 3, w // 2, 3, 2), w // 2, w // 2, 3),
        w // 2,
        w,
        3,
    )
    c, f, ci = [2 * w, 4 * w, 8 * w, 16 * w], [], w
    for i, (co, n) in enumerate(zip(c, (1, 1, 1, 1), strict=True)):
        x = activated(g, x, ci, co, 3, 2)
        if i == 3:
            h = co // 2
            p = activated(g, x, co, h)
            x = activated(
                g,
                concat(
                    g,
                    p,
                    *(
                        g.op("MaxPool", p, kernel_shape=[k, k], strides=[1, 1], pads=[k // 2] * 4)
                        for k in (5, 9, 13)
                    ),
                ),
                4 * h,
                co,
            )
        x = layer(g, x, co, co, n, i != 3, True)
        ci = co
        f.append(x)
    a, b, d = c[1:]
    t5 = activated(g, f[3], d, b)
    n4 = layer(g, concat(g, enlarged(g, t5, 2, "nearest"), f[2]), 2 * b, b, 1, False)
    t4 = activated(g, n4, b, a)
    n3 = layer(g, concat(g, enlarged(g, t4, 2, "nearest"), f[1]), 2 * a, a, 1, False)
    n4 = layer(g, concat(g, activated(g, n3, a, a, 3, 2), t4), 2 * a, b, 1, False)
    n5 = layer(g, concat(g, activated(g, n4, b, b, 3, 2), t5), 2 * b, d, 1, False)
    outs = []
    for x, ch in ((n3, a), (n4, b), (n5, d)):
        x = activated(g, x, ch, a, 3)
        outs += [
            g.op("Sigmoid", conv(g, activated(g, activated(g, x, a, a, 3), a, a, 3), a, 80, 1)),
            conv(g, activated(g, activated(g, x, a, a, 3), a, a, 3), a, 4, 1),
        ]
    return outs


def retinaface(g: Builder, size: int) -> list[str]:
    """RetinaFace on MobileNet 0.25: a pyramid of three maps, boxes, scores and points."""
    lr = lambda g, x: g.op("LeakyRelu", x, alpha=0.1)
    x, ci, f = activated(g, g.input(1, 3, size, size), 3, 8, 3, 2, act=lr), 8, []
    for co, s in (
        (16, 1),
        (32, 2),
        (32, 1),
        (64, 2),
        (64, 1),
        (128, 2),
        *((128, 1),) * 5,
        (256, 2),
        (256, 1),
    ):
        if s == 2 and co >= 128:
            f.append(x)
        x, ci = activated(g, activated(g, x, ci, ci, 3, s, ci, act=lr), ci, co, act=lr), co
    f.append(x)
    p = [activated(g, t, c, 64, act=lr) for t, c in zip(f, (64, 128, 256), strict=True)]
    p4 = activated(g, g.op("Add", p[1], enlarged(g, p[2], 2, "nearest")), 64, 64, 3, act=lr)
    p3 = activated(g, g.op("Add", p[0], enlarged(g, p4, 2, "nearest")), 64, 64, 3, act=lr)
    outs = {2: [], 4: [], 10: []}
    for t, s in ((p3, 8), (p4, 16), (p[2], 32)):
        a = conv(g, t, 64, 32, 3)
        u = activated(g, t, 64, 16, 3, act=lr)
        b = conv(g, u, 16, 16, 3)
        c = conv(g, activated(g, u, 16, 16, 3, act=lr), 16, 16, 3)
        t = relu(g, concat(g, a, b, c))
        for k in outs:
            y = g.op("Transpose", conv(g, t, 64, 2 * k, 1), perm=[0, 2, 3, 1])
            outs[k].append(g.op("Reshape", y, g.const([1, (size // s) ** 2 * 2, k])))
    loc, cls, pts = (concat(g, *outs[k]) for k in (4, 2, 10))
    return [loc, g.op("Softmax", cls, axis=-1), pts]


EVERYDAY_SMALL_DETECTORS = {
    "yolov6n_416": ("CNN", lambda g: yolov6n(g, 416)),
    "rtmdet_tiny_384": ("CNN", lambda g: rtmdet(g, 384)),
    "retinaface_m025_640": ("CNN", lambda g: retinaface(g, 640)),
}  # fmt: skip
