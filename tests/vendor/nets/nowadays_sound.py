"""Sound: who speaks by WeSpeaker's ResNet-34, whether somebody speaks by MarbleNet, a voice by HiFi-GAN V1."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.later_sound import hifigan_v2
from tests.vendor.nets.layers import conv, conv_relu


def wespeaker(g: Builder, t: int, mel: int = 80, out: int = 256) -> str:
    """WeSpeaker's ResNet-34 from 32 channels on: means and spreads over time, one vector."""
    x = g.op("Unsqueeze", g.op("Transpose", g.input(1, t, mel), perm=[0, 2, 1]), g.const([1]))
    x, ci = conv_relu(g, x, 1, 32), 32
    for c, n in ((32, 3), (64, 4), (128, 6), (256, 3)):
        for i in range(n):
            s = 2 if i == 0 and c > 32 else 1
            y = conv(g, conv_relu(g, x, ci, c, 3, s), c, c)
            x, ci = relu(g, g.op("Add", y, x if s == 1 else conv(g, x, ci, c, 1, s))), c
    n, m = t // 8, mel // 8
    mean = g.op("ReduceMean", x, axes=[3], keepdims=1)
    far = g.op("Sub", x, mean)
    var = g.op("ReduceSum", g.op("Mul", far, far), g.const([3]), keepdims=0)
    var = g.op("Mul", var, g.const(1 / (n - 1)))
    spread = g.op("Sqrt", g.op("Add", var, g.const(1e-4)))
    flat = [g.op("Reshape", v, g.const([1, 256 * m])) for v in (mean, spread)]
    return dense(g, concat(g, *flat), 512 * m, out)


def marblenet(g: Builder, t: int, mel: int = 80, classes: int = 2) -> str:
    """MarbleNet 3 x 2 x 64: separable convolutions along time, three blocks with residuals."""

    def separable(x: str, a: int, b: int, k: int, s: int = 1, d: int = 1) -> str:
        return line(g, line(g, x, a, a, k, s, a, d), a, b)

    x, ci = relu(g, separable(g.input(1, mel, t), mel, 128, 11)), 128
    for k in (13, 15, 17):
        first, a = x, ci
        x = separable(relu(g, separable(x, ci, 64, k)), 64, 64, k)
        x, ci = relu(g, g.op("Add", x, line(g, first, a, 64))), 64
    x = relu(g, separable(x, 64, 128, 29, 1, 2))
    x = relu(g, line(g, x, 128, 128))
    x = g.op("Reshape", g.op("GlobalAveragePool", x), g.const([1, 128]))
    return dense(g, x, 128, classes)


NOWADAYS_SOUND = {
    "marblenet_vad_64": ("CNN", lambda g: marblenet(g, 64)),
    "wespeaker_r34_200": ("CNN", lambda g: wespeaker(g, 200)),
    "hifigan_v1_64": ("CNN", lambda g: hifigan_v2(g, 64, 512)),
}  # fmt: skip
