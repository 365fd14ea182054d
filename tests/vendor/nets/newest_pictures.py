"""Pictures to pictures: HDRNet's grid, a style by AdaIN, holes filled by EdgeConnect; a pulse seen by DeepPhys."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense, instance_normed
from tests.vendor.nets.daily_pieces import mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import doubled


def mirrored(g: Builder, x: str, n: int) -> str:
    """n rows and columns more on each side, mirrored."""
    return g.op("Pad", x, g.const([0, 0, n, n, 0, 0, n, n]), mode="reflect")


def hdrnet(g: Builder, e: int = 256, full: int = 512) -> list[str]:
    """HDRNet: the bilateral grid of a small picture, and the guide of the large one."""
    x, ci = g.input(1, 3, e, e), 3
    for c in (8, 16, 32, 64):
        x, ci = conv_relu(g, x, ci, c, 3, 2), c
    y = conv_relu(g, conv_relu(g, x, 64, 64, 3, 2), 64, 64, 3, 2)
    y = g.op("Flatten", y, axis=1)
    for a, b in ((1024, 256), (256, 128)):
        y = relu(g, dense(g, y, a, b))
    y = g.op("Reshape", dense(g, y, 128, 64), g.const([1, 64, 1, 1]))
    x = conv(g, conv_relu(g, x, 64, 64, 3), 64, 64, 3, bias=False)
    x = conv(g, relu(g, g.op("Add", x, y)), 64, 96, 1)
    grid = g.op("Transpose", g.op("Reshape", x, g.const([1, 8, 12, e // 16, e // 16])), perm=[0, 2, 1, 3, 4])
    z = conv(g, conv_relu(g, g.input(1, 3, full, full), 3, 16, 1), 16, 1, 1)
    return [grid, g.op("Sigmoid", z)]


def adain(g: Builder, e: int) -> str:
    """AdaIN: VGG19's maps of a picture and of a style, one with the other's mean and spread, drawn again."""
    step = lambda t, a, b: relu(g, unpadded(g, mirrored(g, t, 1), a, b, 3, 1))

    def seen(x: str) -> str:
        x, ci = unpadded(g, x, 3, 3, 1, 1), 3
        for n, c in ((2, 64), (2, 128), (4, 256)):
            for _ in range(n):
                x, ci = step(x, ci, c), c
            x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        return step(x, 256, 512)

    def measured(x: str) -> tuple[str, str]:
        mu = g.op("ReduceMean", x, axes=[2, 3], keepdims=1)
        d = g.op("Sub", x, mu)
        var = g.op("ReduceMean", g.op("Mul", d, d), axes=[2, 3], keepdims=1)
        return mu, g.op("Sqrt", g.op("Add", var, g.const(1e-4)))

    a, b = seen(g.input(1, 3, e, e)), seen(g.input(1, 3, e, e))
    (mu_a, s_a), (mu_b, s_b) = measured(a), measured(b)
    x = g.op("Add", g.op("Mul", g.op("Div", g.op("Sub", a, mu_a), s_a), s_b), mu_b)
    x = enlarged(g, step(x, 512, 256), 2, "nearest")
    for _ in range(3):
        x = step(x, 256, 256)
    x = enlarged(g, step(x, 256, 128), 2, "nearest")
    x = enlarged(g, step(step(x, 128, 128), 128, 64), 2, "nearest")
    return unpadded(g, mirrored(g, step(x, 64, 64), 1), 64, 3, 3, 1)


def edgeconnect(g: Builder, e: int, blocks: int = 8) -> str:
    """EdgeConnect's second generator: eight residual blocks of spread taps between two halvings and two doublings."""
    normed = lambda t, c: instance_normed(g, t, c)

    def apart(x: str, c: int) -> str:
        return g.op("Conv", mirrored(g, x, 2), g.weight(c, c, 3, 3), g.weight(c), dilations=[2, 2])

    x = relu(g, normed(unpadded(g, mirrored(g, g.input(1, 4, e, e), 3), 4, 64, 7, 1), 64))
    for c in (128, 256):
        w, b = g.weight(c, c // 2, 4, 4), g.weight(c)
        x = relu(g, normed(g.op("Conv", x, w, b, strides=[2, 2], pads=[1] * 4), c))
    for _ in range(blocks):
        y = relu(g, normed(apart(x, 256), 256))
        x = g.op("Add", x, normed(unpadded(g, mirrored(g, y, 1), 256, 256, 3, 1), 256))
    for c in (256, 128):
        x = relu(g, normed(doubled(g, x, c, c // 2), c // 2))
    x = unpadded(g, mirrored(g, x, 3), 64, 3, 7, 1)
    return g.op("Mul", g.op("Add", g.op("Tanh", x), g.const(1.0)), g.const(0.5))


def deepphys(g: Builder, n: int, e: int = 72) -> str:
    """DeepPhys: a pulse by how skin changes, where it shows; n frames, tanh throughout."""
    tanh = lambda t: g.op("Tanh", t)

    def gate(x: str, y: str, c: int, m: int) -> str:
        p = g.op("Sigmoid", conv(g, y, c, 1, 1))
        s = g.op("ReduceSum", p, g.const([2, 3]), keepdims=1)
        return g.op("Mul", x, g.op("Mul", g.op("Div", p, s), g.const(m * m * 0.5)))

    x, y, ci, m = g.input(n, 3, e, e), g.input(n, 3, e, e), 3, e
    for c in (32, 64):
        x, y = (tanh(unpadded(g, tanh(conv(g, t, ci, c, 3)), c, c, 3, 1)) for t in (x, y))
        x, ci = gate(x, y, c, m - 2), c
        x, y, m = mean_pooled(g, x), mean_pooled(g, y), (m - 2) // 2
    x = tanh(dense(g, g.op("Flatten", x, axis=1), 64 * m * m, 128))
    return dense(g, x, 128, 1)


NEWEST_PICTURES = {
    "hdrnet_256_512": ("CNN", lambda g: hdrnet(g)),
    "deepphys_b8_72": ("CNN", lambda g: deepphys(g, 8)),
    "adain_256": ("CNN", lambda g: adain(g, 256)),
    "edgeconnect_256": ("CNN", lambda g: edgeconnect(g, 256)),
}  # fmt: skip
