"""Vision transformers: DINOv2, Depth Anything, Swin V2, CLIP, RT-DETR's encoder."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import activated, concat, mlp, product, relu
from tests.vendor.nets.layers import attend, conv, cut, enlarged, heads, joined, layernorm


def quick(g: Builder, x: str) -> str:
    """x * sigmoid(1.702 x)."""
    return g.op("Mul", x, g.op("Sigmoid", g.op("Mul", x, g.const(1.702))))


def packed(g: Builder, x: str, n: int, h: int, w: int, mask: str | None = None, bias: bool = True) -> str:
    """Attention with one product for q, k, v; [1, L, 3, H, D] turned, taken apart by Gather (timm)."""
    d = h * w
    y = g.op("Reshape", product(g, x, d, 3 * d, bias), g.const([1, n, 3, h, w]))
    y = g.op("Transpose", y, perm=[2, 0, 3, 1, 4])
    q, k, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
    q = g.op("Mul", q, g.const(w**-0.5))
    s = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    if mask:
        s = g.op("Add", s, mask)
    return product(g, joined(g, g.op("MatMul", g.op("Softmax", s, axis=-1), v), n, d), d, d, bias)


def patches(g: Builder, size: int, p: int, d: int, cls: bool = True) -> tuple[str, int]:
    """Patches of P x P as rows, a first row for the class, positions added."""
    e = size // p
    x = g.op("Conv", g.input(1, 3, size, size), g.weight(d, 3, p, p), g.weight(d), strides=[p, p])
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, d, e * e])), perm=[0, 2, 1])
    n = e * e
    if cls:
        x, n = concat(g, g.weight(1, 1, d), x), n + 1
    return g.op("Add", x, g.weight(1, n, d)), n


def dino_layers(g: Builder, x: str, n: int, h: int, layers: int) -> str:
    """Layers of DINOv2, each branch scaled."""
    d = 64 * h
    for _ in range(layers):
        x = g.op("Add", x, g.op("Mul", packed(g, layernorm(g, x, d), n, h, 64), g.weight(d)))
        x = g.op("Add", x, g.op("Mul", mlp(g, layernorm(g, x, d), d, 4 * d), g.weight(d)))
    return x


def dinov2(g: Builder, size: int, h: int, layers: int) -> str:
    """DINOv2: patches of 14."""
    x, n = patches(g, size, 14, 64 * h)
    return layernorm(g, dino_layers(g, x, n, h, layers), 64 * h)


def depth_anything(g: Builder, size: int, h: int = 6, feats: int = 64) -> str:
    """Depth Anything: DINOv2's rows of four layers made maps of four sizes and fused, align-corners."""
    d, e = 64 * h, size // 14
    x, n = patches(g, size, 14, d)
    outs = []
    for _ in range(4):
        x = dino_layers(g, x, n, h, 1)
        outs.append(layernorm(g, x, d))
    ps = []
    for i, (t, c) in enumerate(zip(outs, (48, 96, 192, 384), strict=True)):
        t = g.op("Transpose", cut(g, t, 1, 1, n), perm=[0, 2, 1])
        t = conv(g, g.op("Reshape", t, g.const([1, d, e, e])), d, c, 1)
        if i < 2:
            k = 4 >> i
            t = g.op("ConvTranspose", t, g.weight(c, c, k, k), g.weight(c), strides=[k, k])
        elif i == 3:
            t = conv(g, t, c, c, 3, 2)
        ps.append(conv(g, t, c, feats, 3, bias=False))

    def rcu(x):
        return g.op("Add", conv(g, relu(g, conv(g, relu(g, x), feats, feats)), feats, feats), x)

    sizes, y = [4 * e, 2 * e, e, (e + 1) // 2], None
    for i in (3, 2, 1, 0):
        y = rcu(ps[i]) if y is None else rcu(g.op("Add", y, rcu(ps[i])))
        s = sizes[i - 1] if i else 8 * e
        y = g.op(
            "Resize",
            y,
            "",
            "",
            g.const([1, feats, s, s]),
            mode="linear",
            coordinate_transformation_mode="align_corners",
        )
        y = conv(g, y, feats, feats, 1)
    y = conv(g, y, feats, feats // 2)
    y = g.op(
        "Resize",
        y,
        "",
        "",
        g.const([1, feats // 2, size, size]),
        mode="linear",
        coordinate_transformation_mode="align_corners",
    )
    return relu(g, conv(g, relu(g, conv(g, y, feats // 2, 32)), 32, 1, 1))


def swinv2(g: Builder, side: int, win: int, h: int, layers: int) -> str:
    """Swin V2: windows, products of unit vectors, norms behind."""
    d, p, n = 32 * h, side // win, win * win
    x = g.input(1, side * side, d)

    def unit(t):
        return g.op("Div", t, g.op("Clip", g.op("ReduceL2", t, axes=[-1], keepdims=1), g.const(1e-4)))

    for _ in range(layers):
        y = g.op("Reshape", x, g.const([p, win, p, win, d]))
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3, 4]), g.const([p * p, n, d]))
        y = g.op("Reshape", product(g, y, d, 3 * d), g.const([p * p, n, 3, h, 32]))
        y = g.op("Transpose", y, perm=[2, 0, 3, 1, 4])
        q, k, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
        s = g.op("MatMul", unit(q), g.op("Transpose", unit(k), perm=[0, 1, 3, 2]))
        s = g.op("Add", g.op("Mul", s, g.const(np.linspace(5, 10, h).reshape(h, 1, 1))), g.weight(1, h, n, n))
        y = g.op("MatMul", g.op("Softmax", s, axis=-1), v)
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([p * p, n, d]))
        y = g.op("Reshape", product(g, y, d, d), g.const([p, p, win, win, d]))
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3, 4]), g.const([1, side * side, d]))
        x = g.op("Add", x, layernorm(g, y, d))
        x = g.op("Add", x, layernorm(g, mlp(g, x, d, 4 * d), d))
    return x


def clip_l(g: Builder, size: int, p: int, h: int, layers: int, out: int) -> str:
    """CLIP's image tower as OpenCLIP exports it."""
    d = 64 * h
    x, n = patches(g, size, p, d)
    x = layernorm(g, x, d)
    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (product(g, y, d, d) for _ in range(3))
        q, k, v = (heads(g, t, n, h, 64) for t in (g.op("Mul", q, g.const(0.125)), k, v))
        s = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
        x = g.op("Add", x, product(g, joined(g, g.op("MatMul", s, v), n, d), d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d, quick))
    y = product(g, layernorm(g, g.op("Gather", x, g.const(np.array(0)), axis=1), d), d, out, False)
    return g.op("Div", y, g.op("ReduceL2", y, axes=[-1], keepdims=1))


def rtdetr(g: Builder, size: int) -> list[str]:
    """RT-DETR's hybrid encoder: attention on the smallest map, fusion of three by RepC3."""

    def rep(x, a, b, n=3):
        y = activated(g, x, a, b)
        for _ in range(n):
            y = activated(g, y, b, b, 3)
        return g.op("Add", y, activated(g, x, a, b))

    e = size // 32
    f = [g.input(1, c, s, s) for c, s in ((512, 4 * e), (1024, 2 * e), (2048, e))]
    p3, p4, p5 = (conv(g, x, c, 256, 1) for x, c in zip(f, (512, 1024, 2048), strict=True))
    n = e * e
    x = g.op("Transpose", g.op("Reshape", p5, g.const([1, 256, n])), perm=[0, 2, 1])
    y = g.op("Add", x, g.weight(1, n, 256))
    q, k = (heads(g, product(g, y, 256, 256), n, 8, 32) for _ in range(2))
    v = heads(g, product(g, x, 256, 256), n, 8, 32)
    x = layernorm(g, g.op("Add", x, product(g, joined(g, attend(g, q, k, v, 32), n, 256), 256, 256)), 256)
    x = layernorm(g, g.op("Add", x, mlp(g, x, 256, 1024)), 256)
    p5 = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, 256, e, e]))
    t5 = activated(g, p5, 256, 256)
    n4 = rep(concat(g, enlarged(g, t5, 2, "nearest"), p4), 512, 256)
    t4 = activated(g, n4, 256, 256)
    n3 = rep(concat(g, enlarged(g, t4, 2, "nearest"), p3), 512, 256)
    n4 = rep(concat(g, activated(g, n3, 256, 256, 3, 2), t4), 512, 256)
    n5 = rep(concat(g, activated(g, n4, 256, 256, 3, 2), t5), 512, 256)
    return [n3, n4, n5]


EVERYDAY_SIGHT = {
    "dinov2_b_224_x2": ("transformer", lambda g: dinov2(g, 224, 12, 2)),
    "swinv2_t_16_x2": ("transformer", lambda g: swinv2(g, 16, 8, 12, 2)),
    "openclip_l14_224_x2": ("transformer", lambda g: clip_l(g, 224, 14, 16, 2, 768)),
    "depth_anything_s_252": ("transformer", lambda g: depth_anything(g, 252)),
    "rtdetr_encoder_640": ("transformer", lambda g: rtdetr(g, 640)),
}  # fmt: skip
