"""Attention over pictures: CrossViT, BLIP-2's queries, LoFTR."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.current_pieces import turned
from tests.vendor.nets.daily_pieces import unpadded
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.layers import attend, cut, gelu, heads, joined, layernorm
from tests.vendor.nets.recent_pieces import attn


def crossvit(g: Builder, stages: int = 2, h: int = 4) -> str:
    """CrossViT-9: patches of 12 and of 16, the class token of each looks at the other (two stages of three)."""
    xs = []
    for e, p, d in ((240, 12, 128), (224, 16, 256)):
        t = (e // p) ** 2
        x = g.op("Reshape", unpadded(g, g.input(1, 3, e, e), 3, d, p, p), g.const([1, d, t]))
        x = concat(g, g.weight(1, 1, d), g.op("Transpose", x, perm=[0, 2, 1]))
        xs.append((g.op("Add", x, g.weight(1, t + 1, d)), t + 1, d))
    for _ in range(stages):
        out = []
        for (x, t, d), blocks in zip(xs, (1, 3), strict=True):
            for _ in range(blocks):
                y = layernorm(g, x, d)
                q, k, v = g.op("Split", product(g, y, d, 3 * d), g.const([d] * 3), count=3, axis=2)
                q, k, v = (heads(g, u, t, h, d // h) for u in (q, k, v))
                x = g.op("Add", x, product(g, joined(g, attend(g, q, k, v, d // h), t, d), d, d))
                x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 3 * d))
            out.append((x, t, d))
        xs = []
        for (x, t, d), (z, m, b) in (out, out[::-1]):
            own = cut(g, x, 1, 0, 1)
            c = product(g, gelu(g, layernorm(g, own, d)), d, b)
            y = layernorm(g, concat(g, c, cut(g, z, 1, 1, m)), b)
            q = heads(g, product(g, cut(g, y, 1, 0, 1), b, b), 1, h, b // h)
            k, v = (heads(g, product(g, y, b, b), m, h, b // h) for _ in range(2))
            c = g.op("Add", c, product(g, joined(g, attend(g, q, k, v, b // h), 1, b), b, b))
            c = product(g, gelu(g, layernorm(g, c, b)), b, d)
            xs.append((concat(g, c, cut(g, x, 1, 1, t)), t, d))
    told = [
        dense(g, g.op("Squeeze", cut(g, layernorm(g, x, d), 1, 0, 1), g.const([1])), d, 1000)
        for x, t, d in xs
    ]
    return g.op("Mul", g.op("Add", *told), g.const(0.5))


def qformer(g: Builder, n: int = 32, m: int = 257, d: int = 768, h: int = 12, image: int = 1408) -> str:
    """BLIP-2's Q-Former: 32 queries, every second layer looks at the picture (two of twelve), told to OPT."""
    w = d // h
    x, seen = (
        layernorm(g, g.op("Add", g.input(1, n, d), g.weight(1, n, d)), d),
        layernorm(g, g.input(1, m, image), image),
    )
    for looks in (True, False):
        x = layernorm(g, g.op("Add", attn(g, x, n, d, h), x), d)
        if looks:
            q = heads(g, product(g, x, d, d), n, h, w)
            k, v = (heads(g, product(g, seen, image, d), m, h, w) for _ in range(2))
            x = layernorm(g, g.op("Add", product(g, joined(g, attend(g, q, k, v, w), n, d), d, d), x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, 4 * d), x), d)
    return product(g, x, d, 2560)


def loftr(g: Builder, n: int = 1200, d: int = 256, h: int = 8) -> str:
    """LoFTR's coarse half: linear attention within and across two pictures (one pair of four), both softmaxes."""
    w = d // h

    def layer() -> list[str]:
        sizes = ((d, d), (d, d), (d, d), (d, d), (2 * d, 2 * d), (2 * d, d), (d,), (d,), (d,), (d,))
        return [g.weight(*s) for s in sizes]

    def told(x: str, src: str, ws: list[str]) -> str:
        q, k, v = (heads(g, g.op("MatMul", t, u), n, h, w) for t, u in zip((x, src, src), ws, strict=False))
        q, k = (g.op("Add", g.op("Elu", t), g.const(1.0)) for t in (q, k))
        kv = g.op("MatMul", turned(g, k), g.op("Div", v, g.const(float(n))))
        z = g.op("MatMul", q, turned(g, g.op("ReduceSum", k, g.const([2]), keepdims=1)))
        z = g.op("Div", g.const(float(n)), g.op("Add", z, g.const(1e-4)))
        y = g.op("MatMul", joined(g, g.op("Mul", g.op("MatMul", q, kv), z), n, d), ws[3])
        y = g.op("LayerNormalization", y, ws[6], ws[7], axis=-1)
        y = g.op("MatMul", relu(g, g.op("MatMul", concat(g, x, y, axis=2), ws[4])), ws[5])
        return g.op("Add", x, g.op("LayerNormalization", y, ws[8], ws[9], axis=-1))

    a, b = (g.op("Add", g.input(1, n, d), g.weight(1, n, d)) for _ in range(2))
    ws = layer()
    a, b = told(a, a, ws), told(b, b, ws)
    ws = layer()
    a = told(a, b, ws)
    b = told(b, a, ws)
    a, b = (g.op("Div", t, g.const(16.0)) for t in (a, b))
    s = g.op("Div", g.op("MatMul", a, g.op("Transpose", b, perm=[0, 2, 1])), g.const(0.1))
    return g.op("Mul", g.op("Softmax", s, axis=1), g.op("Softmax", s, axis=2))


LATEST_SIGHT = {
    "qformer_32_257_x2": ("transformer", lambda g: qformer(g)),
    "loftr_coarse_1200_x1": ("transformer", lambda g: loftr(g)),
    "crossvit_9_240": ("transformer", lambda g: crossvit(g)),
}  # fmt: skip
