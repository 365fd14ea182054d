"""Words and sounds: LayoutLMv3, MusicGen, WavLM."""

from tests.vendor.builder import Builder
from tests.vendor.nets.current_pieces import turned
from tests.vendor.nets.daily_pieces import unpadded
from tests.vendor.nets.everyday_pieces import concat, mlp, product
from tests.vendor.nets.layers import attend, cut, embedding, gelu, heads, joined, layernorm


def wavlm(g: Builder, n: int, d: int = 768, h: int = 12, layers: int = 2) -> str:
    """WavLM base behind its convolutions: distances as a bias that each query opens."""
    w = d // h
    x = product(g, layernorm(g, g.input(1, n, 512), 512), 512, d)
    y = g.op(
        "Conv",
        g.op("Transpose", x, perm=[0, 2, 1]),
        g.weight(d, d // 16, 128),
        g.weight(d),
        pads=[64, 64],
        group=16,
    )
    x = layernorm(g, g.op("Add", x, g.op("Transpose", gelu(g, cut(g, y, 2, 0, n)), perm=[0, 2, 1])), d)
    far = g.weight(1, h, n, n)
    for _ in range(layers):
        o = g.op("Reshape", product(g, heads(g, x, n, h, w), w, 8), g.const([1, h, n, 2, 4]))
        o = g.op("Sigmoid", g.op("ReduceSum", o, g.const([-1]), keepdims=0))
        a, b = g.op("Split", o, g.const([1, 1]), count=2, axis=-1)
        o = g.op(
            "Add",
            g.op("Mul", a, g.op("Sub", g.op("Mul", b, g.weight(1, h, 1, 1)), g.const(1.0))),
            g.const(2.0),
        )
        q, k, v = (heads(g, product(g, x, d, d), n, h, w) for _ in range(3))
        y = joined(g, attend(g, q, k, v, w, g.op("Mul", o, far)), n, d)
        x = layernorm(g, g.op("Add", x, product(g, y, d, d)), d)
        x = layernorm(g, g.op("Add", x, mlp(g, x, d, 4 * d)), d)
    return x


def musicgen_step(
    g: Builder, past: int, text: int = 20, d: int = 1024, h: int = 16, layers: int = 2
) -> list[str]:
    """MusicGen small: four codes in and out, the text's keys kept; two layers of twenty-four."""
    w, outs = d // h, []
    x = None
    for _ in range(4):
        y = embedding(g, 2049, d, 1)
        x = y if x is None else g.op("Add", x, y)
    x = g.op("Add", x, g.weight(1, 1, d))
    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, d, False), 1, h, w) for _ in range(3))
        k, v = (concat(g, g.input(1, h, past, w), t, axis=2) for t in (k, v))
        outs += [k, v]
        x = g.op("Add", x, product(g, joined(g, attend(g, q, k, v, w), 1, d), d, d, False))
        q = heads(g, product(g, layernorm(g, x, d), d, d, False), 1, h, w)
        y = attend(g, q, g.input(1, h, text, w), g.input(1, h, text, w), w, g.input(1, 1, 1, text))
        x = g.op("Add", x, product(g, joined(g, y, 1, d), d, d, False))
        y = product(g, gelu(g, product(g, layernorm(g, x, d), d, 4 * d, False)), 4 * d, d, False)
        x = g.op("Add", x, y)
    x = layernorm(g, x, d)
    logits = [g.op("Unsqueeze", product(g, x, d, 2048, False), g.const([1])) for _ in range(4)]
    return [concat(g, *logits), *outs]


def layoutlm(g: Builder, n: int = 512, e: int = 224, d: int = 768, h: int = 12, layers: int = 1) -> str:
    """LayoutLMv3 base: words and their places, patches of the page, biases of both; one layer of twelve."""
    w, p = d // h, (e // 16) ** 2
    x = g.op("Add", embedding(g, 50265, d, n), g.weight(1, n, d))
    where = [embedding(g, 1024, c, n) for c in (128, 128, 128, 128, 128, 128)]
    x = layernorm(g, g.op("Add", x, concat(g, *where, axis=2)), d)
    y = g.op("Reshape", unpadded(g, g.input(1, 3, e, e), 3, d, 16, 16), g.const([1, d, p]))
    y = concat(g, g.weight(1, 1, d), g.op("Transpose", y, perm=[0, 2, 1]))
    y = layernorm(g, g.op("Add", y, g.weight(1, p + 1, d)), d)
    x, n = layernorm(g, concat(g, x, y), d), n + p + 1
    bias = g.op("Add", g.input(1, h, n, n), g.input(1, h, n, n))
    bias = g.op("Div", bias, g.const(w**0.5))
    for _ in range(layers):
        q, k, v = (heads(g, product(g, x, d, d), n, h, w) for _ in range(3))
        s = g.op("Add", g.op("MatMul", g.op("Div", q, g.const(w**0.5)), turned(g, k)), bias)
        s = g.op("Div", s, g.const(32.0))
        s = g.op("Mul", g.op("Sub", s, g.op("ReduceMax", s, axes=[-1], keepdims=1)), g.const(32.0))
        y = joined(g, g.op("MatMul", g.op("Softmax", s, axis=-1), v), n, d)
        x = layernorm(g, g.op("Add", product(g, y, d, d), x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, 4 * d), x), d)
    return product(g, cut(g, x, 1, 0, n - p - 1), d, 7)


LATEST_WORDS = {
    "wavlm_b_199_x2": ("transformer", lambda g: wavlm(g, 199)),
    "musicgen_s_step_500_x2": ("transformer", lambda g: musicgen_step(g, 500)),
    "layoutlmv3_b_709_x1": ("transformer", lambda g: layoutlm(g)),
}  # fmt: skip
