"""Diffusion and sound: U-Net blocks with group normalisation and attention, 1-D convolutional front ends."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, cut, gelu, groupnorm, layernorm, linear, self_attention, silu
from tests.vendor.nets.transformers import encoder


def residual(g: Builder, x: str, time: str, ci: int, co: int, size: int) -> str:
    """GroupNorm, Swish, 3x3, the time added, the same again, a shortcut."""
    y = conv(g, silu(g, groupnorm(g, x, (1, ci, size, size), 32)), ci, co)
    shift = g.op("Gemm", silu(g, time), g.weight(co, 1280), g.weight(co), transB=1)
    y = g.op("Add", y, g.op("Reshape", shift, g.const([1, co, 1, 1])))
    y = conv(g, silu(g, groupnorm(g, y, (1, co, size, size), 32)), co, co)
    return g.op("Add", x if ci == co else conv(g, x, ci, co, 1), y)


def spatial(g: Builder, x: str, context: str, channels: int, size: int, count: int) -> str:
    """A transformer layer over the pixels: itself, the text, a gated feed-forward."""
    length, width = size * size, channels // count
    y = conv(g, groupnorm(g, x, (1, channels, size, size), 32), channels, channels, 1)
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 3, 1]), g.const([1, length, channels]))
    y = g.op("Add", y, self_attention(g, layernorm(g, y, channels), length, count, width))
    more = {"context": context, "context_length": 77, "context_width": 768}
    y = g.op("Add", y, self_attention(g, layernorm(g, y, channels), length, count, width, **more))
    both = linear(g, layernorm(g, y, channels), channels, 8 * channels)
    up, gate = g.op("Split", both, count=2, axis=2)
    y = g.op("Add", y, linear(g, g.op("Mul", up, gelu(g, gate)), 4 * channels, channels))
    y = g.op("Transpose", g.op("Reshape", y, g.const([1, size, size, channels])), perm=[0, 3, 1, 2])
    return g.op("Add", x, conv(g, y, channels, channels, 1))


def unet_block(g: Builder, ci: int, co: int, size: int, attention: int = 8) -> str:
    """One block of a diffusion U-Net at `size` pixels; `attention` heads, or none."""
    x, time = g.input(1, ci, size, size), g.input(1, 1280)
    x = residual(g, x, time, ci, co, size)
    return spatial(g, x, g.input(1, 77, 768), co, size, attention) if attention else x


def image_decoder(g: Builder, channels: int, size: int) -> str:
    """Two residual blocks of an image decoder and an upsampling between."""
    x, time = g.input(1, channels, size, size), g.input(1, 1280)
    x = residual(g, x, time, channels, channels, size)
    scales = g.const_f32([1, 1, 2, 2])
    x = g.op(
        "Resize",
        x,
        "",
        scales,
        mode="nearest",
        nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )
    return residual(g, conv(g, x, channels, channels), time, channels, channels // 2, 2 * size)


def diffusion_transformer(g: Builder, length: int, count: int) -> str:
    """A transformer layer scaled and shifted by the time."""
    size = 64 * count
    x, time = g.input(1, length, size), g.input(1, size)
    parts = g.op(
        "Split",
        g.op("Reshape", linear(g, silu(g, time), size, 6 * size), g.const([1, 1, 6 * size])),
        count=6,
        axis=2,
    )

    def turn(y: str, shift: str, scale: str) -> str:
        return g.op("Add", g.op("Mul", layernorm(g, y, size), g.op("Add", scale, g.const(1.0))), shift)

    x = g.op("Add", x, g.op("Mul", parts[2], self_attention(g, turn(x, *parts[:2]), length, count, 64)))
    y = linear(g, gelu(g, linear(g, turn(x, *parts[3:5]), size, 4 * size)), 4 * size, size)
    return g.op("Add", x, g.op("Mul", parts[5], y))


def waves(g: Builder, samples: int, channels: int, layers: int = 0) -> str:
    """A sound encoder: seven 1-D convolutions, the first normalised by channel, a Gelu after each; then layers."""
    x, ci, length = g.input(1, 1, samples), 1, samples
    for i, (kernel, stride) in enumerate(((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))):
        x = g.op("Conv", x, g.weight(channels, ci, kernel), strides=[stride], kernel_shape=[kernel])
        length, ci = (length - kernel) // stride + 1, channels
        x = gelu(g, groupnorm(g, x, (1, channels, length), channels) if i == 0 else x)
    x = linear(g, layernorm(g, g.op("Transpose", x, perm=[0, 2, 1]), channels), channels, 768)
    return encoder(g, x, length, 12, 64, layers) if layers else x


def mel_encoder(g: Builder, frames: int, count: int, layers: int) -> str:
    """Two 1-D convolutions over 80 bands, then layers, as speech recognisers have them."""
    size = 64 * count
    x = gelu(g, g.op("Conv", g.input(1, 80, 2 * frames), g.weight(size, 80, 3), g.weight(size), pads=[1, 1]))
    x = gelu(g, g.op("Conv", x, g.weight(size, size, 3), g.weight(size), pads=[1, 1], strides=[2]))
    x = g.op("Add", g.op("Transpose", x, perm=[0, 2, 1]), g.weight(frames, size))
    return layernorm(g, encoder(g, x, frames, count, 64, layers), size)


def separator(g: Builder, length: int, channels: int) -> str:
    """1-D separable blocks: 1x1, PReLU, norm, depthwise of growing dilation, 1x1, added."""
    x = g.input(1, channels, length)
    for i in range(4):
        inner, pad = 2 * channels, 1 << i
        y = g.op("Conv", x, g.weight(inner, channels, 1), g.weight(inner))
        y = groupnorm(g, g.op("PRelu", y, g.weight(inner, 1)), (1, inner, length), 1)
        y = g.op(
            "Conv", y, g.weight(inner, 1, 3), g.weight(inner), pads=[pad, pad], dilations=[pad], group=inner
        )
        y = groupnorm(g, g.op("PRelu", y, g.weight(inner, 1)), (1, inner, length), 1)
        x = g.op("Add", x, g.op("Conv", y, g.weight(channels, inner, 1), g.weight(channels)))
    return g.op("Sigmoid", x)


def conformer_conv(g: Builder, length: int, width: int) -> str:
    """The convolution of a conformer layer: 1x1, GLU, depthwise of 31, Swish, 1x1."""
    x = g.input(1, length, width)
    y = g.op("Transpose", layernorm(g, x, width), perm=[0, 2, 1])
    y = g.op("Conv", y, g.weight(2 * width, width, 1), g.weight(2 * width))
    value, gate = cut(g, y, 1, 0, width), cut(g, y, 1, width, 2 * width)
    y = g.op("Mul", value, g.op("Sigmoid", gate))
    y = silu(g, g.op("Conv", y, g.weight(width, 1, 31), g.weight(width), pads=[15, 15], group=width))
    y = g.op("Conv", y, g.weight(width, width, 1), g.weight(width))
    return g.op("Add", x, g.op("Transpose", y, perm=[0, 2, 1]))


def vocoder(g: Builder, frames: int, channels: int) -> str:
    """Sound out of frames: transposed 1-D convolutions, dilated residual pairs, LeakyReLU."""
    x, ci = g.op("Conv", g.input(1, 80, frames), g.weight(channels, 80, 7), pads=[3, 3]), channels
    for stride in (8, 8, 2):
        x = g.op("LeakyRelu", x, alpha=0.1)
        x = g.op(
            "ConvTranspose", x, g.weight(ci, ci // 2, 2 * stride), strides=[stride], pads=[stride // 2] * 2
        )
        ci //= 2
        for dilation in (1, 3):
            y = g.op(
                "Conv",
                g.op("LeakyRelu", x, alpha=0.1),
                g.weight(ci, ci, 3),
                dilations=[dilation],
                pads=[dilation] * 2,
            )
            x = g.op(
                "Add", x, g.op("Conv", g.op("LeakyRelu", y, alpha=0.1), g.weight(ci, ci, 3), pads=[1, 1])
            )
    return g.op("Tanh", g.op("Conv", x, g.weight(1, ci, 7), pads=[3, 3]))
