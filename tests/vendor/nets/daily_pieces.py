"""Pieces of the networks of daily_*.py, in the ops their exporters write."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import Act, activated
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import pooled, relu6


def mean(g: Builder, x: str) -> str:
    """Mean of each channel."""
    return g.op("GlobalAveragePool", x)


def mean_pooled(g: Builder, x: str, k: int = 2, s: int = 2, p: int = 0, pad: int = 0) -> str:
    """Means of K x K; `pad`: whether the zeros around count."""
    return g.op("AveragePool", x, kernel_shape=[k, k], strides=[s, s], pads=[p] * 4, count_include_pad=pad)


def unpadded(g: Builder, x: str, a: int, b: int, k: int, s: int, act: Act | None = None) -> str:
    """A convolution without padding."""
    y = g.op("Conv", x, g.weight(b, a, k, k), g.weight(b), strides=[s, s])
    return act(g, y) if act else y


def leaky_of(slope: float) -> Act:
    """LeakyReLU of a slope."""
    return lambda g, x: g.op("LeakyRelu", x, alpha=slope)


def mish(g: Builder, x: str) -> str:
    """x tanh(softplus(x))."""
    return g.op("Mul", x, g.op("Tanh", g.op("Softplus", x)))


def eighths(channels: float) -> int:
    """The next multiple of eight."""
    return max(8, int(channels + 4) // 8 * 8)


def channels_last(g: Builder, x: str) -> str:
    """[1, C, H, W] as [1, H, W, C]."""
    return g.op("Transpose", x, perm=[0, 2, 3, 1])


def channels_first(g: Builder, x: str) -> str:
    """[1, H, W, C] as [1, C, H, W]."""
    return g.op("Transpose", x, perm=[0, 3, 1, 2])


def boxes_in_a_row(g: Builder, x: str, n: int, k: int) -> str:
    """[1, A K, H, W] as [1, A H W, K]."""
    return g.op("Reshape", channels_last(g, x), g.const([1, n, k]))


def line(
    g: Builder,
    x: str,
    a: int,
    b: int,
    k: int = 1,
    s: int = 1,
    gr: int = 1,
    d: int = 1,
    act: Act | None = None,
) -> str:
    """A convolution along a line, padded to keep its length."""
    p = d * (k // 2)
    y = g.op(
        "Conv", x, g.weight(b, a // gr, k), g.weight(b), strides=[s], pads=[p, p], group=gr, dilations=[d]
    )
    return act(g, y) if act else y


def eca(g: Builder, x: str, c: int, k: int) -> str:
    """A gate from a line of the channels' means."""
    m = g.op("Reshape", mean(g, x), g.const([1, 1, c]))
    m = g.op("Sigmoid", g.op("Conv", m, g.weight(1, 1, k), pads=[k // 2] * 2))
    return g.op("Mul", x, g.op("Reshape", m, g.const([1, c, 1, 1])))


def deep_stem(g: Builder, x: str, a: int = 32, b: int = 32, c: int = 64) -> str:
    """Three 3x3 in place of a 7x7, pooled."""
    return pooled(g, conv_relu(g, conv_relu(g, conv_relu(g, x, 3, a, 3, 2), a, b, 3), b, c, 3), 3, 2, 1)


def mobilenet_v2_maps(g: Builder, x: str, stages: int = 7) -> list[tuple[str, int]]:
    """The last map of each of the first stages of MobileNetV2, and its channels."""
    x, ci, maps = activated(g, x, 3, 32, 3, 2, act=relu6), 32, []
    table = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )
    for e, co, n, s in table[:stages]:
        for i in range(n):
            st, t = s if i == 0 else 1, ci * e
            y = activated(g, x, ci, t, act=relu6) if e > 1 else x
            y = conv(g, activated(g, y, t, t, 3, st, t, act=relu6), t, co, 1)
            x, ci = g.op("Add", x, y) if st == 1 and ci == co else y, co
        maps.append((x, ci))
    return maps
