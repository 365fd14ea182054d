"""Drawn for rules about pictures: dense blocks in strips, mirrored borders in a row, pairs of pictures in a batch."""

from collections.abc import Callable

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import unpadded
from tests.vendor.nets.everyday_pieces import relu
from tests.vendor.nets.layers import conv, conv_relu


def dense(g: Builder, e: int, width: int, growth: int, layers: int = 3) -> str:
    """A dense block of a super-resolution network and what leaves it: no skips, no enlarging."""
    parts = [conv(g, g.input(1, 3, e, e), 3, width)]
    for i in range(layers):
        x = g.op("Concat", *parts, axis=1) if i else parts[0]
        parts.append(conv_relu(g, x, width + i * growth, growth))
    return conv(g, g.op("Concat", *parts, axis=1), width + layers * growth, 3)


def mirrored_stages(g: Builder, e: int) -> str:
    """The first two stages of VGG behind mirrored borders, as networks of style have them."""
    x, ci = conv(g, g.input(1, 3, e, e), 3, 64, 1), 64
    for n, c in ((2, 64), (2, 128)):
        for _ in range(n):
            x = g.op("Pad", x, g.const([0, 0, 1, 1, 0, 0, 1, 1]), mode="reflect")
            x, ci = relu(g, unpadded(g, x, ci, c, 3, 1)), c
        x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    return x


def pair(g: Builder, n: int, e: int, meet: Callable[[Builder, str, str], str], c: int = 32) -> str:
    """n pairs of pictures, each seen by two convolutions of its own before they meet."""
    x, y = (conv_relu(g, conv_relu(g, g.input(n, 3, e, e), 3, 16), 16, 32) for _ in range(2))
    return conv(g, conv_relu(g, meet(g, x, y), c, 32), 32, 16, 1)


FRESH_PICTURES = {
    "dense_strips_208": ("CNN", lambda g: dense(g, 208, 64, 32)),
    "dense_strips_256": ("CNN", lambda g: dense(g, 256, 32, 16, 4)),
    "mirrored_stages_224": ("CNN", lambda g: mirrored_stages(g, 224)),
    "pair_added_b4_64": ("CNN", lambda g: pair(g, 4, 64, lambda g, x, y: g.op("Add", x, y))),
    "pair_joined_b4_64": ("CNN", lambda g: pair(g, 4, 64, lambda g, x, y: g.op("Concat", x, y, axis=1), 64)),
}  # fmt: skip
