"""Pictures: faults by STFPM, drawings enlarged by Real-ESRGAN's small form."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled, resized


def stfpm(g: Builder, e: int) -> str:
    """STFPM: ResNet-18 and its pupil, how far their three maps of unit length lie apart, multiplied."""
    x, both = g.input(1, 3, e, e), []
    for _ in range(2):
        y, ci, found = pooled(g, conv_relu(g, x, 3, 64, 7, 2), 3, 2, 1), 64, []
        for c in (64, 128, 256):
            for i in range(2):
                s = 2 if i == 0 and c > 64 else 1
                z = conv(g, conv_relu(g, y, ci, c, 3, s), c, c)
                y, ci = relu(g, g.op("Add", z, y if s == 1 else conv(g, y, ci, c, 1, s))), c
            length = g.op("ReduceL2", y, axes=[1], keepdims=1)
            found.append(g.op("Div", y, g.op("Max", length, g.const(1e-4))))
        both.append(found)
    total = ""
    for a, b in zip(*both, strict=True):
        far = g.op("Sub", a, b)
        far = g.op("ReduceSum", g.op("Mul", g.op("Mul", far, far), g.const(0.5)), g.const([1]), keepdims=1)
        far = resized(g, far, 1, e, e)
        total = g.op("Mul", total, far) if total else far
    return total


def real_esrgan(g: Builder, e: int, blocks: int = 2, w: int = 64, grow: int = 32) -> str:
    """Real-ESRGAN for drawings (blocks of 6 cut): three dense blocks in each, four times the size by nearest."""
    leaky = lambda t: g.op("LeakyRelu", t, alpha=0.2)
    first = x = conv(g, g.input(1, 3, e, e), 3, w)
    for _ in range(blocks):
        outer = x
        for _ in range(3):
            parts = [x]
            for i in range(4):
                y = concat(g, *parts) if i else x
                parts.append(leaky(conv(g, y, w + i * grow, grow)))
            y = conv(g, concat(g, *parts), w + 4 * grow, w)
            x = g.op("Add", g.op("Mul", y, g.const(0.2)), x)
        x = g.op("Add", g.op("Mul", x, g.const(0.2)), outer)
    x = g.op("Add", first, conv(g, x, w, w))
    for _ in range(2):
        x = leaky(conv(g, enlarged(g, x, 2, "nearest"), w, w))
    return conv(g, leaky(conv(g, x, w, w)), w, 3)


NOWADAYS_PICTURES = {
    "stfpm_r18_256": ("CNN", lambda g: stfpm(g, 256)),
    "realesrgan_anime_128_x2": ("CNN", lambda g: real_esrgan(g, 128)),
}  # fmt: skip
