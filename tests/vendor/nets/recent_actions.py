"""What to do next: a game's moves, a robot's."""

from collections.abc import Sequence

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line, mish
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, groupnorm
from tests.vendor.nets.usual_pieces import pooled


def impala(g: Builder, n: int, e: int = 64, acts: int = 15) -> list[str]:
    """IMPALA's residual network (Procgen)."""
    x, ci = g.input(n, 3, e, e), 3
    for co in (16, 32, 32):
        x = pooled(g, conv(g, x, ci, co, 3), 3, 2, 1)
        ci = co
        for _ in range(2):
            x = g.op("Add", x, conv(g, relu(g, conv(g, relu(g, x), co, co, 3)), co, co, 3))
    y = relu(g, dense(g, relu(g, g.op("Flatten", relu(g, x), axis=1)), 32 * (e // 8) ** 2, 256))
    return [dense(g, y, 256, acts), dense(g, y, 256, 1)]


def diffusion_policy(
    g: Builder, t: int = 16, act: int = 7, ds: Sequence[int] = (256, 512, 1024), cond: int = 256 + 132
) -> str:
    """Diffusion Policy's U-Net along a horizon of actions: a condition's numbers scale every block."""
    z = mish(g, g.input(1, cond))

    def cb(x, a, b, e):
        return mish(g, groupnorm(g, line(g, x, a, b, 5), (1, b, e), 8))

    def res(x, a, b, e):
        y = cb(x, a, b, e)
        s, h = g.op(
            "Split",
            g.op("Reshape", dense(g, z, cond, 2 * b), g.const([1, 2 * b, 1])),
            g.const([b, b]),
            count=2,
            axis=1,
        )
        y = cb(g.op("Add", g.op("Mul", y, s), h), b, b, e)
        return g.op("Add", y, x if a == b else line(g, x, a, b))

    x, ci, f, e = g.input(1, act, t), act, [], t
    for i, d in enumerate(ds):
        x = res(res(x, ci, d, e), d, d, e)
        f.append(x)
        ci = d
        if i < len(ds) - 1:
            x, e = line(g, x, d, d, 3, 2), e // 2
    x = res(res(x, ci, ci, e), ci, ci, e)
    for i, d in enumerate(ds[-2::-1]):
        x = res(res(concat(g, x, f[-1 - i]), 2 * ci, d, e), d, d, e)
        ci = d
        x, e = g.op("ConvTranspose", x, g.weight(d, d, 4), g.weight(d), strides=[2], pads=[1, 1]), 2 * e
    return line(g, cb(x, ci, ci, e), ci, act)


RECENT_ACTIONS = {
    "impala_b8_64": ("CNN", lambda g: impala(g, 8)),
    "diffusion_policy_unet_16": ("CNN", lambda g: diffusion_policy(g)),
}  # fmt: skip
