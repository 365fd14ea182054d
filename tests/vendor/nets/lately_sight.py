"""Attention to what is seen: TopFormer, EdgeViT, one thing followed by OSTrack, films by VideoMAE."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import activated, classified, concat, mlp, product
from tests.vendor.nets.latest_pieces import normed
from tests.vendor.nets.layers import attend, conv, conv_relu, cut, gelu, heads, joined, layernorm, linear
from tests.vendor.nets.newest_sight import tokens
from tests.vendor.nets.recent_pieces import attn
from tests.vendor.nets.usual_pieces import hard_sigmoid, relu6, resized


def topformer(g: Builder, e: int, layers: int = 4, classes: int = 150) -> str:
    """TopFormer-Base: four maps pooled to one of 64 places, attention by 1 x 1, what it says laid into the maps."""
    x, ci, maps = activated(g, g.input(1, 3, e, e), 3, 16, 3, 2, act=relu6), 16, []
    table = (
        (3, 1, 16, 1), (3, 4, 32, 2), (3, 3, 32, 1), (5, 3, 64, 2), (5, 3, 64, 1),
        (3, 3, 128, 2), (3, 3, 128, 1), (5, 6, 160, 2), (5, 6, 160, 1), (3, 6, 160, 1),
    )  # fmt: skip
    for i, (k, t, co, s) in enumerate(table):
        y = activated(g, x, ci, t * ci, act=relu6) if t > 1 else x
        y = conv(g, activated(g, y, t * ci, t * ci, k, s, t * ci, act=relu6), t * ci, co, 1)
        x, ci = g.op("Add", x, y) if s == 1 and ci == co else y, co
        if i in (2, 4, 6, 9):
            maps.append(x)
    cs, d, m = (32, 64, 128, 160), 384, e // 64
    x = concat(g, *(mean_pooled(g, t, 16 >> j, 16 >> j) for j, t in enumerate(maps)))
    flat = lambda t, w: g.op("Reshape", t, g.const([1, 8, w, m * m]))
    for _ in range(layers):
        q, k, v = (flat(conv(g, x, d, 8 * w, 1), w) for w in (16, 16, 32))
        s = g.op("Softmax", g.op("MatMul", g.op("Transpose", q, perm=[0, 1, 3, 2]), k), axis=-1)
        y = g.op("Transpose", g.op("MatMul", s, g.op("Transpose", v, perm=[0, 1, 3, 2])), perm=[0, 1, 3, 2])
        y = conv(g, relu6(g, g.op("Reshape", y, g.const([1, 256, m, m]))), 256, d, 1)
        x = g.op("Add", x, y)
        y = conv(g, conv(g, x, d, 2 * d, 1, bias=False), 2 * d, 2 * d, 3, 1, 2 * d)
        x = g.op("Add", x, conv(g, relu6(g, y), 2 * d, d, 1))
    parts, total = g.op("Split", x, g.const(list(cs)), count=4, axis=1), ""
    for j in (1, 2, 3):
        c, w = cs[j], e >> (j + 2)
        gate = resized(g, hard_sigmoid(g, conv(g, parts[j], c, 256, 1)), 256, w, w)
        y = g.op("Mul", conv(g, maps[j], c, 256, 1), gate)
        y = g.op("Add", y, resized(g, conv(g, parts[j], c, 256, 1), 256, w, w))
        total = g.op("Add", total, resized(g, y, 256, e // 8, e // 8)) if total else y
    return conv(g, conv_relu(g, total, 256, 256, 1), 256, classes, 1)


def edgevit(g: Builder, e: int, depths: tuple[int, ...] = (1, 1, 3, 2)) -> str:
    """EdgeViT-XXS: depthwise windows, attention of every other place, its answer spread by transposed kernels."""
    x, ci, m = g.input(1, 3, e, e), 3, e
    for j, (n, r) in enumerate(zip(depths, (4, 2, 2, 1), strict=True)):
        c, k = 36 << j, 2 if j else 4
        m //= k
        x, ci = unpadded(g, x, ci, c, k, k), c
        h, w = 1 << j, m // r
        image = lambda t, s, c=c: g.op("Reshape", g.op("Transpose", t, perm=[0, 2, 1]), g.const([1, c, s, s]))
        for _ in range(n):
            if r > 1:
                x = g.op("Add", x, conv(g, x, c, c, 3, 1, c))
                y = conv(g, conv(g, normed(g, x, c), c, c, 1), c, c, 5, 1, c)
                x = g.op("Add", x, conv(g, y, c, c, 1))
                y = gelu(g, conv(g, normed(g, x, c), c, 4 * c, 1))
                x = g.op("Add", x, conv(g, y, 4 * c, c, 1))
            x = g.op("Add", x, conv(g, x, c, c, 3, 1, c))
            t = tokens(g, x, c, m * m)
            y = layernorm(g, t, c)
            y = tokens(g, mean_pooled(g, image(y, m), 1, r), c, w * w) if r > 1 else y
            q, kk, v = (heads(g, linear(g, y, c, c, False), w * w, h, 36) for _ in range(3))
            y = joined(g, attend(g, q, kk, v, 36), w * w, c)
            if r > 1:
                y = g.op(
                    "ConvTranspose", image(y, w), g.weight(c, 1, r, r), g.weight(c), strides=[r, r], group=c
                )
                y = layernorm(g, tokens(g, y, c, m * m), c)
            t = g.op("Add", t, product(g, y, c, c))
            x = image(g.op("Add", t, mlp(g, layernorm(g, t, c), c, 4 * c)), m)
    return classified(g, normed(g, x, ci), ci)


def ostrack(g: Builder, layers: int, d: int = 768) -> list[str]:
    """OSTrack-256: what is sought and where to look in one ViT-B, three towers of convolutions say where it is."""
    w, b = g.weight(d, 3, 16, 16), g.weight(d)
    patches = lambda e: g.op("Conv", g.input(1, 3, e, e), w, b, strides=[16, 16])
    z, x = tokens(g, patches(128), d, 64), tokens(g, patches(256), d, 256)
    x = concat(g, g.op("Add", z, g.weight(1, 64, d)), g.op("Add", x, g.weight(1, 256, d)))
    for _ in range(layers):
        x = g.op("Add", x, attn(g, layernorm(g, x, d), 320, d, d // 64))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    x = g.op("Transpose", cut(g, layernorm(g, x, d), 1, 64, 320), perm=[0, 2, 1])
    x, outs = g.op("Reshape", x, g.const([1, d, 16, 16])), []
    for k in (1, 2, 2):
        y, ci = x, d
        for c in (256, 128, 64, 32):
            y, ci = conv_relu(g, y, ci, c, 3), c
        y = conv(g, y, 32, k, 1)
        outs.append(y if len(outs) == 1 else g.op("Sigmoid", y))
    return outs


def videomae(g: Builder, layers: int, frames: int = 16, e: int = 224, d: int = 384) -> str:
    """VideoMAE-S: blocks of two frames and 16 x 16 places as tokens, a ViT over all of them."""
    n = frames // 2 * (e // 16) ** 2
    x = g.op("Conv", g.input(1, 3, frames, e, e), g.weight(d, 3, 2, 16, 16), g.weight(d), strides=[2, 16, 16])
    x = g.op("Add", tokens(g, x, d, n), g.weight(1, n, d))
    for _ in range(layers):
        x = g.op("Add", x, attn(g, layernorm(g, x, d), n, d, d // 64))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    return dense(g, layernorm(g, g.op("ReduceMean", x, axes=[1], keepdims=0), d), d, 400)


LATELY_SIGHT = {
    "edgevit_xxs_224": ("transformer", lambda g: edgevit(g, 224)),
    "ostrack_256_x2": ("transformer", lambda g: ostrack(g, 2)),
    "topformer_b_512": ("transformer", lambda g: topformer(g, 512)),
    "videomae_s_16x224_x1": ("transformer", lambda g: videomae(g, 1)),
}  # fmt: skip
