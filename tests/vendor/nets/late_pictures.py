"""Windows of three slices and more inside a graph, and transposed convolutions that double an image: small pictures of
the layers of Basic Pitch and of pose heads, at sizes on both sides of what Intel's compiler compares."""

from collections.abc import Callable

from tests.vendor.builder import Builder


def strip(g: Builder, size: tuple[int, int], channels: int, made: int, window: tuple[int, int]) -> str:
    """A padded window between two convolutions: sums of its slices stay inside, or cross DDR."""
    x = g.op("Conv", g.input(1, 16, *size), g.weight(channels, 16, 3, 3), g.weight(channels), pads=[1] * 4)
    sides = [window[0] // 2, window[1] // 2] * 2
    x = g.op("Conv", g.op("Relu", x), g.weight(made, channels, *window), g.weight(made), pads=sides)
    return g.op("Conv", g.op("Relu", x), g.weight(16, made, 1, 1), g.weight(16))


def doubled(g: Builder, size: int, channels: int, made: int) -> str:
    """A pose head's step: a transposed convolution of 4 x 4 between two convolutions."""
    x = g.op(
        "Conv", g.input(1, 16, size, size), g.weight(channels, 16, 3, 3), g.weight(channels), pads=[1] * 4
    )
    weight = g.weight(channels, made, 4, 4)
    x = g.op("ConvTranspose", g.op("Relu", x), weight, g.weight(made), strides=[2, 2], pads=[1] * 4)
    return g.op("Conv", g.op("Relu", x), g.weight(16, made, 1, 1), g.weight(16))


LATE_PICTURES: dict[str, tuple[str, Callable[[Builder], str | list[str]]]] = {
    "strip_3x39_172x264": ("CNN", lambda g: strip(g, (172, 264), 16, 8, (3, 39))),
    "strip_1x41_160": ("CNN", lambda g: strip(g, (160, 160), 32, 32, (1, 41))),
    "strip_31x1_112": ("CNN", lambda g: strip(g, (112, 112), 64, 64, (31, 1))),
    "strip_1x31_96": ("CNN", lambda g: strip(g, (96, 96), 32, 32, (1, 31))),
    "doubled_32_128": ("CNN", lambda g: doubled(g, 32, 128, 64)),
    "doubled_60_64": ("CNN", lambda g: doubled(g, 60, 64, 48)),
    "doubled_64_64": ("CNN", lambda g: doubled(g, 64, 64, 48)),
}
