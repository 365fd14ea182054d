"""EfficientDet-D0 with fewer rounds: a pyramid of levels whose sums are weighed."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, enlarged, halved, silu
from tests.vendor.nets.vision_kinds import swished


def separable(g: Builder, x: str, ci: int, co: int) -> str:
    """Depthwise 3x3 and 1x1."""
    return conv(g, conv(g, x, ci, ci, 3, 1, ci, False), ci, co, 1)


def compound_levels(g: Builder, size: int) -> list[tuple[str, int]]:
    """EfficientNet-B0 without its head: what its planes of an eighth, a sixteenth and a 32nd end with."""
    x, ci, found = swished(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32, []
    for t, co, count, s, k in (
        (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    ):  # fmt: skip
        for i in range(count):
            inner, stride = t * ci, 1 if i else s
            y = swished(g, x, ci, inner) if t > 1 else x
            y = silu(g, conv(g, y, inner, inner, k, stride, inner))
            gate = swished(g, g.op("GlobalAveragePool", y), inner, max(1, ci // 4))
            y = g.op("Mul", y, g.op("Sigmoid", conv(g, gate, max(1, ci // 4), inner, 1)))
            y = conv(g, y, inner, co, 1)
            x, ci = g.op("Add", x, y) if stride == 1 and ci == co else y, co
        if co in (40, 112, 320):
            found.append((x, co))
    return found


def weighed_levels(g: Builder, size: int, width: int = 64, rounds: int = 2, classes: int = 90) -> list[str]:
    """EfficientDet-D0 with two rounds of its pyramid and two of three steps in its heads, on EfficientNet-B0."""
    c3, c4, c5 = compound_levels(g, size)
    p6 = halved(g, conv(g, c5[0], c5[1], width, 1))
    levels = [*(conv(g, x, c, width, 1) for x, c in (c3, c4, c5)), p6, halved(g, p6)]

    def sum_of(*parts: str) -> str:
        weighed = [g.op("Mul", x, g.weight(1)) for x in parts]
        y = weighed[0]
        for x in weighed[1:]:
            y = g.op("Add", y, x)
        return separable(g, silu(g, y), width, width)

    for _ in range(rounds):
        down = levels[-1:]
        for x in reversed(levels[:-1]):
            down.insert(0, sum_of(x, enlarged(g, down[0], 2, "nearest")))
        out = down[:1]
        for i in range(1, len(levels)):
            ends = [levels[i]] if i == len(levels) - 1 else [levels[i], down[i]]
            out.append(sum_of(*ends, halved(g, out[-1])))
        levels = out
    found = []
    for each in (4, classes):
        rows = []
        for x in levels:
            for _ in range(2):
                x = silu(g, separable(g, x, width, width))
            y = g.op("Transpose", separable(g, x, width, 9 * each), perm=[0, 2, 3, 1])
            rows.append(g.op("Reshape", y, g.const([1, -1, each])))
        found.append(g.op("Concat", *rows, axis=1))
    return found


WEIGHED_PYRAMID = {
    "efficientdet_256": ("CNN", lambda g: weighed_levels(g, 256)),
}
