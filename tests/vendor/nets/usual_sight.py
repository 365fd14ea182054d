"""Transformers that see: ViT, SegFormer, MobileViT, SigLIP, SAM's mask decoder, a block of Stable Diffusion."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_diffusion import resblock, spatial
from tests.vendor.nets.everyday_pieces import (
    activated,
    concat,
    mlp,
    product,
    relu,
)
from tests.vendor.nets.everyday_sight import packed, patches
from tests.vendor.nets.layers import (
    attend,
    conv,
    cut,
    gelu,
    gelu_tanh,
    heads,
    joined,
    layernorm,
    silu,
)


def vit32(g: Builder, size: int, p: int, h: int, layers: int) -> str:
    """ViT with one packed product for q, k and v."""
    d = 64 * h
    x, n = patches(g, size, p, d)
    for _ in range(layers):
        x = g.op("Add", x, packed(g, layernorm(g, x, d), n, h, 64))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    y = g.op("Gather", layernorm(g, x, d), g.const(np.array(0)), axis=1)
    return g.op("Gemm", y, g.weight(1000, d), g.weight(1000), transB=1)


def sam_mask(g: Builder, side: int, tokens: int = 7, d: int = 256) -> list[str]:
    """SAM's mask decoder: two two-way layers between few tokens and an image, transposed convolutions."""
    n = side * side
    t0 = g.input(1, tokens, d)
    img = g.op("Add", g.input(1, d, side, side), g.input(1, d, side, side))
    k0 = g.op("Transpose", g.op("Reshape", img, g.const([1, d, n])), perm=[0, 2, 1])
    pe = g.weight(1, n, d)

    def att(q, k, v, a, b, inner):
        w = inner // 8
        q, k, v = (product(g, q, d, inner), product(g, k, d, inner), product(g, v, d, inner))
        y = attend(g, heads(g, q, a, 8, w), heads(g, k, b, 8, w), heads(g, v, b, 8, w), w)
        return product(g, joined(g, y, a, inner), inner, d)

    t, x = (t0, k0)
    for i in range(2):
        q = g.op("Add", t, t0) if i else t
        y = att(q, q, t, tokens, tokens, d)
        t = layernorm(g, g.op("Add", t, y) if i else y, d)
        t = layernorm(g, g.op("Add", t, att(g.op("Add", t, t0), g.op("Add", x, pe), x, tokens, n, d // 2)), d)
        t = layernorm(g, g.op("Add", t, mlp(g, t, d, 2048, relu)), d)
        x = layernorm(g, g.op("Add", x, att(g.op("Add", x, pe), g.op("Add", t, t0), t, n, tokens, d // 2)), d)
    t = layernorm(g, g.op("Add", t, att(g.op("Add", t, t0), g.op("Add", x, pe), x, tokens, n, d // 2)), d)
    y = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, d, side, side]))
    up = lambda x, a, b: g.op("ConvTranspose", x, g.weight(a, b, 2, 2), g.weight(b), strides=[2, 2])
    y = up(y, d, 64)
    mean = g.op("ReduceMean", y, axes=[1])
    c = g.op("Sub", y, mean)
    var = g.op("ReduceMean", g.op("Pow", c, g.const(2.0)), axes=[1])
    y = g.op("Div", c, g.op("Sqrt", g.op("Add", var, g.const(0.0001))))
    y = gelu(g, g.op("Add", g.op("Mul", y, g.weight(64, 1, 1)), g.weight(64, 1, 1)))
    y = gelu(g, up(y, 64, 32))
    hyper = []
    for i in range(4):
        z = cut(g, t, 1, 1 + i, 2 + i)
        hyper.append(product(g, relu(g, product(g, relu(g, product(g, z, d, d)), d, d)), d, 32))
    masks = g.op("MatMul", concat(g, *hyper), g.op("Reshape", y, g.const([1, 32, 16 * n])))
    iou = cut(g, t, 1, 0, 1)
    iou = product(g, relu(g, product(g, relu(g, product(g, iou, d, d)), d, d)), d, 4)
    return [g.op("Reshape", masks, g.const([1, 4, 4 * side, 4 * side])), iou]


def sd_down(g: Builder, side: int, ci: int, co: int, h: int) -> list[str]:
    """A down block of Stable Diffusion's U-Net."""
    x, t, c = (g.input(1, ci, side, side), g.input(1, 1280), g.input(1, 77, 768))
    x = resblock(g, x, t, ci, co, side)
    x = a = spatial(g, x, c, side, 77, co, 768, h, 1, False)
    return [a, conv(g, x, co, co, 3, 2)]


def segformer(
    g: Builder,
    size: int,
    ws: tuple[int, ...] = (32, 64, 160, 256),
    hs: tuple[int, ...] = (1, 2, 5, 8),
    rs: tuple[int, ...] = (8, 4, 2, 1),
    depth: int = 2,
    classes: int = 150,
) -> str:
    """SegFormer: keys and values of fewer places, a head of products."""
    x, ci, e, outs = (g.input(1, 3, size, size), 3, size, [])
    for i, (d, h, r) in enumerate(zip(ws, hs, rs, strict=True)):
        k, s = (7, 4) if i == 0 else (3, 2)
        e //= s
        x = g.op("Conv", x, g.weight(d, ci, k, k), g.weight(d), strides=[s, s], pads=[k // 2] * 4)
        n, w = (e * e, d // h)
        flat = lambda y, n=n, d=d: g.op("Transpose", g.op("Reshape", y, g.const([1, d, n])), perm=[0, 2, 1])
        image = lambda y, e=e, d=d: g.op(
            "Reshape", g.op("Transpose", y, perm=[0, 2, 1]), g.const([1, d, e, e])
        )
        x = layernorm(g, flat(x), d)
        for _ in range(depth):
            y = layernorm(g, x, d)
            kv, mm = (y, n)
            if r > 1:
                z = g.op("Conv", image(y), g.weight(d, d, r, r), g.weight(d), strides=[r, r])
                mm = n // (r * r)
                kv = layernorm(
                    g, g.op("Transpose", g.op("Reshape", z, g.const([1, d, mm])), perm=[0, 2, 1]), d
                )
            q = heads(g, product(g, y, d, d), n, h, w)
            kk, v = (heads(g, product(g, kv, d, d), mm, h, w) for _ in range(2))
            x = g.op("Add", x, product(g, joined(g, attend(g, q, kk, v, w), n, d), d, d))
            y = product(g, layernorm(g, x, d), d, 4 * d)
            y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1]), g.const([1, 4 * d, e, e]))
            y = conv(g, y, 4 * d, 4 * d, 3, 1, 4 * d)
            y = g.op("Transpose", g.op("Reshape", y, g.const([1, 4 * d, n])), perm=[0, 2, 1])
            x = g.op("Add", x, product(g, gelu(g, y), 4 * d, d))
        x = image(layernorm(g, x, d))
        outs.append((x, d, e))
        ci = d
    ups, e0 = ([], outs[0][2])
    for x, d, e in outs:
        y = g.op("Transpose", g.op("Reshape", x, g.const([1, d, e * e])), perm=[0, 2, 1])
        y = g.op("Reshape", g.op("Transpose", product(g, y, d, 256), perm=[0, 2, 1]), g.const([1, 256, e, e]))
        if e != e0:
            y = g.op(
                "Resize",
                y,
                "",
                "",
                g.const([1, 256, e0, e0]),
                mode="linear",
                coordinate_transformation_mode="half_pixel",
            )
        ups.append(y)
    return conv(g, activated(g, concat(g, *reversed(ups)), 1024, 256, act=relu), 256, classes, 1)


def mobilevit(
    g: Builder,
    size: int,
    c: tuple[int, ...] = (16, 24, 48, 64, 80),
    ds: tuple[int, ...] = (64, 80, 96),
    layers: tuple[int, ...] = (2, 4, 3),
) -> str:
    """MobileViT: attention among pixels a patch apart."""

    def mv2(x, a, b, s, e=2):
        y = activated(g, activated(g, x, a, a * e), a * e, a * e, 3, s, a * e)
        y = conv(g, y, a * e, b, 1)
        return g.op("Add", x, y) if s == 1 and a == b else y

    x = activated(g, g.input(1, 3, size, size), 3, 16, 3, 2)
    x = mv2(x, 16, c[0], 1)
    x = mv2(x, c[0], c[1], 2)
    x = mv2(mv2(x, c[1], c[1], 1), c[1], c[1], 1)
    e, ci = (size // 4, c[1])
    for co, d, n in zip(c[2:], ds, layers, strict=True):
        x, e = (mv2(x, ci, co, 2), e // 2)
        ci, p, w = (co, (e // 2) ** 2, d // 4)
        y = conv(g, activated(g, x, co, co, 3), co, d, 1)
        y = g.op("Reshape", y, g.const([d * e // 2, 2, e // 2, 2]))
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([1, d, p, 4]))
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 3, 2, 1]), g.const([4, p, d]))
        for _ in range(n):
            z = product(g, layernorm(g, y, d), d, 3 * d)
            z = g.op("Transpose", g.op("Reshape", z, g.const([4, p, 3, 4, w])), perm=[2, 0, 3, 1, 4])
            q, k, v = (g.op("Gather", z, g.const(np.array(i)), axis=0) for i in range(3))
            z = attend(g, q, k, v, w)
            z = g.op("Reshape", g.op("Transpose", z, perm=[0, 2, 1, 3]), g.const([4, p, d]))
            y = g.op("Add", y, product(g, z, d, d))
            y = g.op("Add", y, product(g, silu(g, product(g, layernorm(g, y, d), d, 2 * d)), 2 * d, d))
        y = layernorm(g, y, d)
        y = g.op("Transpose", g.op("Reshape", y, g.const([1, 4, p, d])), perm=[0, 3, 2, 1])
        y = g.op("Transpose", g.op("Reshape", y, g.const([d * e // 2, e // 2, 2, 2])), perm=[0, 2, 1, 3])
        y = g.op("Reshape", y, g.const([1, d, e, e]))
        y = activated(g, y, d, co)
        x = activated(g, concat(g, x, y), 2 * co, co, 3)
    x = activated(g, x, ci, 320)
    f = g.op("Flatten", g.op("GlobalAveragePool", x), axis=1)
    return g.op("Gemm", f, g.weight(1000, 320), g.weight(1000), transB=1)


def siglip_so(g: Builder, n: int, d: int = 1152, h: int = 16, inner: int = 4304, layers: int = 1) -> str:
    """Layers of SigLIP So400m, heads of 72."""
    x, w = (g.input(1, n, d), d // h)
    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, d), n, h, w) for _ in range(3))
        x = g.op("Add", x, product(g, joined(g, attend(g, q, k, v, w), n, d), d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, inner, gelu_tanh))
    return layernorm(g, x, d)


USUAL_SIGHT = {
    "segformer_b0_256": ("transformer", lambda g: segformer(g, 256)),
    "sam_mask_dec_64": ("transformer", lambda g: sam_mask(g, 64)),
    "vit_b32_384_x2": ("transformer", lambda g: vit32(g, 384, 32, 12, 2)),
    "sd15_down_32": ("transformer", lambda g: sd_down(g, 32, 320, 640, 8)),
    "mobilevit_xxs_256": ("transformer", lambda g: mobilevit(g, 256)),
    "siglip_so_729": ("transformer", lambda g: siglip_so(g, 729)),
}  # fmt: skip
