"""People and points: FastPose, face mesh, IBN-ResNet, XFeat, HardNet, PilotNet."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense, instance_normed, shuffled_up
from tests.vendor.nets.daily_pieces import mean, mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import concat, halves, relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled, prelu


def fastpose(g: Builder, h: int, w: int, joints: int = 17) -> str:
    """AlphaPose's FastPose: ResNet-50 with gates, enlarged by shuffling."""
    x, ci = pooled(g, conv_relu(g, g.input(1, 3, h, w), 3, 64, 7, 2), 3, 2, 1), 64
    for j, n in enumerate((3, 4, 6, 3)):
        m, co = 64 << j, 256 << j
        for i in range(n):
            s = 2 if i == 0 and j else 1
            y = conv(g, conv_relu(g, conv_relu(g, x, ci, m, 1), m, m, 3, s), m, co, 1)
            if i == 0:
                y = squeezed(g, y, co, co, relu)
            x, ci = relu(g, g.op("Add", y, x if i else conv(g, x, ci, co, 1, s))), co
    x = shuffled_up(g, x, 2)
    x = shuffled_up(g, conv_relu(g, x, 512, 1024, 3), 2)
    x = shuffled_up(g, conv_relu(g, x, 256, 512, 3), 2)
    return conv(g, x, 128, joints, 3)


def face_mesh(g: Builder, size: int = 192) -> list[str]:
    """MediaPipe's face mesh: depthwise blocks, PReLU, channels padded."""
    x, ci = g.input(1, 3, size, size), 3
    x = prelu(g, g.op("Conv", x, g.weight(16, 3, 3, 3), g.weight(16), strides=[2, 2], pads=[0, 0, 1, 1]), 16)
    ci = 16

    def block(x, a, b, s=1):
        if s == 1:
            y = conv(g, x, a, a, 3, 1, a)
        else:
            y = g.op("Conv", x, g.weight(a, 1, 3, 3), g.weight(a), strides=[2, 2], pads=[0, 0, 1, 1], group=a)
        y = conv(g, y, a, b, 1)
        sk = pooled(g, x, 2, 2) if s == 2 else x
        if b > a:
            sk = g.op("Pad", sk, g.const([0, 0, 0, 0, 0, b - a, 0, 0]))
        return prelu(g, g.op("Add", y, sk), b)

    for co, n in ((16, 2), (32, 3), (64, 3), (128, 3)):
        for i in range(n):
            x, ci = block(x, ci, co, 2 if i == 0 and co > 16 else 1), co

    def head(x, n):
        for i in range(3):
            x = block(x, 128, 128, 2 if i == 0 else 1)
        y = prelu(g, conv(g, x, 128, 32, 1), 32)
        return g.op("Conv", block(y, 32, 32), g.weight(n, 32, size // 32, size // 32), g.weight(n))

    lm = head(x, 1404)
    return [g.op("Reshape", lm, g.const([1, 1404])), g.op("Sigmoid", head(x, 1))]


def ibn50(g: Builder, h: int, w: int) -> str:
    """ResNet-50-IBN-a for persons: half of the channels normed by picture."""
    x, ci = pooled(g, conv_relu(g, g.input(1, 3, h, w), 3, 64, 7, 2), 3, 2, 1), 64
    for j, n in enumerate((3, 4, 6, 3)):
        m, co = 64 << j, 256 << j
        for i in range(n):
            s = 2 if i == 0 and j in (1, 2) else 1
            y = conv(g, x, ci, m, 1)
            if j < 3:
                a, b = halves(g, y, m // 2)
                y = concat(
                    g,
                    instance_normed(g, a, m // 2),
                    g.op("Add", g.op("Mul", b, g.weight(m // 2, 1, 1)), g.weight(m // 2, 1, 1)),
                )
            y = conv(g, conv_relu(g, relu(g, y), m, m, 3, s), m, co, 1)
            x, ci = relu(g, g.op("Add", y, x if i else conv(g, x, ci, co, 1, s))), co
    f = g.op("Flatten", mean(g, x), axis=1)
    f = g.op("Add", g.op("Mul", f, g.weight(2048)), g.weight(2048))
    return g.op("Div", f, g.op("ReduceL2", f, axes=[1], keepdims=1))


def xfeat(g: Builder, h: int, w: int) -> list[str]:
    """XFeat: key points, reliability and descriptors."""
    i = g.op("ReduceMean", g.input(1, 3, h, w), axes=[1], keepdims=1)
    one = g.const(np.ones(1, np.float16)), g.const(np.zeros(1, np.float16))
    i = g.op("InstanceNormalization", i, *one, epsilon=1e-05)
    b = lambda x, a, c, k=3, s=1: conv_relu(g, x, a, c, k, s)
    sk = conv(g, mean_pooled(g, i, 4, 4), 1, 24, 1)
    x = b(b(b(b(i, 1, 4), 4, 8, 3, 2), 8, 8), 8, 24, 3, 2)
    x = b(b(g.op("Add", x, sk), 24, 24), 24, 24)
    p3 = b(b(b(x, 24, 64, 3, 2), 64, 64), 64, 64, 1)
    p4 = b(b(b(p3, 64, 64, 3, 2), 64, 64), 64, 64)
    p5 = b(b(b(b(p4, 64, 128, 3, 2), 128, 128), 128, 128), 128, 64, 1)
    s = g.op("Add", g.op("Add", p3, enlarged(g, p4, 2)), enlarged(g, p5, 4))
    f = conv(g, b(b(s, 64, 64), 64, 64), 64, 64, 1)
    heat = g.op("Sigmoid", conv(g, b(b(f, 64, 64, 1), 64, 64, 1), 64, 1, 1))
    y = g.op("Reshape", i, g.const([1, h // 8, 8, w // 8, 8]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 4, 1, 3]), g.const([1, 64, h // 8, w // 8]))
    for _ in range(3):
        y = b(y, 64, 64, 1)
    k = g.op("Softmax", conv(g, y, 64, 65, 1), axis=1)
    return [f, heat, k]


def hardnet_patches(g: Builder, n: int) -> str:
    """HardNet's descriptors of n patches."""
    x, ci = g.input(n, 1, 32, 32), 1
    for co, s in ((32, 1), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1)):
        x, ci = conv_relu(g, x, ci, co, 3, s), co
    x = g.op("Flatten", unpadded(g, x, 128, 128, 8, 1), axis=1)
    return g.op("Div", x, g.op("ReduceL2", x, axes=[1], keepdims=1))


def pilotnet(g: Builder, h: int = 66, w: int = 200) -> str:
    """PilotNet: camera to steering."""
    x, ci = g.input(1, 3, h, w), 3
    for co, k, s in ((24, 5, 2), (36, 5, 2), (48, 5, 2), (64, 3, 1), (64, 3, 1)):
        x, ci = unpadded(g, x, ci, co, k, s, relu), co
    x = g.op("Flatten", x, axis=1)
    for a, b in ((1152, 100), (100, 50), (50, 10)):
        x = relu(g, dense(g, x, a, b))
    return dense(g, x, 10, 1)


DAILY_PEOPLE = {
    "face_mesh_192": ('CNN', lambda g: face_mesh(g)),
    "xfeat_480x640": ('CNN', lambda g: xfeat(g, 480, 640)),
    "fastpose_r50_256x192": ('CNN', lambda g: fastpose(g, 256, 192)),
    "reid_ibn50_256x128": ('CNN', lambda g: ibn50(g, 256, 128)),
    "pilotnet_66x200": ('CNN', lambda g: pilotnet(g)),
    "hardnet_patches_b128": ('CNN', lambda g: hardnet_patches(g, 128)),
}  # fmt: skip
