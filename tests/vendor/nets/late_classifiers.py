"""Drawn for windows over each channel that fit but for their result: expansion, window, projection of a MobileNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu


def expanded(g: Builder, e: int, width: int, channels: int, tap: int = 3, stride: int = 2) -> str:
    """An image of `e` pixels at half its size, expanded to `channels`, a window over each and a projection."""
    x = conv_relu(g, conv_relu(g, g.input(1, 3, e, e), 3, width, 3, 2), width, channels, 1)
    return conv(g, conv_relu(g, x, channels, channels, tap, stride, channels), channels, width, 1)


LATE_CLASSIFIERS = {
    "expanded_176_192": ("CNN", lambda g: expanded(g, 176, 32, 192)),
    "expanded_216_192": ("CNN", lambda g: expanded(g, 216, 32, 192)),
    "expanded_216_192_5": ("CNN", lambda g: expanded(g, 216, 32, 192, 5)),
    "expanded_220_128": ("CNN", lambda g: expanded(g, 220, 16, 128)),
    "expanded_268_128": ("CNN", lambda g: expanded(g, 268, 16, 128)),
}  # fmt: skip
