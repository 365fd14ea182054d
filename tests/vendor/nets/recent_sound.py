"""Sound: Vocos, FastSpeech 2, SenseVoice."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import mlp, product, relu
from tests.vendor.nets.layers import attend, embedding, gelu, heads, joined, layernorm
from tests.vendor.nets.recent_pieces import attn


def vocos(g: Builder, t: int, c: int = 512, inner: int = 1536, n: int = 4, bins: int = 513) -> list[str]:
    """Vocos: ConvNeXt blocks along frames of mel, magnitudes and phases out; four blocks of eight."""
    x = line(g, g.input(1, 100, t), 100, c, 7)
    x = layernorm(g, g.op("Transpose", x, perm=[0, 2, 1]), c)
    x = g.op("Transpose", x, perm=[0, 2, 1])
    for _ in range(n):
        y = g.op("Transpose", line(g, x, c, c, 7, 1, c), perm=[0, 2, 1])
        y = product(g, gelu(g, product(g, layernorm(g, y, c), c, inner)), inner, c)
        x = g.op("Add", x, g.op("Transpose", g.op("Mul", y, g.weight(c)), perm=[0, 2, 1]))
    y = layernorm(g, g.op("Transpose", x, perm=[0, 2, 1]), c)
    y = g.op("Transpose", product(g, y, c, 2 * bins), perm=[0, 2, 1])
    m, p = g.op("Split", y, g.const([bins, bins]), count=2, axis=1)
    m = g.op("Min", g.op("Exp", m), g.const(100.0))
    return [g.op("Mul", m, g.op("Cos", p)), g.op("Mul", m, g.op("Sin", p))]


def fastspeech2(
    g: Builder, n: int, frames: int, d: int = 256, h: int = 2, inner: int = 1024, layers: int = 2
) -> list[str]:
    """FastSpeech 2: feed-forwards of convolutions of nine taps, variances told, frames made (2 + 2 layers of 4 + 6)."""

    def c1(x, a, b, k):
        y = g.op(
            "Conv", g.op("Transpose", x, perm=[0, 2, 1]), g.weight(b, a, k), g.weight(b), pads=[k // 2] * 2
        )
        return g.op("Transpose", y, perm=[0, 2, 1])

    def fft(x, n):
        x = layernorm(g, g.op("Add", attn(g, x, n, d, h), x), d)
        return layernorm(g, g.op("Add", c1(relu(g, c1(x, d, inner, 9)), inner, d, 1), x), d)

    def told(x):
        y = layernorm(g, relu(g, c1(x, d, 256, 3)), 256)
        y = layernorm(g, relu(g, c1(y, 256, 256, 3)), 256)
        return product(g, y, 256, 1)

    x = g.op("Add", embedding(g, 361, d, n), g.weight(1, n, d))
    for _ in range(layers):
        x = fft(x, n)
    dur, pit, en = told(x), told(x), told(x)
    x = g.op("Add", x, g.op("Add", g.input(1, n, d), g.input(1, n, d)))
    x = g.op("MatMul", g.input(1, frames, n), x)
    x = g.op("Add", x, g.weight(1, frames, d))
    for _ in range(layers):
        x = fft(x, frames)
    mel = product(g, x, d, 80)
    y, a = mel, 80
    for i, b in enumerate((512, 512, 80)):
        y = c1(y, a, b, 5)
        a = b
        if i < 2:
            y = g.op("Tanh", y)
    return [g.op("Add", mel, y), mel, dur, pit, en]


def sensevoice(g: Builder, n: int, d: int = 512, h: int = 4, inner: int = 2048, layers: int = 2) -> str:
    """SenseVoice / Paraformer: attention with a memory of eleven taps on its values, norms before."""
    x = layernorm(
        g, g.op("Add", g.op("Mul", g.input(1, n, 560), g.const(512**0.5)), g.weight(1, n, 560)), 560
    )
    a = 560
    for i in range(layers):
        y = layernorm(g, x, a) if i else x
        q, k, v = g.op("Split", product(g, y, a, 3 * d), g.const([d] * 3), count=3, axis=2)
        t = g.op("Conv", g.op("Transpose", v, perm=[0, 2, 1]), g.weight(d, 1, 11), pads=[5, 5], group=d)
        mem = g.op("Add", g.op("Transpose", t, perm=[0, 2, 1]), v)
        q, k, v = (heads(g, t, n, h, d // h) for t in (q, k, v))
        y = g.op("Add", product(g, joined(g, attend(g, q, k, v, d // h), n, d), d, d), mem)
        x = g.op("Add", x, y) if a == d else y
        a = d
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, inner, relu))
    return g.op("LogSoftmax", product(g, layernorm(g, x, d), d, 2500), axis=-1)


RECENT_SOUND = {
    "vocos_24k_256": ("CNN", lambda g: vocos(g, 256)),
    "sensevoice_s_200_x2": ("transformer", lambda g: sensevoice(g, 200)),
    "fastspeech2_64_400_x2": ("transformer", lambda g: fastspeech2(g, 64, 400)),
}  # fmt: skip
