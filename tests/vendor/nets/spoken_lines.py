"""Convolutions along time: gated and dilated for sound, hierarchical ones for voices."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import cut


def line(g: Builder, x: str, ci: int, co: int, kernel: int = 1, rate: int = 1) -> str:
    """A 1-D convolution that keeps the length."""
    weights, pads = [g.weight(co, ci, kernel), g.weight(co)], [rate * (kernel // 2)] * 2
    return g.op("Conv", x, *weights, pads=pads, dilations=[rate])


def gated_waves(g: Builder, length: int, width: int, skip: int, layers: int) -> str:
    """WaveNet: causal convolutions of two taps and doubling dilation, tanh times sigmoid, skips summed; 256 levels."""
    x = line(g, g.input(1, 256, length), 256, width)
    total = ""
    for i in range(layers):
        rate = 1 << (i % 8)
        filtered, gate = (
            g.op("Conv", x, g.weight(width, width, 2), g.weight(width), pads=[rate, 0], dilations=[rate])
            for _ in range(2)
        )
        y = g.op("Mul", g.op("Tanh", filtered), g.op("Sigmoid", gate))
        more = line(g, y, width, skip)
        total = g.op("Add", total, more) if total else more
        x = g.op("Add", x, line(g, y, width, width))
    y = g.op("Relu", line(g, g.op("Relu", total), skip, skip))
    return g.op("Softmax", line(g, y, skip, 256), axis=1)


def voice(g: Builder, frames: int, width: int, scale: int = 8, out: int = 192) -> str:
    """ECAPA-TDNN: 80 bands, three blocks of eight dilated convolutions in a chain with gates, pooled by attention."""

    def act(x: str, ci: int, co: int, kernel: int = 1, rate: int = 1) -> str:
        return g.op("Relu", line(g, x, ci, co, kernel, rate))

    x, part, found = act(g.input(1, 80, frames), 80, width, 5), width // scale, []
    for rate in (2, 3, 4):
        y = act(x, width, width)
        parts = [cut(g, y, 1, 0, part)]
        for i in range(1, scale):
            z = cut(g, y, 1, i * part, (i + 1) * part)
            parts.append(act(z if i == 1 else g.op("Add", z, parts[-1]), part, part, 3, rate))
        y = act(g.op("Concat", *parts, axis=1), width, width)
        mean = g.op("ReduceMean", y, axes=[2], keepdims=1)
        gate = g.op("Sigmoid", line(g, g.op("Relu", line(g, mean, width, 128)), 128, width))
        x = g.op("Add", x, g.op("Mul", y, gate))
        found.append(x)
    wide = 3 * width
    y = act(g.op("Concat", *found, axis=1), wide, wide)
    scores = line(g, g.op("Tanh", line(g, y, wide, 128)), 128, wide)
    weights = g.op("Softmax", scores, axis=2)
    mean = g.op("ReduceSum", g.op("Mul", y, weights), g.const([2]), keepdims=1)
    square = g.op("ReduceSum", g.op("Mul", g.op("Mul", y, y), weights), g.const([2]), keepdims=1)
    spread = g.op("Sub", square, g.op("Mul", mean, mean))
    spread = g.op("Sqrt", g.op("Max", spread, g.const(1e-4)))
    return line(g, g.op("Concat", mean, spread, axis=1), 2 * wide, out)


SPOKEN_LINES = {
    "wavenet_2048": ("CNN", lambda g: gated_waves(g, 2048, 64, 128, 10)),
    "ecapa_300": ("CNN", lambda g: voice(g, 300, 512)),
}
