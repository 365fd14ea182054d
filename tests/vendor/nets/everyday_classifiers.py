"""Classifiers and faces that most people run: EfficientNetV2, RepViT, MobileFaceNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import activated, classified, relu, resnet, squeezed
from tests.vendor.nets.layers import conv, gelu


def efficientnet_v2_b0(g: Builder, size: int) -> str:
    """EfficientNetV2-B0: fused inverted bottlenecks, then depthwise ones with excitation."""
    x, ci = activated(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32
    for kind, e, co, n, s in (
        ("f", 1, 16, 1, 1),
        ("f", 4, 32, 2, 2),
        ("f", 4, 48, 2, 2),
        ("m", 4, 96, 3, 2),
        ("m", 6, 112, 5, 1),
        ("m", 6, 192, 8, 2),
    ):
        for i in range(n):
            st, inner = s if i == 0 else 1, ci * e
            if kind == "f":
                y = (
                    activated(g, x, ci, co, 3, st)
                    if e == 1
                    else conv(g, activated(g, x, ci, inner, 3, st), inner, co, 1)
                )
            else:
                y = activated(g, activated(g, x, ci, inner), inner, inner, 3, st, inner)
                y = conv(g, squeezed(g, y, inner, ci // 4), inner, co, 1)
            x, ci = g.op("Add", y, x) if st == 1 and ci == co else y, co
    return classified(g, activated(g, x, ci, 1280), 1280)


def repvit(g: Builder, size: int) -> str:
    """RepViT-M0.9: depthwise 3 x 3, excitation in every second block, two 1 x 1 convolutions with GELU."""
    x = conv(g, gelu(g, conv(g, g.input(1, 3, size, size), 3, 24, 3, 2)), 24, 48, 3, 2)
    ci = 48
    for j, (co, n) in enumerate(((48, 2), (96, 2), (192, 8), (384, 2))):
        if j:
            x = conv(g, conv(g, x, ci, ci, 3, 1, ci), ci, ci, 3, 2, ci)
            x = conv(g, x, ci, co, 1)
            y = conv(g, gelu(g, conv(g, x, co, 2 * co, 1)), 2 * co, co, 1)
            x, ci = g.op("Add", x, y), co
        for i in range(n):
            x = conv(g, x, ci, ci, 3, 1, ci)
            if i % 2 == 0:
                x = squeezed(g, x, ci, ci // 4, relu)
            y = conv(g, gelu(g, conv(g, x, ci, 2 * ci, 1)), 2 * ci, ci, 1)
            x = g.op("Add", x, y)
    return classified(g, x, ci)


def mobilefacenet(g: Builder, size: int) -> str:
    """MobileFaceNet: inverted bottlenecks with PReLU, a depthwise window as large as the map, a unit vector."""

    def act(g, x, c):
        return g.op("PRelu", x, g.weight(c, 1, 1))

    x = act(g, conv(g, g.input(1, 3, size, size), 3, 64, 3, 2), 64)
    x, ci = act(g, conv(g, x, 64, 64, 3, 1, 64), 64), 64
    for inner, co, n, s in (
        (128, 64, 5, 2),
        (256, 128, 1, 2),
        (256, 128, 6, 1),
        (512, 128, 1, 2),
        (256, 128, 2, 1),
    ):
        for i in range(n):
            st = s if i == 0 else 1
            y = act(g, conv(g, x, ci, inner, 1), inner)
            y = conv(g, act(g, conv(g, y, inner, inner, 3, st, inner), inner), inner, co, 1)
            x, ci = g.op("Add", x, y) if st == 1 and ci == co else y, co
    x = act(g, conv(g, x, ci, 512, 1), 512)
    x = g.op("Conv", x, g.weight(512, 1, size // 16, size // 16), g.weight(512), group=512)
    x = g.op("Flatten", g.op("Conv", x, g.weight(128, 512, 1, 1), g.weight(128)), axis=1)
    n = g.op("ReduceL2", x, axes=[1], keepdims=1)
    return g.op("Div", x, n)


EVERYDAY_CLASSIFIERS = {
    "efficientnet_v2_b0_224": ("CNN", lambda g: efficientnet_v2_b0(g, 224)),
    "mobilefacenet_112": ("CNN", lambda g: mobilefacenet(g, 112)),
    "resnet50_320": ("CNN", lambda g: resnet(g, 320, (3, 4, 6, 3))),
    "repvit_m09_224": ("CNN", lambda g: repvit(g, 224)),
}  # fmt: skip
