"""Small networks: where to grasp, a dream's pictures, series of numbers, waves of a brain."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line, unpadded
from tests.vendor.nets.everyday_pieces import relu


def ggcnn(g: Builder, e: int = 300) -> list[str]:
    """GG-CNN: a grasp for each pixel of a depth picture; wide kernels of few channels."""
    x, ci = g.input(1, 1, e, e), 1
    for c, k, s, p in ((32, 9, 3, 3), (16, 5, 2, 2), (8, 3, 2, 1)):
        x = relu(g, g.op("Conv", x, g.weight(c, ci, k, k), g.weight(c), strides=[s, s], pads=[p] * 4))
        ci = c
    for c, k, s, p, o in ((8, 3, 2, 1, 1), (16, 5, 2, 2, 1), (32, 9, 3, 3, 1)):
        w, b = g.weight(ci, c, k, k), g.weight(c)
        x = relu(g, g.op("ConvTranspose", x, w, b, strides=[s, s], pads=[p] * 4, output_padding=[o, o]))
        ci = c
    return [unpadded(g, x, 32, 1, 2, 1) for _ in range(4)]


def worldmodels(g: Builder, n: int) -> list[str]:
    """The VAE of World Models: 64 x 64 frames to 32 numbers and back."""
    x, ci = g.input(n, 3, 64, 64), 3
    for c in (32, 64, 128, 256):
        x, ci = unpadded(g, x, ci, c, 4, 2, relu), c
    x = g.op("Flatten", x, axis=1)
    mu, var = dense(g, x, 1024, 32), dense(g, x, 1024, 32)
    z = g.op("Add", mu, g.op("Mul", g.op("Exp", g.op("Mul", var, g.const(0.5))), g.input(n, 32)))
    x, ci = g.op("Reshape", dense(g, z, 32, 1024), g.const([n, 1024, 1, 1])), 1024
    for c, k in ((128, 5), (64, 5), (32, 6), (3, 6)):
        x = g.op("ConvTranspose", x, g.weight(ci, c, k, k), g.weight(c), strides=[2, 2])
        x, ci = relu(g, x) if c > 3 else g.op("Sigmoid", x), c
    return [x, mu, var]


def fcn_series(g: Builder, n: int, t: int) -> str:
    """The fully convolutional net for series: lines of 8, 5 and 3 taps, a mean."""
    x = g.op("Conv", g.input(n, 1, t), g.weight(128, 1, 8), g.weight(128), pads=[3, 4])
    x = line(g, line(g, relu(g, x), 128, 256, 5, act=relu), 256, 128, 3, act=relu)
    return dense(g, g.op("Squeeze", g.op("GlobalAveragePool", x), g.const([2])), 128, 60)


def deepconvnet(g: Builder, n: int, channels: int = 22, t: int = 1125) -> str:
    """DeepConvNet on EEG: taps in time, then over all electrodes, ELU and maxima of three."""

    def pooled(x: str) -> str:
        return g.op("MaxPool", g.op("Elu", x), kernel_shape=[1, 3], strides=[1, 3])

    x = g.op("Conv", g.input(n, 1, channels, t), g.weight(25, 1, 1, 10), g.weight(25))
    x, ci = pooled(g.op("Conv", x, g.weight(25, 25, channels, 1), g.weight(25))), 25
    t = (t - 9) // 3
    for c in (50, 100, 200):
        x, ci, t = pooled(g.op("Conv", x, g.weight(c, ci, 1, 10), g.weight(c))), c, (t - 9) // 3
    x = g.op("Conv", x, g.weight(4, 200, 1, t), g.weight(4))
    return g.op("LogSoftmax", g.op("Reshape", x, g.const([n, 4])), axis=1)


LATEST_SMALL = {
    "ggcnn_300": ("CNN", lambda g: ggcnn(g)),
    "worldmodels_vae_b8_64": ("CNN", lambda g: worldmodels(g, 8)),
    "fcn_tsc_b8_512": ("CNN", lambda g: fcn_series(g, 8, 512)),
    "deepconvnet_b8_22x1125": ("CNN", lambda g: deepconvnet(g, 8)),
}  # fmt: skip
