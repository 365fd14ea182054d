"""Pieces of the networks of popular_*.py, in the ops their exporters write."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import Act


def spaced(g: Builder, x: str, a: int, b: int, d: int, act: Act | None = None, gr: int = 1) -> str:
    """A 3x3 convolution whose taps lie d apart, and what stands behind it."""
    y = g.op("Conv", x, g.weight(b, a // gr, 3, 3), g.weight(b), pads=[d] * 4, dilations=[d, d], group=gr)
    return act(g, y) if act else y


def doubled(g: Builder, x: str, a: int, b: int, act: Act | None = None) -> str:
    """Twice the size by a transposed convolution of 4x4."""
    y = g.op("ConvTranspose", x, g.weight(a, b, 4, 4), g.weight(b), strides=[2, 2], pads=[1] * 4)
    return act(g, y) if act else y
