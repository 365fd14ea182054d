"""Further networks on pictures: detectors with split stages, centres, two paths, autoencoders, super-resolution."""

from tests.vendor.builder import Builder
from tests.vendor.nets.detection import block, up
from tests.vendor.nets.layers import conv, conv_relu, enlarged, groupnorm, halved, silu


def split_stage(g: Builder, x: str, ci: int, co: int, count: int, shortcut: bool) -> str:
    """Two 1x1, `count` pairs of 1x1 and 3x3 behind one, both concatenated, 1x1 (YOLOv5)."""
    half = co // 2
    y, other = block(g, x, ci, half, 1), block(g, x, ci, half, 1)
    for _ in range(count):
        z = block(g, block(g, y, half, half, 1), half, half)
        y = g.op("Add", y, z) if shortcut else z
    return block(g, g.op("Concat", y, other, axis=1), co, co, 1)


def split_detector(g: Builder, size: int, width: int) -> list[str]:
    """YOLOv5: 6x6 of stride 2, four stages, pooling pyramid, neck up and down, three heads of 255 channels."""
    image = g.input(1, 3, size, size)
    x = g.op("Conv", image, g.weight(width, 3, 6, 6), g.weight(width), strides=[2, 2], pads=[2] * 4)
    x, ci, levels = silu(g, x), width, []
    for count in (1, 2, 2, 1):
        x, ci = block(g, x, ci, 2 * ci, 3, 2), 2 * ci
        x = split_stage(g, x, ci, ci, count, True)
        levels.append(x)
    half, quarter = ci // 2, ci // 4
    parts = [block(g, x, ci, half, 1)]
    for _ in range(3):
        parts.append(g.op("MaxPool", parts[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
    far = block(g, block(g, g.op("Concat", *parts, axis=1), 4 * half, ci, 1), ci, half, 1)
    middle = split_stage(g, g.op("Concat", up(g, far), levels[2], axis=1), ci, half, 1, False)
    middle = block(g, middle, half, quarter, 1)
    p3 = split_stage(g, g.op("Concat", up(g, middle), levels[1], axis=1), half, quarter, 1, False)
    p4 = g.op("Concat", block(g, p3, quarter, quarter, 3, 2), middle, axis=1)
    p4 = split_stage(g, p4, half, half, 1, False)
    p5 = split_stage(g, g.op("Concat", block(g, p4, half, half, 3, 2), far, axis=1), ci, ci, 1, False)
    return [conv(g, p, c, 255, 1) for p, c in ((p3, quarter), (p4, half), (p5, ci))]


def separable(g: Builder, x: str, ci: int, co: int, stride: int = 1) -> str:
    """Depthwise 3x3 and 1x1, each with Swish."""
    weights = g.weight(ci, 1, 3, 3), g.weight(ci)
    y = g.op("Conv", x, *weights, strides=[stride, stride], pads=[1] * 4, group=ci)
    return block(g, silu(g, y), ci, co, 1)


def separable_detector(g: Builder, size: int, width: int) -> list[str]:
    """YOLOX-nano: the image folded to 12 channels, split stages of depthwise convolutions, two decoupled heads."""
    x, ci, levels = block(g, g.input(1, 12, size // 2, size // 2), 12, width), width, []
    for count in (1, 2, 2):
        x, ci = separable(g, x, ci, 2 * ci, 2), 2 * ci
        x = separable_stage(g, x, ci, ci, count)
        levels.append(x)
    near = g.op("Concat", up(g, block(g, x, ci, ci // 2, 1)), levels[1], axis=1)
    near, inner, found = separable_stage(g, near, ci, ci // 2, 1), 4 * width, []
    for level, channels in ((near, ci // 2), (x, ci)):
        stem = block(g, level, channels, inner, 1)
        kind = separable(g, separable(g, stem, inner, inner), inner, inner)
        box = separable(g, separable(g, stem, inner, inner), inner, inner)
        scores = [g.op("Sigmoid", conv(g, y, inner, out, 1)) for y, out in ((box, 1), (kind, 80))]
        found.append(g.op("Concat", conv(g, box, inner, 4, 1), *scores, axis=1))
    return found


def separable_stage(g: Builder, x: str, ci: int, co: int, count: int) -> str:
    """A split stage of depthwise convolutions."""
    half = co // 2
    y, other = block(g, x, ci, half, 1), block(g, x, ci, half, 1)
    for _ in range(count):
        y = g.op("Add", y, separable(g, block(g, y, half, half, 1), half, half))
    return block(g, g.op("Concat", y, other, axis=1), co, co, 1)


def basic(g: Builder, x: str, ci: int, co: int, stride: int) -> str:
    """ResNet's block of two 3x3."""
    y = conv(g, conv_relu(g, x, ci, co, 3, stride), co, co)
    return g.op("Relu", g.op("Add", y, x if ci == co and stride == 1 else conv(g, x, ci, co, 1, stride)))


def spread(g: Builder, x: str, ci: int, co: int) -> str:
    """A transposed 4x4 of stride 2."""
    return g.op("ConvTranspose", x, g.weight(ci, co, 4, 4), g.weight(co), strides=[2, 2], pads=[1] * 4)


def centers(g: Builder, size: int, width: int) -> list[str]:
    """CenterNet: ResNet-18 at half depth, three transposed convolutions, heat map, sizes, offsets."""
    x, ci = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, width, 7, 2)), width
    for i in range(4):
        x, ci = basic(g, x, ci, width << i, min(i + 1, 2)), width << i
    for co in (4 * width, 2 * width, width):
        x, ci = g.op("Relu", spread(g, x, ci, co)), co
    heads = [conv(g, conv_relu(g, x, ci, width), width, out, 1) for out in (80, 2, 2)]
    return [g.op("Sigmoid", heads[0]), *heads[1:]]


def paired_unet(g: Builder, size: int, width: int, levels: int) -> str:
    """U-Net with pairs of 3x3 on both sides, transposed 2x2, Sigmoid."""
    x, ci, skips = g.input(1, 3, size, size), 3, []
    for level in range(levels):
        x = conv_relu(g, conv_relu(g, x, ci, width << level), width << level, width << level)
        ci = width << level
        skips.append((x, ci))
        x = halved(g, x, 2)
    x, ci = conv_relu(g, conv_relu(g, x, ci, 2 * ci), 2 * ci, 2 * ci), 2 * ci
    for skip, co in reversed(skips):
        x = g.op("ConvTranspose", x, g.weight(ci, co, 2, 2), g.weight(co), strides=[2, 2])
        x = conv_relu(g, conv_relu(g, g.op("Concat", skip, x, axis=1), 2 * co, co), co, co)
        ci = co
    return g.op("Sigmoid", conv(g, x, ci, 1, 1))


def attended(g: Builder, x: str, channels: int) -> str:
    """Channels scaled by a sigmoid of their means."""
    return g.op("Mul", x, g.op("Sigmoid", conv(g, g.op("GlobalAveragePool", x), channels, channels, 1)))


def two_paths(g: Builder, size: int, width: int, classes: int = 19) -> str:
    """BiSeNet: a short path of large planes beside a ResNet, attention by channels, both joined, bilinear by 8."""
    image, w = g.input(1, 3, size, size), width
    near = conv_relu(g, conv_relu(g, conv_relu(g, image, 3, w, 7, 2), w, w, 3, 2), w, w, 3, 2)
    near = conv_relu(g, near, w, 2 * w, 1)
    x, ci, levels = halved(g, conv_relu(g, image, 3, w, 7, 2)), w, []
    for i in range(4):
        x, ci = basic(g, x, ci, w << i, min(i + 1, 2)), w << i
        levels.append(x)
    far = enlarged(g, attended(g, conv_relu(g, levels[3], 8 * w, 2 * w), 2 * w), 2, "nearest")
    far = g.op("Add", far, attended(g, conv_relu(g, levels[2], 4 * w, 2 * w), 2 * w))
    far = enlarged(g, conv_relu(g, far, 2 * w, 2 * w), 2, "nearest")
    both = conv_relu(g, g.op("Concat", near, far, axis=1), 4 * w, 4 * w, 1)
    both = g.op("Add", both, attended(g, both, 4 * w))
    return enlarged(g, conv(g, conv_relu(g, both, 4 * w, w), w, classes, 1), 8)


def autoencoder(g: Builder, size: int, width: int) -> str:
    """Four 3x3 of stride 2, four transposed 4x4, Sigmoid."""
    x, ci = g.input(1, 3, size, size), 3
    for i in range(4):
        x, ci = conv_relu(g, x, ci, width << i, 3, 2), width << i
    for co in (4 * width, 2 * width, width):
        x, ci = g.op("Relu", spread(g, x, ci, co)), co
    return g.op("Sigmoid", spread(g, x, ci, 3))


def normed_residual(g: Builder, x: str, ci: int, co: int, size: int) -> str:
    """Group norm, Swish, 3x3, twice."""
    y = conv(g, silu(g, groupnorm(g, x, (1, ci, size, size), 16)), ci, co)
    y = conv(g, silu(g, groupnorm(g, y, (1, co, size, size), 16)), co, co)
    return g.op("Add", x if ci == co else conv(g, x, ci, co, 1), y)


def variational(g: Builder, size: int, width: int) -> str:
    """The autoencoder of a latent diffusion model: normed residual blocks down to 4 channels at an eighth, and up."""
    x, ci = conv(g, g.input(1, 3, size, size), 3, width), width
    for i in range(3):
        x, ci = normed_residual(g, x, ci, width << i, size), width << i
        x, size = conv(g, x, ci, ci, 3, 2), size // 2
    x = conv(g, conv(g, x, ci, 4, 1), 4, ci)
    for co in (4 * width, 2 * width, width):
        x, ci = normed_residual(g, x, ci, co, size), co
        x, size = conv(g, up(g, x), ci, ci), 2 * size
    return conv(g, silu(g, groupnorm(g, x, (1, ci, size, size), 16)), ci, 3)


def sloped(g: Builder, x: str, channels: int) -> str:
    """PRelu, a slope a channel."""
    return g.op("PRelu", x, g.weight(channels, 1, 1))


def sharpened(g: Builder, size: int, width: int, blocks: int) -> str:
    """SRGAN: 9x9, residual pairs with PRelu, pixels out of channels, 9x9, Tanh."""
    x = sloped(g, conv(g, g.input(1, 3, size, size), 3, width, 9), width)
    first = x
    for _ in range(blocks):
        x = g.op("Add", x, conv(g, sloped(g, conv(g, x, width, width), width), width, width))
    x = conv(g, g.op("Add", conv(g, x, width, width), first), width, 4 * width)
    x = sloped(g, g.op("DepthToSpace", x, blocksize=2, mode="CRD"), width)
    return g.op("Tanh", conv(g, x, width, 3, 9))
