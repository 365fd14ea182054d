"""Transformers of images and tokens as their later papers have them; depths are cut to one to three layers."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import attend, conv, cut, heads, joined, layernorm, linear, self_attention
from tests.vendor.nets.transformers import feed_forward


def patches(g: Builder, size: int, patch: int, wide: int) -> str:
    """[1, side^2, C] of an image."""
    weights = g.weight(wide, 3, patch, patch), g.weight(wide)
    x = g.op("Conv", g.input(1, 3, size, size), *weights, strides=[patch] * 2)
    return g.op("Transpose", g.op("Reshape", x, g.const([1, wide, -1])), perm=[0, 2, 1])


def registers(g: Builder, size: int, count: int, layers: int) -> list[str]:
    """DINOv2: patches of 14, a class token and four registers, each branch scaled by channel; tokens and class out."""
    wide, rows = 64 * count, (size // 14) ** 2 + 5
    x = g.op("Concat", g.weight(1, 5, wide), patches(g, size, 14, wide), axis=1)
    x = g.op("Add", x, g.weight(1, rows, wide))
    for _ in range(layers):
        y = self_attention(g, layernorm(g, x, wide), rows, count, 64)
        x = g.op("Add", x, g.op("Mul", y, g.weight(wide)))
        y = feed_forward(g, layernorm(g, x, wide), wide, 4 * wide)
        x = g.op("Add", x, g.op("Mul", y, g.weight(wide)))
    x = layernorm(g, x, wide)
    return [cut(g, x, 1, 0, 1), cut(g, x, 1, 5, rows)]


def places_by_axis(g: Builder, side: int, count: int) -> str:
    """SAM: one global layer of its image encoder, places added to the scores by row and by column through Einsum."""
    wide, rows = 64 * count, side * side
    x = g.op("Add", g.input(1, rows, wide), g.weight(1, rows, wide))
    y = g.op("Reshape", linear(g, layernorm(g, x, wide), wide, 3 * wide), g.const([rows, 3, count, 64]))
    y = g.op("Transpose", y, perm=[1, 2, 0, 3])
    q, k, v = (g.op("Reshape", t, g.const([count, rows, 64])) for t in g.op("Split", y, count=3, axis=0))
    scores = g.op("MatMul", g.op("Mul", q, g.const(0.125)), g.op("Transpose", k, perm=[0, 2, 1]))
    image = g.op("Reshape", q, g.const([count, side, side, 64]))
    high = g.op("Einsum", image, g.weight(side, side, 64), equation="bhwc,hkc->bhwk")
    long = g.op("Einsum", image, g.weight(side, side, 64), equation="bhwc,wkc->bhwk")
    scores = g.op("Reshape", scores, g.const([count, side, side, side, side]))
    scores = g.op("Add", scores, g.op("Unsqueeze", high, g.const([4])))
    scores = g.op("Add", scores, g.op("Unsqueeze", long, g.const([3])))
    scores = g.op("Reshape", scores, g.const([count, rows, rows]))
    y = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
    y = joined(g, g.op("Reshape", y, g.const([1, count, rows, 64])), rows, wide)
    x = g.op("Add", x, linear(g, y, wide, wide))
    x = g.op("Add", x, feed_forward(g, layernorm(g, x, wide), wide, 4 * wide))
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, side, side, wide])), perm=[0, 3, 1, 2])
    return conv(g, conv(g, x, wide, 256, 1, bias=False), 256, 256, 3, bias=False)


def pooled_by_attention(g: Builder, size: int, count: int, layers: int) -> str:
    """SigLIP's image tower: patches of 16, no class token; one learned row attends to all in the end."""
    wide, rows = 64 * count, (size // 16) ** 2
    x = g.op("Add", patches(g, size, 16, wide), g.weight(1, rows, wide))
    for _ in range(layers):
        x = g.op("Add", x, self_attention(g, layernorm(g, x, wide), rows, count, 64))
        x = g.op("Add", x, feed_forward(g, layernorm(g, x, wide), wide, 4 * wide))
    x = layernorm(g, x, wide)
    q = heads(g, g.weight(1, 1, wide), 1, count, 64)
    k, v = (heads(g, linear(g, x, wide, wide), rows, count, 64) for _ in range(2))
    y = linear(g, joined(g, attend(g, q, k, v, 64), 1, wide), wide, wide)
    return g.op("Add", y, feed_forward(g, layernorm(g, y, wide), wide, 4 * wide))


def quick_images(g: Builder, size: int, widths: tuple[int, ...] = (128, 256), layers: int = 2) -> str:
    """LeViT-128S's first two stages: four 3x3 of stride 2, keys of 16, values of 32, biases, HardSwish, shrinking."""
    x, ci, side = g.input(1, 3, size, size), 3, size // 16
    for co in (16, 32, 64, 128):
        x = conv(g, x, ci, co, 3, 2)
        x, ci = (g.op("HardSwish", x) if co < 128 else x), co
    x, rows = g.op("Transpose", g.op("Reshape", x, g.const([1, 128, -1])), perm=[0, 2, 1]), side * side

    def look(x: str, wide: int, out: int, count: int, far: int, values: int) -> str:
        asked = x
        if far < rows:
            image = g.op("Reshape", x, g.const([1, side, side, wide]))
            for axis in (1, 2):
                image = g.op("Slice", image, *(g.const([v]) for v in (0, 2**31 - 1, axis, 2)))
            asked = g.op("Reshape", image, g.const([1, far, wide]))
        q = heads(g, linear(g, asked, wide, 16 * count), far, count, 16)
        both = g.op(
            "Reshape", linear(g, x, wide, (16 + values) * count), g.const([1, rows, count, 16 + values])
        )
        k, v = g.op("Split", both, g.const([16, values]), count=2, axis=3)
        scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 3, 1]))
        scores = g.op("Add", g.op("Mul", scores, g.const(0.25)), g.weight(1, count, far, rows))
        y = g.op("MatMul", g.op("Softmax", scores, axis=-1), g.op("Transpose", v, perm=[0, 2, 1, 3]))
        return linear(g, g.op("HardSwish", joined(g, y, far, values * count)), values * count, out)

    def mixed(x: str, wide: int) -> str:
        return g.op("Add", x, linear(g, g.op("HardSwish", linear(g, x, wide, 2 * wide)), 2 * wide, wide))

    for i, wide in enumerate(widths):
        for _ in range(layers):
            x = mixed(g.op("Add", x, look(x, wide, wide, wide // 32, rows, 32)), wide)
        if i + 1 < len(widths):
            far = ((side + 1) // 2) ** 2
            x = mixed(look(x, wide, widths[i + 1], 8, far, 64), widths[i + 1])
            rows, side = far, (side + 1) // 2
    return linear(g, g.op("ReduceMean", x, axes=[1], keepdims=0), widths[-1], 1000)


NEWER_ENCODERS = {
    "dinov2_s_238_x2": ("transformer", lambda g: registers(g, 238, 6, 2)),
    "sam_global_28": ("transformer", lambda g: places_by_axis(g, 28, 12)),
    "siglip_b16_256_x2": ("transformer", lambda g: pooled_by_attention(g, 256, 12, 2)),
    "levit_224": ("transformer", lambda g: quick_images(g, 224)),
}
