"""Depth, points, text: MiDaS, SuperPoint, CRAFT, the classifier of PP-OCR."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import V3S, mobilenet_v3_maps
from tests.vendor.nets.everyday_pieces import activated, classified, concat, relu
from tests.vendor.nets.layers import conv, conv_relu, cut, enlarged
from tests.vendor.nets.usual_pieces import hswish, pooled, relu6, resized


def midas_small(g: Builder, size: int) -> str:
    """MiDaS small: EfficientNet-Lite3, four levels of 64 to 512 channels fused by residual units."""
    x, ci, f = activated(g, g.input(1, 3, size, size), 3, 32, 3, 2, act=relu6), 32, []
    for e, k, co, n, s in (
        (1, 3, 24, 1, 1),
        (6, 3, 32, 3, 2),
        (6, 5, 48, 3, 2),
        (6, 3, 96, 5, 2),
        (6, 5, 136, 5, 1),
        (6, 5, 232, 6, 2),
        (6, 3, 384, 1, 1),
    ):
        for i in range(n):
            st, t = s if i == 0 else 1, ci * e
            y = activated(g, x, ci, t, act=relu6) if e > 1 else x
            y = conv(g, activated(g, y, t, t, k, st, t, act=relu6), t, co, 1)
            x, ci = g.op("Add", y, x) if st == 1 and ci == co else y, co
        f.append((x, co))
    f = [f[1], f[2], f[4], f[6]]
    ws = (64, 128, 256, 512)
    p = [conv(g, t, c, w, 3, bias=False) for (t, c), w in zip(f, ws, strict=True)]

    def unit(x, c):
        y = conv(g, relu(g, x), c, c, 3)
        return g.op("Add", conv(g, relu(g, y), c, c, 3), x)

    x = None
    for i in (3, 2, 1, 0):
        c = ws[i]
        x = p[i] if x is None else g.op("Add", x, unit(p[i], c))
        x = enlarged(g, unit(x, c), 2)
        x = conv(g, x, c, c // 2 if i else c, 1)
    y = enlarged(g, conv(g, x, 64, 32, 3), 2)
    y = conv_relu(g, y, 32, 32, 3)
    return relu(g, conv(g, y, 32, 1, 1))


def superpoint(g: Builder, h: int, w: int) -> list[str]:
    """SuperPoint: scores of 8x8 places unfolded and their peaks, a normalised descriptor."""
    x, ci = g.input(1, 1, h, w), 1
    for j, co in enumerate((64, 64, 128, 128)):
        x = conv_relu(g, conv_relu(g, x, ci, co, 3), co, co, 3)
        ci = co
        if j < 3:
            x = pooled(g, x, 2, 2)
    s = g.op("Softmax", conv(g, conv_relu(g, x, 128, 256, 3), 256, 65, 1), axis=1)
    s = g.op("Transpose", cut(g, s, 1, 0, 64), perm=[0, 2, 3, 1])
    s = g.op("Transpose", g.op("Reshape", s, g.const([1, h // 8, w // 8, 8, 8])), perm=[0, 1, 3, 2, 4])
    s = g.op("Reshape", s, g.const([1, 1, h, w]))
    peak = pooled(g, s, 9, 1, 4)
    d = conv(g, conv_relu(g, x, 128, 256, 3), 256, 256, 1)
    return [s, peak, g.op("Div", d, g.op("ReduceL2", d, axes=[1], keepdims=1))]


def craft(g: Builder, h: int, w: int) -> str:
    """CRAFT: VGG-16 and a U of its maps, two channels last."""
    x, ci, f = g.input(1, 3, h, w), 3, []
    for n, co in ((2, 64), (2, 128), (3, 256), (3, 512)):
        for _ in range(n):
            x, ci = conv_relu(g, x, ci, co, 3), co
        f.append(x)
        x = pooled(g, x, 2, 2)
    y = conv(g, conv_relu(g, x, 512, 512, 3), 512, 512, 3)
    f.append(y)
    z = g.op(
        "Conv",
        pooled(g, relu(g, y), 3, 1, 1),
        g.weight(1024, 512, 3, 3),
        g.weight(1024),
        pads=[6] * 4,
        dilations=[6, 6],
    )
    y = concat(g, conv(g, z, 1024, 1024, 1), y)
    for a, m, b, s, d in ((1536, 512, 256, f[3], 8), (768, 256, 128, f[2], 4), (384, 128, 64, f[1], 2)):
        y = resized(g, conv_relu(g, conv_relu(g, y, a, m, 1), m, b, 3), b, h // d, w // d)
        y = concat(g, y, s)
    y = conv_relu(g, conv_relu(g, y, 192, 64, 1), 64, 32, 3)
    y = conv_relu(g, conv_relu(g, conv_relu(g, conv_relu(g, y, 32, 32, 3), 32, 32, 3), 32, 16, 3), 16, 16, 1)
    return g.op("Transpose", conv(g, y, 16, 2, 1), perm=[0, 2, 3, 1])


def ocr_cls(g: Builder, h: int, w: int) -> str:
    """PP-OCR's direction classifier: MobileNetV3-small x0.35, two classes."""
    x, ci = mobilenet_v3_maps(g, g.input(1, 3, h, w), V3S, 0.35)[-1]
    x = activated(g, x, ci, 200, act=hswish)
    return g.op("Softmax", classified(g, pooled(g, x, 2, 2) if h >= 64 else x, 200, 2), axis=-1)


COMMON_SCENES = {
    "midas_small_256": ("CNN", lambda g: midas_small(g, 256)),
    "superpoint_240x320": ("CNN", lambda g: superpoint(g, 240, 320)),
    "craft_320": ("CNN", lambda g: craft(g, 320, 320)),
    "ocr_cls_48x192": ("CNN", lambda g: ocr_cls(g, 48, 192)),
}  # fmt: skip
