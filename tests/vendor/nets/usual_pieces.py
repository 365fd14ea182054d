"""Pieces of the networks of usual_*.py, in the ops their exporters write."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import Act, relu
from tests.vendor.nets.layers import conv


def leaky(g: Builder, x: str) -> str:
    """LeakyReLU of Darknet's slope."""
    return g.op("LeakyRelu", x, alpha=0.1)


def hard_sigmoid(g: Builder, x: str) -> str:
    """Hard sigmoid as PyTorch's: x / 6 + 1/2 between 0 and 1."""
    return g.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)


def hard_squeezed(g: Builder, x: str, c: int, r: int) -> str:
    """Squeeze and excitation with a hard sigmoid."""
    m = g.op("GlobalAveragePool", x)
    return g.op("Mul", x, hard_sigmoid(g, conv(g, relu(g, conv(g, m, c, r, 1)), r, c, 1)))


def resized(g: Builder, x: str, c: int, h: int, w: int, mode: str = "linear", how: str = "half_pixel") -> str:
    """A map of H x W out of any other."""
    return g.op("Resize", x, "", "", g.const([1, c, h, w]), mode=mode, coordinate_transformation_mode=how)


def convolved(
    g: Builder,
    x: str,
    ci: int,
    co: int,
    kh: int,
    kw: int,
    s: int = 1,
    ph: int | None = None,
    pw: int | None = None,
    act: Act | None = relu,
) -> str:
    """A convolution of KH x KW and its activation, padded to keep the size unless said otherwise."""
    ph, pw = (kh // 2 if ph is None else ph, kw // 2 if pw is None else pw)
    y = g.op("Conv", x, g.weight(co, ci, kh, kw), g.weight(co), strides=[s, s], pads=[ph, pw, ph, pw])
    return act(g, y) if act else y


def averaged(g: Builder, x: str) -> str:
    """Mean of 3 x 3, zeros around counted."""
    return g.op("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4, count_include_pad=1)


def shuffled(g: Builder, x: str, c: int, h: int, w: int, k: int = 2) -> str:
    """Channels in k groups, one of each in turn."""
    y = g.op("Reshape", x, g.const([1, k, c // k, h, w]))
    return g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3, 4]), g.const([1, c, h, w]))


def pooled(g: Builder, x: str, k: int, s: int, p: int = 0) -> str:
    """MaxPool of K x K."""
    return g.op("MaxPool", x, kernel_shape=[k, k], strides=[s, s], pads=[p] * 4)


def prelu(g: Builder, x: str, c: int) -> str:
    """PReLU, a slope for each channel."""
    return g.op("PRelu", x, g.weight(c, 1, 1))


def relu6(g: Builder, x: str) -> str:
    """x between 0 and 6."""
    return g.op("Clip", x, g.const(0.0), g.const(6.0))


def hswish(g: Builder, x: str) -> str:
    """HardSwish."""
    return g.op("HardSwish", x)
