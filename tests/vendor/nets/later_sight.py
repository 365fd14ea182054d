"""Pictures and series by transformers, drawn later: UViT, CoAtNet, DETR's encoder, Chronos."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.everyday_sight import packed
from tests.vendor.nets.everyday_words import padmask
from tests.vendor.nets.layers import attend, conv, cut, embedding, heads, joined, layernorm
from tests.vendor.nets.recent_sight import timm
from tests.vendor.nets.usual_pieces import pooled


def uvit(g: Builder, e: int = 32, d: int = 512, h: int = 8) -> str:
    """U-ViT small: patches of 2 and a row for the time, layers joined with earlier ones by a product; three of 13."""
    n = (e // 2) ** 2
    x = g.op("Conv", g.input(1, 4, e, e), g.weight(d, 4, 2, 2), g.weight(d), strides=[2, 2])
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, d, n])), perm=[0, 2, 1])
    x = g.op("Add", concat(g, g.input(1, 1, d), x), g.weight(1, n + 1, d))
    early = x = timm(g, x, n + 1, d, h)
    x = timm(g, x, n + 1, d, h)
    x = timm(g, product(g, concat(g, x, early, axis=2), 2 * d, d), n + 1, d, h)
    y = product(g, layernorm(g, cut(g, x, 1, 1, n + 1), d), d, 16)
    y = g.op("Reshape", y, g.const([1, e // 2, e // 2, 2, 2, 4]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 5, 1, 3, 2, 4]), g.const([1, 4, e, e]))
    return conv(g, y, 4, 4)


def coatnet(g: Builder, side: int = 28, a: int = 192, d: int = 384, w: int = 32) -> str:
    """CoAtNet-0's third stage: pooled rows of pixels, attention with a bias of places, twice."""
    x = g.input(1, a, side, side)
    s = side // 2
    n, h = s * s, d // w
    rows = lambda t, c: g.op("Transpose", g.op("Reshape", t, g.const([1, c, n])), perm=[0, 2, 1])
    sk = rows(conv(g, pooled(g, x, 3, 2, 1), a, d, 1), d)
    y = g.op("Transpose", layernorm(g, g.op("Transpose", x, perm=[0, 2, 3, 1]), a), perm=[0, 3, 1, 2])
    y = rows(pooled(g, y, 3, 2, 1), a)
    q, k, v = (heads(g, product(g, y, a, d), n, h, w) for _ in range(3))
    y = joined(g, attend(g, q, k, v, w, g.weight(1, h, n, n)), n, d)
    x = g.op("Add", sk, product(g, y, d, d))
    x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    x = g.op("Add", x, packed(g, layernorm(g, x, d), n, h, w, g.weight(1, h, n, n)))
    x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    return g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, d, s, s]))


def detr_encoder(g: Builder, n: int, d: int = 256, h: int = 8, layers: int = 2) -> str:
    """DETR's encoder: places added to queries and keys, norms behind, ReLU."""
    x, pos = g.input(1, n, d), g.input(1, n, d)
    for _ in range(layers):
        qk = g.op("Add", x, pos)
        q, k = (heads(g, product(g, qk, d, d), n, h, d // h) for _ in range(2))
        v = heads(g, product(g, x, d, d), n, h, d // h)
        y = product(g, joined(g, attend(g, q, k, v, d // h), n, d), d, d)
        x = layernorm(g, g.op("Add", x, y), d)
        x = layernorm(g, g.op("Add", x, mlp(g, x, d, 2048, relu)), d)
    return x


def chronos(g: Builder, n: int = 512, d: int = 256, h: int = 4, inner: int = 1024, layers: int = 2) -> str:
    """Chronos T5 tiny's encoder: one bias of places for all layers and the user's mask; two of four layers."""
    x = embedding(g, 4096, d, n)
    mk = g.op("Add", g.weight(1, h, n, n), padmask(g, n))
    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, d, False), n, h, d // h) for _ in range(3))
        s = g.op("Add", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), mk)
        y = joined(g, g.op("MatMul", g.op("Softmax", s, axis=-1), v), n, d)
        x = g.op("Add", x, product(g, y, d, d, False))
        y = relu(g, product(g, layernorm(g, x, d), d, inner, False))
        x = g.op("Add", x, product(g, y, inner, d, False))
    return layernorm(g, x, d)


LATER_SIGHT = {
    "uvit_s_32_x3": ("transformer", lambda g: uvit(g)),
    "coatnet0_stage3_28": ("transformer", lambda g: coatnet(g)),
    "detr_encoder_400_x2": ("transformer", lambda g: detr_encoder(g, 400)),
    "chronos_t_512_x2": ("transformer", lambda g: chronos(g)),
}  # fmt: skip
