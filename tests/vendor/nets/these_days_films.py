"""Films: what people do by R3D-18."""

from collections.abc import Callable

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import mean
from tests.vendor.nets.everyday_pieces import relu


def r3d_18(g: Builder, t: int, e: int, classes: int = 400) -> str:
    """R3D-18: ResNet-18 whose windows are 3x3x3, a clip at a time."""

    def solid(
        x: str, a: int, b: int, k: int, s: int, act: Callable[[Builder, str], str] | None = None
    ) -> str:
        weights = g.weight(b, a, k, k, k), g.weight(b)
        y = g.op("Conv", x, *weights, strides=[s] * 3, pads=[k // 2] * 6, kernel_shape=[k] * 3)
        return act(g, y) if act else y

    x = g.input(1, 3, t, e, e)
    x = relu(
        g, g.op("Conv", x, g.weight(64, 3, 3, 7, 7), g.weight(64), strides=[1, 2, 2], pads=[1, 3, 3] * 2)
    )
    ci = 64
    for c in (64, 128, 256, 512):
        for i in range(2):
            s = 2 if i == 0 and c > 64 else 1
            y = solid(solid(x, ci, c, 3, s, relu), c, c, 3, 1)
            x, ci = relu(g, g.op("Add", y, x if s == 1 else solid(x, ci, c, 1, s))), c
    return dense(g, g.op("Flatten", mean(g, x), axis=1), 512, classes)


THESE_DAYS_FILMS = {
    "r3d_18_16x112": ("CNN", lambda g: r3d_18(g, 16, 112)),
}  # fmt: skip
