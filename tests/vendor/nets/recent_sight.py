"""Pictures and letters by transformers: PiT, PARSeq, OWL-ViT; lines of text by convolutions."""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.everyday_sight import packed
from tests.vendor.nets.layers import conv, conv_relu, cut, gelu, layernorm
from tests.vendor.nets.recent_pieces import attn
from tests.vendor.nets.text import quick_gelu
from tests.vendor.nets.usual_pieces import pooled


def timm(g: Builder, x: str, n: int, d: int, h: int) -> str:
    """A layer as timm writes it."""
    x = g.op("Add", x, packed(g, layernorm(g, x, d), n, h, d // h))
    return g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))


def pit_xs(
    g: Builder,
    e: int,
    ds: Sequence[int] = (96, 192, 384),
    hs: Sequence[int] = (2, 4, 8),
    ns: Sequence[int] = (2, 3, 2),
) -> str:
    """PiT-XS: patches of 16 every 8 pixels, depthwise pooling between three stages; fewer layers than its 2, 6, 4."""
    s = (e - 16) // 8 + 1
    x = g.op("Conv", g.input(1, 3, e, e), g.weight(ds[0], 3, 16, 16), g.weight(ds[0]), strides=[8, 8])
    x = g.op("Add", x, g.weight(1, ds[0], s, s))
    cls = g.weight(1, 1, ds[0])
    for j, (d, h, n) in enumerate(zip(ds, hs, ns, strict=True)):
        if j:
            x = g.op(
                "Conv", x, g.weight(d, 1, 3, 3), g.weight(d), strides=[2, 2], pads=[1] * 4, group=ds[j - 1]
            )
            cls = product(g, cls, ds[j - 1], d)
            s = (s + 1) // 2
        t = concat(
            g, cls, g.op("Transpose", g.op("Reshape", x, g.const([1, d, s * s])), perm=[0, 2, 1]), axis=1
        )
        for _ in range(n):
            t = timm(g, t, s * s + 1, d, h)
        cls = cut(g, t, 1, 0, 1)
        x = g.op(
            "Reshape", g.op("Transpose", cut(g, t, 1, 1, s * s + 1), perm=[0, 2, 1]), g.const([1, d, s, s])
        )
    return dense(g, g.op("Reshape", layernorm(g, cls, 384), g.const([1, 384])), 384, 1000)


def parseq(g: Builder, d: int = 384, h: int = 6, layers: int = 3, letters: int = 95, m: int = 26) -> str:
    """PARSeq-S: a ViT on patches of 4 x 8 (three layers of twelve), one decoder that refines 26 places at once."""
    x = g.op("Conv", g.input(1, 3, 32, 128), g.weight(d, 3, 4, 8), g.weight(d), strides=[4, 8])
    x = g.op(
        "Add",
        g.op("Transpose", g.op("Reshape", x, g.const([1, d, 128])), perm=[0, 2, 1]),
        g.weight(1, 128, d),
    )
    for _ in range(layers):
        x = timm(g, x, 128, d, h)
    mem = layernorm(g, x, d)
    ids = g.op(
        "Mul", g.op("Gather", g.weight(97, d), g.input(1, m, dtype=TensorProto.INT64)), g.const(d**0.5)
    )
    ctx = layernorm(g, g.op("Add", ids, g.weight(1, m, d)), d)
    mask = g.const(np.where(np.eye(m), -65504.0, 0.0)[None, None].astype(np.float16))
    q = g.weight(1, m, d)
    y = g.op("Add", q, attn(g, layernorm(g, q, d), m, d, 12, mask, ctx, m))
    y = g.op("Add", y, attn(g, layernorm(g, y, d), m, d, 12, None, mem, 128))
    y = g.op("Add", y, mlp(g, layernorm(g, y, d), d, 4 * d))
    return product(g, layernorm(g, y, d), d, letters)


def owlvit(g: Builder, e: int = 768, d: int = 768, h: int = 12, layers: int = 1, texts: int = 4) -> list[str]:
    """OWL-ViT B/32: CLIP's eye (one layer of twelve), a text's likeness and a box for every patch."""
    s = e // 32
    n = s * s
    x = g.op("Conv", g.input(1, 3, e, e), g.weight(d, 3, 32, 32), strides=[32, 32])
    x = concat(
        g,
        g.weight(1, 1, d),
        g.op("Transpose", g.op("Reshape", x, g.const([1, d, n])), perm=[0, 2, 1]),
        axis=1,
    )
    x = layernorm(g, g.op("Add", x, g.weight(1, n + 1, d)), d)
    for _ in range(layers):
        x = g.op("Add", x, attn(g, layernorm(g, x, d), n + 1, d, h))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d, quick_gelu))
    x = layernorm(g, x, d)
    y = layernorm(g, g.op("Mul", cut(g, x, 1, 1, n + 1), cut(g, x, 1, 0, 1)), d)
    b = product(g, gelu(g, product(g, gelu(g, product(g, y, d, d)), d, d)), d, 4)
    b = g.op("Sigmoid", g.op("Add", b, g.weight(1, n, 4)))
    c = product(g, y, d, 512)
    c = g.op("Div", c, g.op("Add", g.op("ReduceL2", c, axes=[-1], keepdims=1), g.const(1e-4)))
    like = g.op("MatMul", c, g.op("Transpose", g.input(1, texts, 512), perm=[0, 2, 1]))
    sh, sc = product(g, y, d, 1), product(g, y, d, 1)
    sc = g.op("Add", g.op("Elu", sc), g.const(1.0))
    return [b, g.op("Mul", g.op("Add", like, sh), sc)]


def rosetta(g: Builder, n: int, h: int = 32, w: int = 100, letters: int = 37) -> str:
    """Rosetta (deep-text-recognition): a ResNet for lines, a product a column."""

    def layer(x, a, b, k):
        for _ in range(k):
            y = conv(g, conv_relu(g, x, a, b, 3), b, b, 3)
            x, a = relu(g, g.op("Add", y, x if a == b else conv(g, x, a, b, 1))), b
        return x

    low = lambda x: g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 1], pads=[0, 1, 0, 1])
    x = pooled(g, conv_relu(g, conv_relu(g, g.input(n, 1, h, w), 1, 32, 3), 32, 64, 3), 2, 2)
    x = pooled(g, conv_relu(g, layer(x, 64, 128, 1), 128, 128, 3), 2, 2)
    x = low(conv_relu(g, layer(x, 128, 256, 2), 256, 256, 3))
    x = conv_relu(g, layer(x, 256, 512, 5), 512, 512, 3)
    x = layer(x, 512, 512, 3)
    x = relu(g, g.op("Conv", x, g.weight(512, 512, 2, 2), g.weight(512), strides=[2, 1], pads=[0, 1, 0, 1]))
    x = relu(g, g.op("Conv", x, g.weight(512, 512, 2, 2), g.weight(512)))
    y = g.op("ReduceMean", g.op("Transpose", x, perm=[0, 3, 1, 2]), axes=[3], keepdims=0)
    return product(g, y, 512, letters)


RECENT_SIGHT = {
    "rosetta_b4_32x100": ("CNN", lambda g: rosetta(g, 4)),
    "parseq_s_32x128_x3": ("transformer", lambda g: parseq(g)),
    "pit_xs_224": ("transformer", lambda g: pit_xs(g, 224)),
    "owlvit_b32_768_x1": ("transformer", lambda g: owlvit(g)),
}  # fmt: skip
