"""Networks of one axis, time: dilated convolutions, separation of sources, speech."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import (
    attend,
    cut,
    embedding,
    heads,
    joined,
    layernorm,
    linear,
    silu,
)
from tests.vendor.nets.transformers import feed_forward


def temporal(g: Builder, length: int, width: int, levels: int) -> str:
    """A temporal convolutional net: pairs of causal 1-D convolutions of doubling dilation, ReLU, residuals."""
    x, ci = g.input(1, 64, length), 64
    for level in range(levels):
        y, rate = x, 1 << level
        for i in range(2):
            inner = ci if i == 0 else width
            y = g.op(
                "Conv", y, g.weight(width, inner, 3), g.weight(width), pads=[2 * rate, 0], dilations=[rate]
            )
            y = g.op("Relu", y)
        x = x if ci == width else g.op("Conv", x, g.weight(width, ci, 1), g.weight(width))
        x, ci = g.op("Relu", g.op("Add", x, y)), width
    return g.op("Conv", x, g.weight(32, width, 1), g.weight(32))


def residual_lines(g: Builder, length: int, width: int, pairs: int = 2) -> str:
    """Residual pairs of 1-D convolutions with a leaky ReLU in front of each, as sound is made from frames."""
    x = g.op("Conv", g.input(1, 64, length), g.weight(width, 64, 3), g.weight(width), pads=[1, 1])
    for _ in range(pairs):
        y = x
        for _ in range(2):
            y = g.op("LeakyRelu", y, alpha=0.1)
            y = g.op("Conv", y, g.weight(width, width, 3), g.weight(width), pads=[1, 1])
        x = g.op("Add", x, y)
    return g.op("Conv", g.op("LeakyRelu", x, alpha=0.1), g.weight(32, width, 3), g.weight(32), pads=[1, 1])


def separable_lines(g: Builder, frames: int, width: int, kernel: int, blocks: int = 2) -> str:
    """QuartzNet: long depthwise 1-D convolutions and 1x1 ones in residual blocks."""
    x = g.op("Relu", g.op("Conv", g.input(1, 64, frames), g.weight(width, 64, 1), g.weight(width)))
    for _ in range(blocks):
        y = x
        for i in range(2):
            y = g.op("Conv", y, g.weight(width, 1, kernel), pads=[kernel // 2] * 2, group=width)
            y = g.op("Conv", y, g.weight(width, width, 1), g.weight(width))
            y = y if i else g.op("Relu", y)
        shortcut = g.op("Conv", x, g.weight(width, width, 1), g.weight(width))
        x = g.op("Relu", g.op("Add", y, shortcut))
    return g.op("Conv", x, g.weight(29, width, 1), g.weight(29))


def sound_unet(g: Builder, samples: int, width: int, levels: int = 4) -> str:
    """Demucs: 1-D convolutions of kernel 8 and stride 4, gated 1x1, down and up again, skips added."""
    x, ci, skips = g.input(1, 2, samples), 2, []
    for level in range(levels):
        co = width << level
        y = g.op("Relu", g.op("Conv", x, g.weight(co, ci, 8), g.weight(co), strides=[4], pads=[2, 2]))
        x, ci = gated(g, y, co, 1), co
        skips.append(x)
    for level in reversed(range(levels)):
        co = width << (level - 1) if level else 2
        y = gated(g, g.op("Add", x, skips.pop()), ci, 3)
        x = g.op("ConvTranspose", y, g.weight(ci, co, 8), g.weight(co), strides=[4], pads=[2, 2])
        x, ci = g.op("Relu", x) if level else x, co
    return x


def gated(g: Builder, x: str, channels: int, kernel: int) -> str:
    """A 1-D convolution to twice the channels, one half times the sigmoid of the other."""
    y = g.op(
        "Conv", x, g.weight(2 * channels, channels, kernel), g.weight(2 * channels), pads=[kernel // 2] * 2
    )
    return g.op("Mul", cut(g, y, 1, 0, channels), g.op("Sigmoid", cut(g, y, 1, channels, 2 * channels)))


def conformer(g: Builder, length: int, count: int, width: int, kernel: int = 31) -> str:
    """A whole Conformer layer: half feed-forward, attention with relative places, convolution, half feed-forward."""
    size = count * width
    x = g.input(1, length, size)

    def half(x: str) -> str:
        y = linear(g, silu(g, linear(g, layernorm(g, x, size), size, 4 * size)), 4 * size, size)
        return g.op("Add", x, g.op("Mul", y, g.const(0.5)))

    x = half(x)
    x = g.op("Add", x, placed_attention(g, layernorm(g, x, size), length, count, width))
    y = g.op("Transpose", layernorm(g, x, size), perm=[0, 2, 1])
    value, gate = g.op(
        "Split", g.op("Conv", y, g.weight(2 * size, size, 1), g.weight(2 * size)), count=2, axis=1
    )
    y = g.op("Mul", value, g.op("Sigmoid", gate))
    y = g.op("Conv", y, g.weight(size, 1, kernel), g.weight(size), pads=[kernel // 2] * 2, group=size)
    y = g.op("Conv", silu(g, y), g.weight(size, size, 1), g.weight(size))
    return layernorm(g, half(g.op("Add", x, g.op("Transpose", y, perm=[0, 2, 1]))), size)


def placed_attention(g: Builder, x: str, length: int, count: int, width: int) -> str:
    """Scores of contents and of 2 L - 1 distances, the latter shifted into place by a pad and two reshapes."""
    size, places = count * width, 2 * length - 1
    q, k, v = (heads(g, linear(g, x, size, size), length, count, width) for _ in range(3))
    p = g.weight(1, count, width, places)
    content = g.op(
        "MatMul", g.op("Add", q, g.weight(1, count, 1, width)), g.op("Transpose", k, perm=[0, 1, 3, 2])
    )
    shifted = g.op("MatMul", g.op("Add", q, g.weight(1, count, 1, width)), p)
    shifted = g.op("Pad", shifted, g.const([0, 0, 0, 1, 0, 0, 0, 0]))
    shifted = g.op("Reshape", shifted, g.const([1, count, places + 1, length]))
    shifted = g.op("Reshape", cut(g, shifted, 2, 1, places + 1), g.const([1, count, length, places]))
    scores = g.op("Mul", g.op("Add", content, cut(g, shifted, 3, 0, length)), g.const(width**-0.5))
    y = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
    return linear(g, joined(g, y, length, size), size, size)


def speech_step(g: Builder, count: int, past: int, frames: int, layers: int) -> list[str]:
    """One token of a Whisper decoder: its own cache grows by a row, keys and values of the sound are inputs."""
    size = 64 * count
    x, outputs = g.op("Add", embedding(g, 1000, size, 1), g.weight(1, size)), []
    for _ in range(layers):
        y = layernorm(g, x, size)
        q, k, v = (heads(g, linear(g, y, size, size), 1, count, 64) for _ in range(3))
        k, v = (g.op("Concat", g.input(1, count, past, 64), t, axis=2) for t in (k, v))
        outputs += [k, v]
        x = g.op("Add", x, linear(g, joined(g, attend(g, q, k, v, 64), 1, size), size, size))
        q = heads(g, linear(g, layernorm(g, x, size), size, size), 1, count, 64)
        y = attend(g, q, g.input(1, count, frames, 64), g.input(1, count, frames, 64), 64)
        x = g.op("Add", x, linear(g, joined(g, y, 1, size), size, size))
        x = g.op("Add", x, feed_forward(g, layernorm(g, x, size), size, 4 * size))
    return [linear(g, layernorm(g, x, size), size, 1000, False), *outputs]
