"""People: Levi and Hassner's AgeNet, WHENet, 6DRepNet, age and sex for retail."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean, mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import activated, relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import pooled


def told(g: Builder, x: str, *pairs: tuple[int, int]) -> str:
    """Products one after another."""
    for a, b in pairs:
        x = g.op("Gemm", x, g.weight(b, a), g.weight(b), transB=1)
    return x


def agenet(g: Builder, e: int) -> str:
    """Levi and Hassner's age and sex net, its LRN left out."""
    x = pooled(g, unpadded(g, g.input(1, 3, e, e), 3, 96, 7, 4, relu), 3, 2)
    x = pooled(g, conv_relu(g, pooled(g, conv_relu(g, x, 96, 256, 5), 3, 2), 256, 384, 3), 3, 2)
    x = relu(g, told(g, g.op("Flatten", x, axis=1), (384 * 36, 512)))
    return g.op("Softmax", told(g, relu(g, told(g, x, (512, 512))), (512, 8)), axis=1)


def whenet(g: Builder, b: int, e: int) -> list[str]:
    """WHENet: EfficientNet-B0 and three heads of angles."""
    x, ci = activated(g, g.input(b, 3, e, e), 3, 32, 3, 2), 32
    for t, k, co, n, s in (
        (1, 3, 16, 1, 1),
        (6, 3, 24, 2, 2),
        (6, 5, 40, 2, 2),
        (6, 3, 80, 3, 2),
        (6, 5, 112, 3, 1),
        (6, 5, 192, 4, 2),
        (6, 3, 320, 1, 1),
    ):
        for i in range(n):
            st, w = s if i == 0 else 1, ci * t
            y = activated(g, x, ci, w) if t > 1 else x
            y = conv(g, squeezed(g, activated(g, y, w, w, k, st, w), w, ci // 4), w, co, 1)
            x, ci = g.op("Add", x, y) if st == 1 and ci == co else y, co
    f = g.op("Flatten", mean(g, activated(g, x, ci, 1280)), axis=1)
    return [g.op("Softmax", told(g, f, (1280, n)), axis=1) for n in (120, 66, 66)]


def repvgg_groups(g: Builder, e: int) -> str:
    """6DRepNet: RepVGG-B1g2 deployed, six numbers."""
    x, ci, i = conv_relu(g, g.input(1, 3, e, e), 3, 64, 3, 2), 64, 0
    for co, n in ((128, 4), (256, 6), (512, 16), (2048, 1)):
        for j in range(n):
            i += 1
            x, ci = conv_relu(g, x, ci, co, 3, 1 if j else 2, 2 - i % 2), co
    return told(g, g.op("Flatten", mean(g, x), axis=1), (ci, 6))


def age_sex(g: Builder, b: int) -> list[str]:
    """OpenVINO's age and sex net for retail."""
    x, ci = g.input(b, 3, 62, 62), 3
    for co, s in (48, 1), (64, 2), (64, 2), (96, 2), (192, 1), (256, 1):
        x, ci = relu(g, conv(g, x, ci, co, 3)), co
        x = mean_pooled(g, x) if s == 2 else x
    x = conv_relu(g, pooled(g, x, 2, 2), ci, 256, 3)
    return [conv(g, mean(g, conv_relu(g, x, 256, 512, 1)), 512, n, 1) for n in (1, 2)]


LATER_PEOPLE = {
    "agenet_227": ("CNN", lambda g: agenet(g, 227)),
    "whenet_b2_224": ("CNN", lambda g: whenet(g, 2, 224)),
    "sixdrepnet_224": ("CNN", lambda g: repvgg_groups(g, 224)),
    "age_sex_b4_62": ("CNN", lambda g: age_sex(g, 4)),
}  # fmt: skip
