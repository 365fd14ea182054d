"""Attention and products on what is seen: ResMLP, UniFormer, clouds of points by PCT, a robot's hands by ACT."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import leaky_of, line, unpadded
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.latest_pieces import many_heads, normed
from tests.vendor.nets.layers import conv, gelu, layernorm
from tests.vendor.nets.recent_pieces import attn


def tokens(g: Builder, x: str, c: int, n: int) -> str:
    """[1, C, H, W] as [1, H W, C]."""
    return g.op("Transpose", g.op("Reshape", x, g.const([1, c, n])), perm=[0, 2, 1])


def resmlp(g: Builder, e: int, layers: int, d: int = 384) -> str:
    """ResMLP-S: scales and shifts in place of norms, a product over places, one over channels."""
    n = (e // 16) ** 2
    affine = lambda t: g.op("Add", g.op("Mul", t, g.weight(1, 1, d)), g.weight(1, 1, d))
    x = tokens(g, unpadded(g, g.input(1, 3, e, e), 3, d, 16, 16), d, n)
    for _ in range(layers):
        y = product(g, g.op("Transpose", affine(x), perm=[0, 2, 1]), n, n)
        x = g.op("Add", x, g.op("Mul", g.op("Transpose", y, perm=[0, 2, 1]), g.weight(d)))
        x = g.op("Add", x, g.op("Mul", mlp(g, affine(x), d, 4 * d), g.weight(d)))
    y = g.op("ReduceMean", affine(x), axes=[1], keepdims=0)
    return dense(g, y, d, 1000)


def uniformer(g: Builder, e: int, depths: tuple[int, ...] = (2, 2, 2, 1)) -> str:
    """UniFormer-S (depths of 3, 4, 8, 3 cut): wide depthwise taps above, attention of all places below."""
    x, ci, m = g.input(1, 3, e, e), 3, e
    for j, (c, depth) in enumerate(zip((64, 128, 320, 512), depths, strict=True)):
        k = 2 if j else 4
        m //= k
        n = m * m
        image = lambda t, c=c, m=m: g.op(
            "Reshape", g.op("Transpose", t, perm=[0, 2, 1]), g.const([1, c, m, m])
        )
        x = image(layernorm(g, tokens(g, unpadded(g, x, ci, c, k, k), c, n), c))
        ci = c
        for _ in range(depth):
            x = g.op("Add", x, conv(g, x, c, c, 3, 1, c))
            if j < 2:
                y = conv(g, conv(g, normed(g, x, c), c, c, 1), c, c, 5, 1, c)
                x = g.op("Add", x, conv(g, y, c, c, 1))
                y = gelu(g, conv(g, normed(g, x, c), c, 4 * c, 1))
                x = g.op("Add", x, conv(g, y, 4 * c, c, 1))
            else:
                t = tokens(g, x, c, n)
                t = g.op("Add", t, attn(g, layernorm(g, t, c), n, c, c // 64))
                x = image(g.op("Add", t, mlp(g, layernorm(g, t, c), c, 4 * c)))
    x = g.op("ReduceMean", g.op("Reshape", normed(g, x, ci), g.const([1, ci, m * m])), axes=[2], keepdims=0)
    return dense(g, x, ci, 1000)


def pct(g: Builder, b: int, n: int = 1024, c: int = 128) -> str:
    """PCT: b clouds of n points, four layers of attention whose offset from the points goes on."""
    x = line(g, line(g, g.input(b, 3, n), 3, c, act=relu), c, c, act=relu)
    outs = []
    for _ in range(4):
        w = g.weight(c // 4, c, 1)
        q, k = g.op("Transpose", g.op("Conv", x, w), perm=[0, 2, 1]), g.op("Conv", x, w)
        p = g.op("Softmax", g.op("MatMul", q, k), axis=-1)
        p = g.op("Div", p, g.op("Add", g.op("ReduceSum", p, g.const([1]), keepdims=1), g.const(1e-4)))
        y = g.op("Sub", x, g.op("MatMul", line(g, x, c, c), p))
        x = g.op("Add", x, line(g, y, c, c, act=relu))
        outs.append(x)
    x = line(g, concat(g, *outs), 4 * c, 1024, act=leaky_of(0.2))
    x = concat(g, g.op("ReduceMax", x, axes=[2], keepdims=0), g.op("ReduceMean", x, axes=[2], keepdims=0))
    return dense(g, relu(g, dense(g, relu(g, dense(g, x, 2048, 512)), 512, 256)), 256, 40)


def act(
    g: Builder, layers: int = 2, h: int = 15, w: int = 20, d: int = 512, steps: int = 100, joints: int = 14
) -> str:
    """ACT: a camera's map, the joints and a latent; layers of the encoder and one of the decoder; 100 moves."""
    n, inner = h * w + 2, 3200
    x = tokens(g, conv(g, g.input(1, 512, h, w), 512, d, 1), d, h * w)
    state, latent = (g.op("Unsqueeze", dense(g, g.input(1, k), k, d), g.const([1])) for k in (joints, 32))
    x = concat(g, latent, state, x)
    pos = g.weight(1, n, d)

    def attend(q: str, k: str, v: str, a: int, b: int) -> str:
        q, k, v = (many_heads(g, product(g, t, d, d), 1, s, 8, d // 8) for t, s in ((q, a), (k, b), (v, b)))
        s = g.op("MatMul", g.op("Mul", q, g.const((d / 8) ** -0.5)), g.op("Transpose", k, perm=[0, 1, 3, 2]))
        y = g.op("Transpose", g.op("MatMul", g.op("Softmax", s, axis=-1), v), perm=[0, 2, 1, 3])
        return product(g, g.op("Reshape", y, g.const([1, a, d])), d, d)

    for _ in range(layers):
        q = g.op("Add", x, pos)
        x = layernorm(g, g.op("Add", x, attend(q, q, x, n, n)), d)
        x = layernorm(g, g.op("Add", x, mlp(g, x, d, inner, relu)), d)
    where = g.weight(1, steps, d)
    y = layernorm(g, attend(where, where, where, steps, steps), d)
    y = layernorm(g, g.op("Add", y, attend(g.op("Add", y, where), g.op("Add", x, pos), x, steps, n)), d)
    y = layernorm(g, g.op("Add", y, mlp(g, y, d, inner, relu)), d)
    return product(g, layernorm(g, y, d), d, joints)


NEWEST_SIGHT = {
    "pct_b2_1024": ("transformer", lambda g: pct(g, 2)),
    "resmlp_s_224_x3": ("transformer", lambda g: resmlp(g, 224, 3)),
    "act_302_100": ("transformer", lambda g: act(g)),
    "uniformer_s_224": ("transformer", lambda g: uniformer(g, 224)),
}  # fmt: skip
