"""Networks that say something about every pixel: classes, joints of a body."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import (
    conv,
    conv_relu,
    dilated,
    enlarged,
    groupnorm,
    halved,
)


def deeplab(g: Builder, size: int, width: int, classes: int = 21) -> str:
    """Residual stages to an eighth, two dilated blocks, rates 6, 12, 18 and the mean, bilinear to full size."""
    x, ci = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, width, 7, 2)), width
    for co, stride, rate in ((width, 1, 1), (2 * width, 2, 1), (4 * width, 1, 2), (4 * width, 1, 4)):
        y = conv_relu(g, x, ci, co, 1, stride)
        y = conv(g, dilated(g, y, co, co, rate), co, co, 1)
        short = x if ci == co and stride == 1 else conv(g, x, ci, co, 1, stride)
        x, ci = g.op("Relu", g.op("Add", y, short)), co
    mean = conv_relu(g, g.op("GlobalAveragePool", x), ci, 128, 1)
    parts = [conv_relu(g, x, ci, 128, 1), *(dilated(g, x, ci, 128, rate) for rate in (6, 12, 18))]
    parts.append(g.op("Expand", mean, g.const([1, 128, size // 8, size // 8])))
    y = conv_relu(g, conv_relu(g, g.op("Concat", *parts, axis=1), 5 * 128, 128, 1), 128, 128)
    return enlarged(g, conv(g, y, 128, classes, 1), 8)


def high_resolution(g: Builder, size: int, width: int, joints: int = 17) -> str:
    """HRNet for poses: branches of two, then three resolutions; each module joins every one with every other."""
    x = conv_relu(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 3, 2), 64, width, 3, 2)
    branches = [x]
    for _ in range(2):
        last = len(branches) - 1
        branches.append(conv_relu(g, branches[-1], width << last, width << (last + 1), 3, 2))
        for i, x in enumerate(branches):
            c = width << i
            branches[i] = g.op("Relu", g.op("Add", x, conv(g, conv_relu(g, x, c, c), c, c)))
        branches = [exchange(g, branches, i, width) for i in range(len(branches))]
    return conv(g, branches[0], width, joints, 1)


def exchange(g: Builder, branches: list[str], at: int, width: int) -> str:
    """The sum of all branches brought to the resolution and channels of branch `at`."""
    total = branches[at]
    for i, x in enumerate(branches):
        if i > at:
            x = enlarged(g, conv(g, x, width << i, width << at, 1), 1 << (i - at), "nearest")
        for step in range(i, at):
            x = conv(g, x, width << step, width << (step + 1), 3, 2)
        total = total if i == at else g.op("Add", total, x)
    return g.op("Relu", total)


def normed_unet_level(g: Builder, size: int, ci: int, co: int) -> str:
    """One level of a medical U-Net: 3x3, group norm, LeakyReLU twice, transposed 2x2, skip, the same again."""
    x = g.input(1, ci, size, size)
    for i in range(2):
        x = groupnorm(g, conv(g, x, ci if i == 0 else co, co), (1, co, size, size), 8)
        x = g.op("LeakyRelu", x, alpha=0.01)
    skip = x
    x = conv_relu(g, halved(g, x, 2), co, 2 * co)
    x = g.op("ConvTranspose", x, g.weight(2 * co, co, 2, 2), g.weight(co), strides=[2, 2])
    x = g.op("Concat", x, skip, axis=1)
    x = groupnorm(g, conv(g, x, 2 * co, co), (1, co, size, size), 8)
    return conv(g, g.op("LeakyRelu", x, alpha=0.01), co, 4, 1)


def pyramid_pooling(g: Builder, size: int, width: int, classes: int = 19) -> str:
    """PSPNet: residual blocks to an eighth, means over 1, 2, 3 and 6 parts a side, enlarged and concatenated."""
    x = g.op(
        "MaxPool",
        conv_relu(g, g.input(1, 3, size, size), 3, width, 7, 2),
        kernel_shape=[2, 2],
        strides=[2, 2],
    )
    ci = width
    for co, stride in ((2 * width, 2), (4 * width, 1), (4 * width, 1)):
        y = conv(g, conv_relu(g, x, ci, co, 3, stride), co, co)
        x, ci = g.op("Relu", g.op("Add", y, x if ci == co else conv(g, x, ci, co, 1, stride))), co
    side, parts = size // 8, [x]
    for bins in (1, 2, 3, 6):
        k = side // bins
        y = conv_relu(g, g.op("AveragePool", x, kernel_shape=[k, k], strides=[k, k]), ci, ci // 4, 1)
        sizes = g.const([1, ci // 4, side, side])
        parts.append(
            g.op("Resize", y, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")
        )
    y = conv_relu(g, g.op("Concat", *parts, axis=1), 2 * ci, ci // 2)
    return conv(g, y, ci // 2, classes, 1)


def poses(g: Builder, size: int, stages: int = 2) -> list[str]:
    """OpenPose: 3x3 convolutions to an eighth, then stages of five 7x7 for joints and limbs, each reads the last."""
    x, ci = g.input(1, 3, size, size), 3
    for co, count in ((64, 2), (128, 2), (256, 2)):
        for _ in range(count):
            x, ci = conv_relu(g, x, ci, co), co
        x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    features = conv_relu(g, conv_relu(g, x, ci, 256), 256, 128)
    x, ci = features, 128
    for stage in range(stages):
        found = []
        for out in (38, 19):
            y, inner = x, ci
            for _ in range(3 if stage == 0 else 5):
                y, inner = conv_relu(g, y, inner, 128, 3 if stage == 0 else 7), 128
            found.append(conv(g, conv_relu(g, y, 128, 128, 1), 128, out, 1))
        x, ci = g.op("Concat", *found, features, axis=1), 38 + 19 + 128
    return found
