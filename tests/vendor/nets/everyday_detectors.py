"""YOLOv5, v8 and 11."""

from collections.abc import Callable, Sequence

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import Act, activated, concat, halves
from tests.vendor.nets.layers import conv, enlarged, silu


def c3(g: Builder, x: str, ci: int, co: int, n: int, add: bool = True) -> str:
    """YOLOv5's block of two branches, one of bottlenecks."""
    h = co // 2
    a = activated(g, x, ci, h)
    for _ in range(n):
        y = activated(g, activated(g, a, h, h), h, h, 3)
        a = g.op("Add", a, y) if add else y
    return activated(g, concat(g, a, activated(g, x, ci, h)), co, co)


def c2f(g: Builder, x: str, ci: int, co: int, n: int, add: bool = True) -> str:
    """YOLOv8's block: halves, bottlenecks in a chain, all joined."""
    h = co // 2
    parts = list(halves(g, activated(g, x, ci, co), h))
    for _ in range(n):
        y = activated(g, activated(g, parts[-1], h, h, 3), h, h, 3)
        parts.append(g.op("Add", parts[-1], y) if add else y)
    return activated(g, concat(g, *parts), (2 + n) * h, co)


def sppf(g: Builder, x: str, c: int, act: Act = silu) -> str:
    """Three poolings of 5 x 5 in a row, joined with what goes in."""
    h = c // 2
    ps = [activated(g, x, c, h, act=act)]
    for _ in range(3):
        ps.append(g.op("MaxPool", ps[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
    return activated(g, concat(g, *ps), 4 * h, c, act=act)


def pan(
    g: Builder, f: list[str], widths: list[int], block: Callable[..., str], down: Callable[..., str]
) -> tuple[str, ...]:
    """Three maps joined from the smallest up and from the largest down."""
    (p3, p4, p5), (a, b, c) = f, widths
    n4 = block(g, concat(g, enlarged(g, p5, 2, "nearest"), p4), c + b, b)
    n3 = block(g, concat(g, enlarged(g, n4, 2, "nearest"), p3), b + a, a)
    n4 = block(g, concat(g, down(g, n3, a), n4), a + b, b)
    n5 = block(g, concat(g, down(g, n4, b), p5), b + c, c)
    return n3, n4, n5


def yolov5(g: Builder, size: int, w: int, d: int, classes: int = 80) -> str:
    """YOLOv5 with anchors and its boxes decoded."""
    c = [w, 2 * w, 4 * w, 8 * w, 16 * w]
    x = silu(
        g,
        g.op(
            "Conv",
            g.input(1, 3, size, size),
            g.weight(c[0], 3, 6, 6),
            g.weight(c[0]),
            strides=[2, 2],
            pads=[2] * 4,
        ),
    )
    f = []
    for i, n in zip(range(1, 5), (d, 2 * d, 3 * d, d), strict=True):
        x = c3(g, activated(g, x, c[i - 1], c[i], 3, 2), c[i], c[i], n)
        f.append(x)
    p3, p4, p5 = f[1], f[2], sppf(g, f[3], c[4])
    t5 = activated(g, p5, c[4], c[3])
    n4 = c3(g, concat(g, enlarged(g, t5, 2, "nearest"), p4), 2 * c[3], c[3], d, False)
    t4 = activated(g, n4, c[3], c[2])
    n3 = c3(g, concat(g, enlarged(g, t4, 2, "nearest"), p3), 2 * c[2], c[2], d, False)
    n4 = c3(g, concat(g, activated(g, n3, c[2], c[2], 3, 2), t4), 2 * c[2], c[3], d, False)
    n5 = c3(g, concat(g, activated(g, n4, c[3], c[3], 3, 2), t5), 2 * c[3], c[4], d, False)
    outs = []
    for x, ch, s in ((n3, c[2], 8), (n4, c[3], 16), (n5, c[4], 32)):
        e, k = size // s, 5 + classes
        y = g.op("Reshape", conv(g, x, ch, 3 * k, 1), g.const([1, 3, k, e, e]))
        y = g.op("Sigmoid", g.op("Transpose", y, perm=[0, 1, 3, 4, 2]))
        xy, wh, cf = g.op("Split", y, g.const([2, 2, k - 4]), count=3, axis=4)
        xy = g.op(
            "Mul", g.op("Add", g.op("Mul", xy, g.const(2.0)), g.weight(1, 3, e, e, 2)), g.const(float(s))
        )
        wh = g.op("Mul", g.op("Pow", g.op("Mul", wh, g.const(2.0)), g.const(2.0)), g.weight(1, 3, e, e, 2))
        outs.append(g.op("Reshape", concat(g, xy, wh, cf, axis=4), g.const([1, 3 * e * e, k])))
    return concat(g, *outs)


def dfl_head(
    g: Builder,
    feats: Sequence[str],
    chans: Sequence[int],
    size: int,
    classes: int = 80,
    light: bool = False,
    extra: int = 0,
    batch: int = 1,
) -> str:
    """Heads of YOLOv8 and v11: boxes as distributions over 16 places, classes, `extra` coefficients of masks."""
    c2, inner = max(16, chans[0] // 4, 64), max(chans[0], min(classes, 100))
    outs, masks, n = [], [], 0
    for x, ch, s in zip(feats, chans, (8, 16, 32), strict=True):
        e = size // s
        b = conv(g, activated(g, activated(g, x, ch, c2, 3), c2, c2, 3), c2, 64, 1)
        if light:
            y = activated(g, activated(g, x, ch, ch, 3, 1, ch), ch, inner)
            y = activated(g, activated(g, y, inner, inner, 3, 1, inner), inner, inner)
        else:
            y = activated(g, activated(g, x, ch, inner, 3), inner, inner, 3)
        outs.append(
            g.op(
                "Reshape", concat(g, b, conv(g, y, inner, classes, 1)), g.const([batch, 64 + classes, e * e])
            )
        )
        if extra:
            m = max(chans[0] // 4, extra)
            y = conv(g, activated(g, activated(g, x, ch, m, 3), m, m, 3), m, extra, 1)
            masks.append(g.op("Reshape", y, g.const([batch, extra, e * e])))
        n += e * e
    y = concat(g, *outs, axis=2)
    box, cls = g.op("Split", y, g.const([64, classes]), count=2, axis=1)
    box = g.op("Transpose", g.op("Reshape", box, g.const([batch, 4, 16, n])), perm=[0, 2, 1, 3])
    box = g.op("Conv", g.op("Softmax", box, axis=1), g.weight(1, 16, 1, 1))
    box = g.op("Reshape", box, g.const([batch, 4, n]))
    lt, rb = g.op("Split", box, g.const([2, 2]), count=2, axis=1)
    a = g.weight(1, 2, n)
    x1, x2 = g.op("Sub", a, lt), g.op("Add", a, rb)
    mid = g.op("Div", g.op("Add", x1, x2), g.const(2.0))
    box = g.op("Mul", concat(g, mid, g.op("Sub", x2, x1)), g.weight(1, n))
    parts = [box, g.op("Sigmoid", cls)] + ([concat(g, *masks, axis=2)] if masks else [])
    return concat(g, *parts)


def yolov8_maps(g: Builder, size: int, c: Sequence[int], d: int, batch: int = 1) -> Sequence[str]:
    """The three maps of YOLOv8 that its heads read."""
    x, f = activated(g, g.input(batch, 3, size, size), 3, c[0], 3, 2), []
    for i, n in zip(range(1, 5), (d, 2 * d, 2 * d, d), strict=True):
        x = c2f(g, activated(g, x, c[i - 1], c[i], 3, 2), c[i], c[i], n)
        f.append(x)
    f = [f[1], f[2], sppf(g, f[3], c[4])]
    return pan(
        g, f, c[2:], lambda g, x, a, b: c2f(g, x, a, b, d, False), lambda g, x, a: activated(g, x, a, a, 3, 2)
    )


def yolov8(g: Builder, size: int, w: int, d: int, seg: bool = False, batch: int = 1) -> str | list[str]:
    """YOLOv8, with masks if asked for."""
    c = [w, 2 * w, 4 * w, 8 * w, 16 * w]
    out = yolov8_maps(g, size, c, d, batch)
    y = dfl_head(g, out, c[2:], size, extra=32 if seg else 0, batch=batch)
    if not seg:
        return y
    p = activated(g, out[0], c[2], 64, 3)
    p = g.op("ConvTranspose", p, g.weight(64, 64, 2, 2), g.weight(64), strides=[2, 2])
    return [y, activated(g, activated(g, p, 64, 64, 3), 64, 32)]


def yolo11(g: Builder, size: int, w: int = 16) -> str:
    """YOLO11 of `w` channels at its first convolution: C3k2 blocks, attention on the smallest map, depthwise heads."""

    def c3k2(g, x, ci, co, e=0.5, deep=False):
        h = int(co * e)
        a, b = halves(g, activated(g, x, ci, 2 * h), h)
        if deep:
            q = h // 2
            u = activated(g, b, h, q)
            for _ in range(2):
                u = g.op("Add", u, activated(g, activated(g, u, q, q, 3), q, q, 3))
            y = activated(g, concat(g, u, activated(g, b, h, q)), h, h)
        else:
            q = h // 2
            y = g.op("Add", b, activated(g, activated(g, b, h, q, 3), q, h, 3))
        return activated(g, concat(g, a, b, y), 3 * h, co)

    def psa(g, x, c, e):
        h, n = c // 2, c // 128
        a, b = halves(g, activated(g, x, c, c), h)
        kd, hd = h // n // 2, h // n
        qkv = g.op("Reshape", conv(g, b, h, 2 * h, 1), g.const([1, n, 2 * kd + hd, e * e]))
        q, k, v = g.op("Split", qkv, g.const([kd, kd, hd]), count=3, axis=2)
        s = g.op("Mul", g.op("MatMul", g.op("Transpose", q, perm=[0, 1, 3, 2]), k), g.const(kd**-0.5))
        y = g.op("MatMul", v, g.op("Transpose", g.op("Softmax", s, axis=-1), perm=[0, 1, 3, 2]))
        y = g.op("Reshape", y, g.const([1, h, e, e]))
        pe = conv(g, g.op("Reshape", v, g.const([1, h, e, e])), h, h, 3, 1, h)
        b = g.op("Add", b, conv(g, g.op("Add", y, pe), h, h, 1))
        b = g.op("Add", b, conv(g, activated(g, b, h, 2 * h), 2 * h, h, 1))
        return activated(g, concat(g, a, b), c, c)

    a, b, c, d = 2 * w, 4 * w, 8 * w, 16 * w
    x = activated(g, activated(g, g.input(1, 3, size, size), 3, w, 3, 2), w, a, 3, 2)
    x = c3k2(g, x, a, b, 0.25)
    p3 = c3k2(g, activated(g, x, b, b, 3, 2), b, c, 0.25)
    p4 = c3k2(g, activated(g, p3, c, c, 3, 2), c, c, deep=True)
    x = c3k2(g, activated(g, p4, c, d, 3, 2), d, d, deep=True)
    p5 = psa(g, sppf(g, x, d), d, size // 32)
    n4 = c3k2(g, concat(g, enlarged(g, p5, 2, "nearest"), p4), c + d, c)
    n3 = c3k2(g, concat(g, enlarged(g, n4, 2, "nearest"), p3), 2 * c, b)
    n4 = c3k2(g, concat(g, activated(g, n3, b, b, 3, 2), n4), b + c, c)
    n5 = c3k2(g, concat(g, activated(g, n4, c, c, 3, 2), p5), c + d, d, deep=True)
    return dfl_head(g, (n3, n4, n5), (b, c, d), size, light=True)


EVERYDAY_DETECTORS = {
    "yolo11n_512": ("CNN", lambda g: yolo11(g, 512)),
    "yolov5s_640": ("CNN", lambda g: yolov5(g, 640, 32, 1)),
    "yolov8n_seg_448": ("CNN", lambda g: yolov8(g, 448, 16, 1, True)),
    "yolov8s_480": ("CNN", lambda g: yolov8(g, 480, 32, 1)),
}  # fmt: skip
