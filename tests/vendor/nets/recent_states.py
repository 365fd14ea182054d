"""A token of RWKV-5, Hawk, Kimi Linear."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat
from tests.vendor.nets.everyday_states import swiglu
from tests.vendor.nets.layers import cut, gelu_tanh, layernorm, linear, rmsnorm, silu
from tests.vendor.nets.linear_attention import square_relu


def eagle_step(g: Builder, h: int, layers: int, w: int = 64) -> list[str]:
    """RWKV-5 (Eagle): a token; a decay a channel that does not depend on it, states of 64 x 64 a head."""
    d, i, outs = h * w, 7 * h * w // 2 // 32 * 32, []
    x = layernorm(g, g.input(1, d), d)

    def mixed(y, past, n):
        return [
            g.op("Add", g.op("Mul", y, m), g.op("Mul", past, g.op("Sub", g.const(1.0), m)))
            for m in (g.weight(1, d) for _ in range(n))
        ]

    for _ in range(layers):
        y = layernorm(g, x, d)
        p = g.input(1, d)
        r, k, v, gt = mixed(y, p, 4)
        r = g.op("Reshape", linear(g, r, d, d, False), g.const([1, h, 1, w]))
        k = g.op("Reshape", linear(g, k, d, d, False), g.const([1, h, w, 1]))
        v = g.op("Reshape", linear(g, v, d, d, False), g.const([1, h, 1, w]))
        gt = silu(g, linear(g, gt, d, d, False))
        s = g.input(1, h, w, w)
        kv = g.op("MatMul", k, v)
        o = g.op("MatMul", r, g.op("Add", g.op("Mul", kv, g.weight(1, h, w, 1)), s))
        s = g.op("Add", kv, g.op("Mul", s, g.weight(1, h, w, 1)))
        o = g.op("Reshape", layernorm(g, g.op("Reshape", o, g.const([h, w])), w), g.const([1, d]))
        o = g.op("Add", g.op("Mul", o, g.weight(d)), g.weight(d))
        x = g.op("Add", x, linear(g, g.op("Mul", o, gt), d, d, False))
        z = layernorm(g, x, d)
        q = g.input(1, d)
        a, b = mixed(z, q, 2)
        wide = linear(g, square_relu(g, linear(g, a, d, i, False)), i, d, False)
        x = g.op("Add", x, g.op("Mul", g.op("Sigmoid", linear(g, b, d, d, False)), wide))
        outs += [s, y, z]
    return [linear(g, layernorm(g, x, d), d, 512, False), *outs]


def hawk_step(g: Builder, d: int, inner: int, heads: int, layers: int) -> list[str]:
    """Hawk: a token through gated linear recurrences only, gated products behind."""
    x, outs, b = g.input(1, 1, d), [], inner // heads
    for _ in range(layers):
        y = rmsnorm(g, x, d)
        gate, path = gelu_tanh(g, linear(g, y, d, inner)), linear(g, y, d, inner)
        taps = concat(g, g.input(1, 3, inner), path, axis=1)
        path = g.op(
            "Add",
            g.op("ReduceSum", g.op("Mul", taps, g.weight(4, inner)), g.const([1]), keepdims=1),
            g.weight(inner),
        )
        bl = g.op("Reshape", path, g.const([heads, 1, b]))
        i, r = (
            g.op(
                "Reshape",
                g.op(
                    "Sigmoid", g.op("Add", g.op("MatMul", bl, g.weight(heads, b, b)), g.weight(heads, 1, b))
                ),
                g.const([1, 1, inner]),
            )
            for _ in range(2)
        )
        fall = g.op("Exp", g.op("Mul", r, g.weight(inner)))
        sc = g.op("Sqrt", g.op("Abs", g.op("Sub", g.const(1.0), g.op("Mul", fall, fall))))
        s = g.op("Add", g.op("Mul", fall, g.input(1, 1, inner)), g.op("Mul", sc, g.op("Mul", i, path)))
        x = g.op("Add", x, linear(g, g.op("Mul", s, gate), inner, d))
        y = rmsnorm(g, x, d)
        up = g.op("Mul", gelu_tanh(g, linear(g, y, d, 3 * d)), linear(g, y, d, 3 * d))
        x = g.op("Add", x, linear(g, up, 3 * d, d))
        outs += [s, cut(g, taps, 1, 1, 4)]
    return [linear(g, rmsnorm(g, x, d), d, 512, False), *outs]


def kda_step(g: Builder, d: int = 2304, h: int = 32, w: int = 128, inner: int = 9216) -> list[str]:
    """Kimi Linear: a token of delta attention with a decay for each channel of a key, a dense layer behind."""
    x, outs, i = g.input(1, d), [], h * w
    y = rmsnorm(g, x, d)

    def path():
        win = concat(g, g.input(1, i, 3), g.op("Unsqueeze", linear(g, y, d, i, False), g.const([2])), axis=2)
        outs.append(cut(g, win, 2, 1, 4))
        return silu(g, g.op("ReduceSum", g.op("Mul", win, g.weight(i, 4)), g.const([2]), keepdims=0))

    unit = lambda t: g.op("Div", t, g.op("Add", g.op("ReduceL2", t, axes=[-1], keepdims=1), g.const(1e-3)))
    q, k, v = path(), path(), path()
    q = g.op("Mul", unit(g.op("Reshape", q, g.const([1, h, 1, w]))), g.const(w**-0.5))
    k = unit(g.op("Reshape", k, g.const([1, h, 1, w])))
    v = g.op("Reshape", v, g.const([1, h, 1, w]))
    low = linear(g, linear(g, y, d, w, False), w, i)
    fall = g.op(
        "Exp",
        g.op("Mul", g.op("Reshape", g.op("Softplus", low), g.const([1, h, w, 1])), g.weight(1, h, 1, 1)),
    )
    beta = g.op("Reshape", g.op("Sigmoid", linear(g, y, d, h, False)), g.const([1, h, 1, 1]))
    s = g.op("Mul", g.input(1, h, w, w), fall)
    new = g.op("Mul", g.op("Sub", v, g.op("MatMul", k, s)), beta)
    s = g.op("Add", s, g.op("MatMul", g.op("Reshape", k, g.const([1, h, w, 1])), new))
    o = rmsnorm(g, g.op("MatMul", q, s), w)
    gt = g.op("Sigmoid", linear(g, linear(g, y, d, w, False), w, i))
    x = g.op("Add", x, linear(g, g.op("Mul", g.op("Reshape", o, g.const([1, i])), gt), i, d, False))
    x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
    return [linear(g, rmsnorm(g, x, d), d, 512, False), s, *outs]


RECENT_STATES = {
    "rwkv5_step_w2048_x1": ("SSM", lambda g: eagle_step(g, 32, 1)),
    "hawk_step_w2048_x1": ("SSM", lambda g: hawk_step(g, 2048, 2560, 16, 1)),
    "kda_step_w2304_x1": ("SSM", lambda g: kda_step(g)),
}  # fmt: skip
