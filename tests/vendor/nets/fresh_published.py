"""Images of one channel whose columns are folded into none, as spectrograms are: drawn for what published networks do
with them, and looked at."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv


def grey(g: Builder, height: int, width: int, channels: int, tap: int = 3, padded: bool = True) -> str:
    """An image of one channel, `tap` x `tap` to `channels`, and 3 x 3."""
    first = g.op(
        "Conv", g.input(1, 1, height, width), g.weight(channels, 1, tap, tap), pads=[tap // 2 * padded] * 4
    )
    return str(g.op("Relu", conv(g, g.op("Relu", first), channels, channels, 3)))


FRESH_PUBLISHED = {
    "grey_60x113": ("CNN", lambda g: grey(g, 60, 113, 16)),
    "grey_60x129": ("CNN", lambda g: grey(g, 60, 129, 16)),
    "grey_60x229": ("CNN", lambda g: grey(g, 60, 229, 16)),
    "grey_64x53": ("CNN", lambda g: grey(g, 64, 53, 32)),
    "grey_150x105": ("CNN", lambda g: grey(g, 150, 105, 24, 5)),
    "grey_300x161": ("CNN", lambda g: grey(g, 300, 161, 32)),
    "grey_500x101": ("CNN", lambda g: grey(g, 500, 101, 16)),
    "grey_901x161": ("CNN", lambda g: grey(g, 901, 161, 32)),
    "grey_160x96": ("CNN", lambda g: grey(g, 160, 96, 32, 3, False)),
    "grey_512x320": ("CNN", lambda g: grey(g, 512, 320, 16, 3, False)),
}
