"""Sound: WaveNet, MelGAN, TC-ResNet8, Demucs."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import leaky_of, line
from tests.vendor.nets.everyday_pieces import relu


def wavenet(g: Builder, t: int, c: int = 64, skip: int = 128, layers: int = 10) -> str:
    """WaveNet: dilated pairs of taps, tanh times sigmoid, skips added up."""
    x, total = line(g, g.input(1, 1, t), 1, c), None
    for i in range(layers):
        d = 1 << i
        causal = lambda w, x=x, d=d: g.op("Conv", x, w, g.weight(c), dilations=[d], pads=[d, 0])
        y = g.op("Mul", g.op("Tanh", causal(g.weight(c, c, 2))), g.op("Sigmoid", causal(g.weight(c, c, 2))))
        s = line(g, y, c, skip)
        total = g.op("Add", total, s) if total else s
        x = g.op("Add", x, line(g, y, c, c))
    return line(g, line(g, relu(g, total), skip, 256, act=relu), 256, 256)


def melgan(g: Builder, t: int, c: int = 256) -> str:
    """MelGAN's generator: transposed convolutions by 8, 8, 2 and 2, three dilated residuals after each."""
    a = leaky_of(0.2)
    x = line(g, g.input(1, 80, t), 80, c, 7)
    for r in (8, 8, 2, 2):
        w = [g.weight(c, c // 2, 2 * r), g.weight(c // 2)]
        x, c = g.op("ConvTranspose", a(g, x), *w, strides=[r], pads=[r // 2, r // 2]), c // 2
        for d in (1, 3, 9):
            y = line(g, a(g, line(g, a(g, x), c, c, 3, 1, 1, d)), c, c)
            x = g.op("Add", line(g, x, c, c), y)
    return g.op("Tanh", line(g, a(g, x), c, 1, 7))


def tc_resnet8(g: Builder, t: int, k: float = 1.0, words: int = 12) -> str:
    """TC-ResNet8: bands as channels, convolutions of nine over time."""
    x, ci = line(g, g.input(1, 40, t), 40, 16, 3), 16
    for c in (24, 32, 48):
        y = line(g, line(g, x, ci, int(c * k), 9, 2, act=relu), int(c * k), int(c * k), 9)
        r = relu(g, g.op("Conv", x, g.weight(int(c * k), ci, 1), g.weight(int(c * k)), strides=[2]))
        x, ci = relu(g, g.op("Add", y, r)), int(c * k)
    return dense(g, g.op("ReduceMean", x, axes=[2], keepdims=0), ci, words)


def demucs(g: Builder, t: int, c: int = 64, depth: int = 4) -> str:
    """Demucs without its LSTM: 8-tap convolutions at stride 4, gated pairs, sums across, transposed back."""

    def glu(x, c):
        p, q = g.op("Split", x, g.const([c, c]), count=2, axis=1)
        return g.op("Mul", p, g.op("Sigmoid", q))

    x, ci, f = g.input(1, 2, t), 2, []
    for i in range(depth):
        co = c << i
        x = relu(g, g.op("Conv", x, g.weight(co, ci, 8), g.weight(co), strides=[4], pads=[2, 2]))
        x, ci = glu(line(g, x, co, 2 * co), co), co
        f.append(x)
    for i in range(depth - 1, -1, -1):
        co = c << i
        x = glu(line(g, g.op("Add", x, f[i]), co, 2 * co, 3), co)
        b = co // 2 if i else 8
        x = g.op("ConvTranspose", x, g.weight(co, b, 8), g.weight(b), strides=[4], pads=[2, 2])
        x = relu(g, x) if i else x
    return x


KNOWN_SOUND = {
    "wavenet_4000": ("CNN", lambda g: wavenet(g, 4000)),
    "melgan_64": ("CNN", lambda g: melgan(g, 64)),
    "tc_resnet8_101": ("CNN", lambda g: tc_resnet8(g, 101, 1.5)),
    "demucs_16384": ("CNN", lambda g: demucs(g, 16384)),
}  # fmt: skip
