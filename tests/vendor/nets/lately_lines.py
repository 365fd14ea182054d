"""Convolutions along lines: DiffWave's noise, DAC's encoder, what a sentence says by TextCNN."""

from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import silu


def diffwave(g: Builder, t: int, layers: int, c: int = 64, mel: int = 80) -> str:
    """DiffWave (layers of 30 cut): gated dilated lines told by a spectrogram and by the step of the noise."""
    x = relu(g, line(g, g.input(1, 1, 256 * t), 1, c))
    e = g.input(1, 128)
    for a in (128, 512):
        e = silu(g, dense(g, e, a, 512))
    s = g.input(1, 1, mel, t)
    for _ in range(2):
        s = g.op("ConvTranspose", s, g.weight(1, 1, 3, 32), g.weight(1), strides=[1, 16], pads=[1, 8, 1, 8])
        s = g.op("LeakyRelu", s, alpha=0.4)
    s, total = g.op("Squeeze", s, g.const([1])), ""
    for i in range(layers):
        y = g.op("Add", x, g.op("Unsqueeze", dense(g, e, 512, c), g.const([2])))
        y = g.op("Add", line(g, y, c, 2 * c, 3, d=1 << i % 10), line(g, s, mel, 2 * c))
        a, b = g.op("Split", y, g.const([c, c]), count=2, axis=1)
        y = line(g, g.op("Mul", g.op("Sigmoid", a), g.op("Tanh", b)), c, 2 * c)
        kept, skip = g.op("Split", y, g.const([c, c]), count=2, axis=1)
        x = g.op("Div", g.op("Add", x, kept), g.const(2**0.5))
        total = g.op("Add", total, skip) if total else skip
    x = g.op("Div", total, g.const(layers**0.5))
    return line(g, relu(g, line(g, x, c, c)), c, 1)


def dac_encoder(g: Builder, n: int) -> str:
    """The Descript codec's encoder for 16 kHz: snakes (x + sin^2(a x) / a) and dilated lines of seven taps."""

    def snake(x: str, c: int) -> str:
        s = g.op("Pow", g.op("Sin", g.op("Mul", x, g.weight(1, c, 1))), g.const(2.0))
        return g.op("Add", x, g.op("Mul", s, g.weight(1, c, 1)))

    x, c = line(g, g.input(1, 1, n), 1, 64, 7), 64
    for s in (2, 4, 5, 8):
        for d in (1, 3, 9):
            x = g.op("Add", x, line(g, snake(line(g, snake(x, c), c, c, 7, d=d), c), c, c))
        w, p = g.weight(2 * c, c, 2 * s), -(-s // 2)
        x = g.op("Conv", snake(x, c), w, g.weight(2 * c), strides=[s], pads=[p, p])
        c *= 2
    return line(g, snake(x, c), c, c, 3)


def textcnn(g: Builder, b: int, n: int, d: int = 300, words: int = 20000) -> str:
    """Kim's TextCNN: windows of three, four and five words, the largest of each, two classes."""
    x = g.op("Gather", g.weight(words, d), g.input(b, n, dtype=TensorProto.INT64))
    x, outs = g.op("Unsqueeze", x, g.const([1])), []
    for k in (3, 4, 5):
        y = relu(g, g.op("Squeeze", g.op("Conv", x, g.weight(100, 1, k, d), g.weight(100)), g.const([3])))
        y = g.op("MaxPool", y, kernel_shape=[n - k + 1], strides=[n - k + 1])
        outs.append(g.op("Squeeze", y, g.const([2])))
    return dense(g, concat(g, *outs), 300, 2)


LATELY_LINES = {
    "textcnn_b8_64": ("CNN", lambda g: textcnn(g, 8, 64)),
    "dac16_enc_8000": ("CNN", lambda g: dac_encoder(g, 8000)),
    "diffwave_32_x10": ("CNN", lambda g: diffwave(g, 32, 10)),
}  # fmt: skip
