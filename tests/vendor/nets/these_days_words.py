"""Transformers: pictures by DINOv3, boxes by RT-DETR's decoder, words for SDXL; known ones in other published sizes."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_diffusion import sd_up
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu, rot
from tests.vendor.nets.everyday_sight import depth_anything
from tests.vendor.nets.everyday_speech import whisper_enc
from tests.vendor.nets.everyday_words import bert
from tests.vendor.nets.layers import attend, cut, heads, joined, layernorm
from tests.vendor.nets.recent_pieces import attn


def dinov3(g: Builder, e: int, layers: int = 2, h: int = 6, w: int = 64, first: int = 5) -> str:
    """DINOv3 ViT-S/16 (layers of 12 cut): a class and four registers, only patches turned, each branch scaled."""
    d, m = h * w, (e // 16) ** 2
    n = m + first
    x = g.op("Conv", g.input(1, 3, e, e), g.weight(d, 3, 16, 16), g.weight(d), strides=[16, 16])
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, d, m])), perm=[0, 2, 1])
    x = concat(g, g.weight(1, 1, d), g.weight(1, first - 1, d), x)
    cos, sin = g.weight(m, w), g.weight(m, w)

    def turned(t: str) -> str:
        start, rest = g.op("Split", t, g.const([first, m]), count=2, axis=2)
        return concat(g, start, rot(g, rest, cos, sin, w), axis=2)

    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, d, bias), n, h, w) for bias in (True, False, True))
        y = joined(g, attend(g, turned(q), turned(k), v, w), n, d)
        x = g.op("Add", g.op("Mul", product(g, y, d, d), g.weight(d)), x)
        x = g.op("Add", g.op("Mul", mlp(g, layernorm(g, x, d), d, 4 * d), g.weight(d)), x)
    return g.op("Gather", layernorm(g, x, d), g.const(np.array(0)), axis=1)


def rtdetr_decoder(
    g: Builder, n: int = 300, sides: tuple[int, ...] = (80, 40, 20), d: int = 256, h: int = 8, points: int = 4
) -> list[str]:
    """RT-DETR's decoder (a layer of 3 or 6): queries look at four places a head and level beside their box."""
    w, many = d // h, len(sides)
    x, boxes, memory = g.input(1, n, d), g.input(1, n, 4), g.input(1, sum(s * s for s in sides), d)
    place = product(g, relu(g, product(g, boxes, 4, 2 * d)), 2 * d, d)
    y = g.op("Add", x, place)
    q, k = (heads(g, product(g, y, d, d), n, h, w) for _ in range(2))
    v = heads(g, product(g, x, d, d), n, h, w)
    x = layernorm(g, g.op("Add", x, product(g, joined(g, attend(g, q, k, v, w), n, d), d, d)), d)
    y = g.op("Add", x, place)
    values = g.op("Transpose", product(g, memory, d, d), perm=[0, 2, 1])
    values = g.op("Split", values, g.const([s * s for s in sides]), count=many, axis=2)
    off = g.op("Reshape", product(g, y, d, h * many * points * 2), g.const([1, n, h, many, points, 2]))
    share = g.op("Reshape", product(g, y, d, h * many * points), g.const([1, n, h, many * points]))
    share = g.op("Transpose", g.op("Softmax", share, axis=-1), perm=[0, 2, 1, 3])
    share = g.op("Reshape", share, g.const([h, 1, n, many * points]))
    middle, size = g.op(
        "Split", g.op("Reshape", boxes, g.const([1, n, 1, 1, 1, 4])), g.const([2, 2]), count=2, axis=5
    )
    off = g.op("Mul", g.op("Mul", g.op("Div", off, g.const(float(points))), size), g.const(0.5))
    at = g.op("Sub", g.op("Mul", g.op("Add", middle, off), g.const(2.0)), g.const(1.0))
    seen = []
    for i, (s, t) in enumerate(zip(sides, values, strict=True)):
        grid = g.op("Transpose", g.op("Gather", at, g.const(np.array(i)), axis=3), perm=[0, 2, 1, 3, 4])
        grid = g.op("Reshape", grid, g.const([h, n, points, 2]))
        seen.append(
            g.op(
                "GridSample",
                g.op("Reshape", t, g.const([h, w, s, s])),
                grid,
                mode="bilinear",
                align_corners=0,
            )
        )
    y = g.op("ReduceSum", g.op("Mul", concat(g, *seen, axis=3), share), g.const([3]), keepdims=0)
    y = g.op("Transpose", g.op("Reshape", y, g.const([1, d, n])), perm=[0, 2, 1])
    x = layernorm(g, g.op("Add", x, product(g, y, d, d)), d)
    x = layernorm(g, g.op("Add", x, mlp(g, x, d, 4 * d, relu)), d)
    y = relu(g, product(g, relu(g, product(g, x, d, d)), d, d))
    old = g.op("Clip", boxes, g.const(1e-3), g.const(1.0))
    other = g.op("Clip", g.op("Sub", g.const(1.0), boxes), g.const(1e-3), g.const(1.0))
    boxes = g.op("Sigmoid", g.op("Add", product(g, y, d, 4), g.op("Log", g.op("Div", old, other))))
    return [boxes, g.op("Sigmoid", product(g, x, d, 80))]


def sdxl_text(
    g: Builder, n: int = 77, layers: int = 2, d: int = 1280, h: int = 20, words: int = 49408
) -> list[str]:
    """SDXL's second words (layers of 32 cut): each sees those before it, the last but one goes on, the end too."""
    x = g.op("Gather", g.weight(words, d), g.input(1, n, dtype=TensorProto.INT64))
    x = g.op("Add", x, g.weight(1, n, d))
    mask = g.const(np.where(np.tri(n, dtype=bool), np.float16(0), np.float16(-65504))[None, None])
    last = x
    for _ in range(layers):
        last = x
        x = g.op("Add", x, attn(g, layernorm(g, x, d), n, d, h, mask))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    end = g.op("Reshape", cut(g, layernorm(g, x, d), 1, n - 1, n), g.const([1, d]))
    return [last, dense(g, end, d, d)]


THESE_DAYS_WORDS = {
    "rtdetr_dec_300_x1": ("transformer", lambda g: rtdetr_decoder(g)),
    "dinov3_s_224_x2": ("transformer", lambda g: dinov3(g, 224)),
    "minilm_l6_256": ("transformer", lambda g: bert(g, 256, 12, 32, 6, 1536, "mean")),
    "sdxl_text2_77_x2": ("transformer", lambda g: sdxl_text(g)),
    "sd15_up_32": ("transformer", lambda g: sd_up(g, 32, 1280, 640, 640, 8)),
    "depth_anything_s_518": ("transformer", lambda g: depth_anything(g, 518)),
    "whisper_medium_enc_1500_x1": ("transformer", lambda g: whisper_enc(g, 3000, 16, 1)),
}  # fmt: skip
