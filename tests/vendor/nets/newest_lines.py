"""Convolutions along lines: a pose lifted to three dimensions, what music is heard, a night's sleep."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.latest_pieces import normed
from tests.vendor.nets.layers import cut


def videopose(g: Builder, n: int, t: int = 243, joints: int = 17, c: int = 1024) -> str:
    """VideoPose3D: four blocks of three taps, each thrice as far apart; a sequence and its mirror image."""

    def taps(x: str, a: int, k: int, d: int) -> str:
        return relu(g, g.op("Conv", x, g.weight(c, a, k), g.weight(c), dilations=[d]))

    x = g.op("Reshape", g.input(n, t, joints, 2), g.const([n, t, 2 * joints]))
    x, t = taps(g.op("Transpose", x, perm=[0, 2, 1]), 2 * joints, 3, 1), t - 2
    for j in range(1, 5):
        d = 3**j
        y = taps(taps(x, c, 3, d), c, 1, 1)
        x, t = g.op("Add", cut(g, x, 2, d, t - d), y), t - 2 * d
    y = g.op("Transpose", g.op("Conv", x, g.weight(3 * joints, c, 1), g.weight(3 * joints)), perm=[0, 2, 1])
    return g.op("Reshape", y, g.const([n, t, joints, 3]))


def musicnn(g: Builder, t: int = 187, mel: int = 96, c: int = 64) -> str:
    """MusiCNN: timbres by tall kernels, beats by long ones, three residual lines, the mean beside the maximum."""
    x, outs, ci = normed(g, g.input(1, 1, t, mel), 1), [], 0
    for k, f, n in ((7, 38, 204), (7, 67, 204), (128, 1, 51), (64, 1, 51), (32, 1, 51)):
        pads = [(k - 1) // 2, 0, k // 2, 0]
        y = relu(g, g.op("Conv", x, g.weight(n, 1, k, f), g.weight(n), pads=pads))
        outs.append(g.op("ReduceMax", normed(g, y, n), axes=[3], keepdims=0))
        ci += n
    x = concat(g, *outs)
    y = normed(g, line(g, x, ci, c, 7, act=relu), c)
    z = g.op("Add", normed(g, line(g, y, c, c, 7, act=relu), c), y)
    w = g.op("Add", normed(g, line(g, z, c, c, 7, act=relu), c), z)
    x, ci = concat(g, x, y, z, w), ci + 3 * c
    x = concat(g, g.op("ReduceMax", x, axes=[2], keepdims=0), g.op("ReduceMean", x, axes=[2], keepdims=0))
    return g.op("Sigmoid", dense(g, relu(g, dense(g, x, 2 * ci, 200)), 200, 50))


def utime(g: Builder, epochs: int, n: int = 3000, classes: int = 5) -> str:
    """U-Time: half minutes of EEG through a U-Net along the line, one class for each."""

    def twice(x: str, a: int, b: int, d: int = 9) -> str:
        return normed(g, line(g, normed(g, line(g, x, a, b, 5, d=d, act=relu), b), b, b, 5, d=d, act=relu), b)

    x, ci, length, skips, pools = g.input(1, 1, epochs * n), 1, epochs * n, [], (10, 8, 6, 4)
    for c, p in zip((16, 32, 64, 128), pools, strict=True):
        x, ci = twice(x, ci, c), c
        skips.append((x, c, length))
        x, length = g.op("MaxPool", x, kernel_shape=[p], strides=[p]), length // p
    x, ci = twice(x, ci, 256), 256
    for (skip, c, length), p in zip(skips[::-1], pools[::-1], strict=True):
        how = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
        x = g.op("Resize", x, "", g.const_f32([1, 1, p]), **how)
        x = normed(g, line(g, x, ci, c, p + 1 - p % 2, act=relu), c)
        if length % p:
            x = g.op("Pad", x, g.const([0, 0, 0, 0, 0, length % p]))
        x, ci = twice(concat(g, skip, x), 2 * c, c, 1), c
    x = g.op("Tanh", line(g, x, ci, classes))
    x = g.op("AveragePool", x, kernel_shape=[n], strides=[n])
    return g.op("Softmax", line(g, x, classes, classes), axis=1)


NEWEST_LINES = {
    "videopose3d_b2_243": ("CNN", lambda g: videopose(g, 2)),
    "musicnn_187x96": ("CNN", lambda g: musicnn(g)),
    "utime_10x3000": ("CNN", lambda g: utime(g, 10)),
}  # fmt: skip
