"""Small classifiers: EfficientNetV2-S, MobileNetV4, ReXNet; known ones at further sizes."""

from tests.vendor.builder import Builder
from tests.vendor.nets import mobile as mob
from tests.vendor.nets import small_kinds as small
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import activated, classified, concat, relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu, cut
from tests.vendor.nets.usual_pieces import relu6
from tests.vendor.nets.usual_small_classifiers import shufflenet2


def efficientnet_v2_s(g: Builder, size: int) -> str:
    """EfficientNetV2-S: three stages of fused expansions, three with depthwise and gates."""
    x, ci = activated(g, g.input(1, 3, size, size), 3, 24, 3, 2), 24
    for kind, e, co, n, s in (
        ("f", 1, 24, 2, 1),
        ("f", 4, 48, 4, 2),
        ("f", 4, 64, 4, 2),
        ("m", 4, 128, 6, 2),
        ("m", 6, 160, 9, 1),
        ("m", 6, 256, 15, 2),
    ):
        for i in range(n):
            st, t = s if i == 0 else 1, ci * e
            if kind == "f":
                y = (
                    activated(g, x, ci, co, 3, st)
                    if e == 1
                    else conv(g, activated(g, x, ci, t, 3, st), t, co, 1)
                )
            else:
                y = activated(g, activated(g, x, ci, t), t, t, 3, st, t)
                y = conv(g, squeezed(g, y, t, ci // 4), t, co, 1)
            x, ci = g.op("Add", y, x) if st == 1 and ci == co else y, co
    return classified(g, activated(g, x, ci, 1280), 1280)


def mobilenetv4_m(g: Builder, size: int) -> str:
    """MobileNetV4-conv-medium: depthwise in front of the expansion, behind it, both or none."""
    x = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2)
    x = conv(g, conv_relu(g, x, 32, 128, 3, 2), 128, 48, 1)
    ci = 48
    for a, k, s, e, co, n in (
        (3, 5, 2, 4, 80, 1),
        (3, 3, 1, 2, 80, 1),
        (3, 5, 2, 6, 160, 1),
        (3, 3, 1, 4, 160, 2),
        (3, 5, 1, 4, 160, 1),
        (3, 3, 1, 4, 160, 1),
        (3, 0, 1, 4, 160, 1),
        (0, 0, 1, 2, 160, 1),
        (3, 0, 1, 4, 160, 1),
        (5, 5, 2, 6, 256, 1),
        (5, 5, 1, 4, 256, 1),
        (3, 5, 1, 4, 256, 2),
        (0, 0, 1, 4, 256, 1),
        (3, 0, 1, 4, 256, 1),
        (3, 5, 1, 2, 256, 1),
        (5, 5, 1, 4, 256, 1),
        (0, 0, 1, 4, 256, 2),
        (5, 0, 1, 2, 256, 1),
    ):
        for _ in range(n):
            t = ci * e
            y = conv(g, x, ci, ci, a, 1 if k else s, ci) if a else x
            y = conv_relu(g, y, ci, t, 1)
            if k:
                y = conv_relu(g, y, t, t, k, s, t)
            y = conv(g, y, t, co, 1)
            x, ci = g.op("Add", y, x) if s == 1 and ci == co else y, co
    x = conv_relu(g, g.op("GlobalAveragePool", conv_relu(g, x, 256, 960, 1)), 960, 1280, 1)
    return dense(g, g.op("Flatten", x, axis=1), 1280, 1000)


def rexnet(g: Builder, size: int) -> str:
    """ReXNet 1.0: channels grow by every block, the old ones are added to the first of the new."""
    x, ci, k = activated(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32, 0
    for j, (n, s) in enumerate(((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (5, 2))):
        for i in range(n):
            co = round(16 + 11.25 * k)
            k += 1
            st, t = s if i == 0 else 1, ci * (6 if j else 1)
            y = activated(g, x, ci, t) if j else x
            y = conv(g, y, t, t, 3, st, t)
            if j >= 2:
                y = squeezed(g, y, t, t // 12, relu)
            y = conv(g, relu6(g, y), t, co, 1)
            if st == 1 and ci <= co and j:
                y = (
                    concat(g, g.op("Add", cut(g, y, 1, 0, ci), x), cut(g, y, 1, ci, co))
                    if ci < co
                    else g.op("Add", y, x)
                )
            x, ci = y, co
    return classified(g, activated(g, x, ci, 1280), 1280)


COMMON_SMALL_CLASSIFIERS = {
    "efficientnet_b3_300": ("CNN", lambda g: mob.efficientnet(g, 300, 1.2, 1.4)),
    "efficientnet_v2_s_300": ("CNN", lambda g: efficientnet_v2_s(g, 300)),
    "mobilenetv4_m_256": ("CNN", lambda g: mobilenetv4_m(g, 256)),
    "shufflenet_v2_x20_224": ("CNN", lambda g: shufflenet2(g, 224, (244, 488, 976), last=2048)),
    "rexnet_10_224": ("CNN", lambda g: rexnet(g, 224)),
    "mobilenet_v3s_320": ("CNN", lambda g: small.mobilenet_v3_small(g, 320)),
    "mnasnet_w50_256": ("CNN", lambda g: mob.mnasnet(g, 256, 0.5)),
    "googlenet_256": ("CNN", lambda g: small.googlenet(g, 256)),
}  # fmt: skip
