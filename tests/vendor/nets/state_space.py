"""Mamba and Mamba-2 layers as exporters write them, one token of each, and hybrids with attention."""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.language import decoder
from tests.vendor.nets.layers import cut, embedding, layernorm, linear, rmsnorm, self_attention, silu

FLOAT = TensorProto.FLOAT


@dataclass(frozen=True)
class Sizes:
    """One Mamba-2 layer: width, heads of `head` channels, states, chunk length."""

    width: int = 768
    heads: int = 24
    head: int = 64
    states: int = 128
    chunk: int = 256

    @property
    def inner(self) -> int:
        """Channels of the inner path."""
        return self.heads * self.head


def softplus(g: Builder, x: str) -> str:
    """Softplus that passes large values through."""
    return g.op("Where", g.op("Greater", x, g.const(20.0)), x, g.op("Softplus", x))


def causal_conv(g: Builder, x: str, length: int, channels: int) -> str:
    """Depthwise of four taps over [1, L, C], then Swish."""
    y = g.op(
        "Conv",
        g.op("Transpose", x, perm=[0, 2, 1]),
        g.weight(channels, 1, 4),
        g.weight(channels),
        group=channels,
        pads=[3, 3],
    )
    return g.op("Transpose", silu(g, cut(g, y, 2, 0, length)), perm=[0, 2, 1])


def decay(g: Builder, x: str, chunk: int) -> str:
    """exp of the segment sums of [..., L]: [..., L, L], lower triangular."""
    lower = np.tri(chunk, dtype=bool)
    shape = [*x_shape(g, x), chunk]
    wide = g.op("Expand", g.op("Unsqueeze", x, g.const([-1])), g.const(shape))
    kept = g.op("Where", g.const(~np.tril(lower, -1)), g.const(np.float32(0)), wide)
    summed = g.op("CumSum", kept, g.const(np.array(-2)))
    return g.op("Exp", g.op("Where", g.const(~lower), g.const(np.float32(-np.inf)), summed))


def x_shape(g: Builder, name: str) -> list[int]:
    """Shape of a tensor written by `reshape`."""
    return list(g.shapes[name])


def mixer2(g: Builder, x: str, length: int, m: Sizes, products: bool) -> str:
    """The Mamba-2 mixer of a prompt; `products`: contractions as Einsum, else as Mul and ReduceSum."""
    n, h, p, c, chunks = m.states, m.heads, m.head, m.chunk, length // m.chunk
    gate, inner, dt = g.op(
        "Split",
        linear(g, x, m.width, 2 * m.inner + 2 * n + h, False),
        g.const([m.inner, m.inner + 2 * n, h]),
        count=3,
        axis=2,
    )
    inner = causal_conv(g, inner, length, m.inner + 2 * n)
    x, b, k = g.op("Split", inner, g.const([m.inner, n, n]), count=3, axis=2)
    dt = g.op("Cast", g.op("Clip", softplus(g, g.op("Add", dt, g.weight(h))), g.const(0.0)), to=FLOAT)
    x = g.op("Cast", g.op("Reshape", x, g.const([1, length, h, p])), to=FLOAT)
    skip = g.op("Mul", g.const_f32(np.ones((h, 1))), x)
    b, k = (spread(g, t, length, m) for t in (b, k))
    x = g.op("Mul", x, g.op("Unsqueeze", dt, g.const([3])))
    step = g.op("Mul", g.const_f32(-np.arange(1, h + 1)), dt)
    x, b, k = (g.op("Reshape", t, g.const([1, chunks, c, h, -1])) for t in (x, b, k))
    step = g.op("Transpose", g.op("Reshape", step, g.const([1, chunks, c, h])), perm=[0, 3, 1, 2])
    g.shapes[step] = (1, h, chunks, c)
    total = g.op("CumSum", step, g.const(np.array(-1)))
    fall = g.op("Transpose", decay(g, step, c), perm=[0, 2, 3, 4, 1])  # b c l s h
    scores = contract(g, products, "bclhn,bcshn->bclsh", k, b)
    y = contract(g, products, "bclsh,bcshp->bclhp", g.op("Mul", scores, fall), x)
    last = g.op("Exp", g.op("Sub", cut(g, total, 3, c - 1, c), total))
    last = g.op("Unsqueeze", g.op("Transpose", last, perm=[0, 2, 3, 1]), g.const([4]))
    states = contract(g, products, "bclhn,bclhp->bchpn", g.op("Mul", b, last), x)
    states = g.op("Concat", g.const_f32(np.zeros((1, 1, h, p, n))), states, axis=1)
    ends = g.op("Pad", g.op("Gather", total, g.const(np.array(c - 1)), axis=3), g.const([0, 0, 1, 0, 0, 0]))
    g.shapes[ends] = (1, h, chunks + 1)
    carry = g.op("Transpose", decay(g, ends, chunks + 1), perm=[0, 3, 2, 1])  # b z c h
    states = contract(g, products, "bzch,bzhpn->bchpn", carry, states)
    out = contract(g, products, "bclhn,bchpn->bclhp", k, cut(g, states, 1, 0, chunks))
    grown = g.op("Unsqueeze", g.op("Transpose", g.op("Exp", total), perm=[0, 2, 3, 1]), g.const([4]))
    y = g.op("Reshape", g.op("Add", y, g.op("Mul", out, grown)), g.const([1, length, h, p]))
    y = g.op("Reshape", g.op("Add", y, skip), g.const([1, length, m.inner]))
    y = g.op("Mul", y, silu(g, g.op("Cast", gate, to=FLOAT)))
    return linear(g, rmsnorm(g, y, m.inner), m.inner, m.width, False)


def spread(g: Builder, x: str, length: int, m: Sizes) -> str:
    """[1, L, N] for every head: [1, L, H, N] float32."""
    x = g.op("Cast", g.op("Reshape", x, g.const([1, length, 1, m.states])), to=FLOAT)
    x = g.op("Expand", g.op("Unsqueeze", x, g.const([3])), g.const([1, length, 1, m.heads, m.states]))
    return g.op("Reshape", x, g.const([1, length, m.heads, m.states]))


def contract(g: Builder, products: bool, equation: str, a: str, b: str) -> str:
    """Einsum, or the same by broadcasting, Mul and ReduceSum over the one letter that goes."""
    if products:
        return g.op("Einsum", a, b, equation=equation)
    terms, out = equation.split("->")
    left, right = terms.split(",")
    gone = next(x for x in left if x not in out)
    letters = [*out, gone]
    letters = sorted(letters, key=lambda x: (left + right).index(x))
    sides = [align(g, t, own, letters) for t, own in ((a, left), (b, right))]
    summed = g.op("ReduceSum", g.op("Mul", *sides), g.const([letters.index(gone)]), keepdims=0)
    letters.remove(gone)
    order = [letters.index(x) for x in out]
    return summed if order == sorted(order) else g.op("Transpose", summed, perm=order)


def align(g: Builder, x: str, own: str, letters: list[str]) -> str:
    """Axes in the order of `letters`, new ones of length 1."""
    order = sorted(range(len(own)), key=lambda i: letters.index(own[i]))
    x = x if order == sorted(order) else g.op("Transpose", x, perm=order)
    missing = [i for i, letter in enumerate(letters) if letter not in own]
    return g.op("Unsqueeze", x, g.const(missing)) if missing else x


def mamba2(g: Builder, length: int, m: Sizes, products: bool = True) -> str:
    """A whole layer: embedding, norm, mixer, residual, a head for the last token."""
    x = embedding(g, 512, m.width, length)
    x = g.op("Add", x, mixer2(g, rmsnorm(g, x, m.width), length, m, products))
    return linear(g, cut(g, rmsnorm(g, x, m.width), 1, length - 1, length), m.width, 512, False)


def mamba2_token(g: Builder, m: Sizes, layers: int = 1) -> list[str]:
    """One token: the states of convolution and scan are inputs and outputs (float32)."""
    x, outputs, channels = g.input(1, 1, m.width), [], m.inner + 2 * m.states
    for _ in range(layers):
        y = linear(g, rmsnorm(g, x, m.width), m.width, m.inner + channels + m.heads, False)
        gate, inner, dt = g.op("Split", y, g.const([m.inner, channels, m.heads]), count=3, axis=2)
        past = g.input(1, channels, 3)
        window = g.op("Concat", past, g.op("Transpose", inner, perm=[0, 2, 1]), axis=2)
        inner = g.op("ReduceSum", g.op("Mul", window, g.weight(channels, 4)), g.const([2]), keepdims=0)
        inner = silu(g, g.op("Add", inner, g.weight(channels)))
        v, b, k = g.op("Split", inner, g.const([m.inner, m.states, m.states]), count=3, axis=1)
        dt = g.op(
            "Cast",
            softplus(g, g.op("Add", g.op("Reshape", dt, g.const([1, m.heads])), g.weight(m.heads))),
            to=FLOAT,
        )
        fall = g.op(
            "Reshape",
            g.op("Exp", g.op("Mul", dt, g.const_f32(-np.arange(1, m.heads + 1)))),
            g.const([1, m.heads, 1, 1]),
        )
        v = g.op("Cast", g.op("Reshape", v, g.const([1, m.heads, m.head])), to=FLOAT)
        grown = g.op("Mul", g.op("Mul", v, g.op("Unsqueeze", dt, g.const([2]))), g.const_f32(1))
        b, k = (g.op("Reshape", g.op("Cast", t, to=FLOAT), g.const([1, 1, 1, m.states])) for t in (b, k))
        state = g.input(1, m.heads, m.head, m.states, dtype=FLOAT)
        state = g.op("Add", g.op("Mul", state, fall), g.op("Mul", g.op("Unsqueeze", grown, g.const([3])), b))
        turned = g.op("Reshape", k, g.const([1, 1, m.states, 1]))
        y = g.op("Reshape", g.op("MatMul", state, turned), g.const([1, m.heads, m.head]))
        y = g.op("Add", y, g.op("Mul", v, g.const_f32(np.ones((m.heads, 1)))))
        y = g.op("Mul", g.op("Reshape", y, g.const([1, 1, m.inner])), silu(g, g.op("Cast", gate, to=FLOAT)))
        x = g.op("Add", x, linear(g, rmsnorm(g, y, m.inner), m.inner, m.width, False))
        outputs += [state, cut(g, window, 2, 1, 4)]
    return [linear(g, rmsnorm(g, x, m.width), m.width, 512, False), *outputs]


def mamba1(g: Builder, length: int, width: int, states: int = 16) -> str:
    """A Mamba layer with its scan unrolled, step by step."""
    inner, rank = 2 * width, width // 16
    x = embedding(g, 512, width, length)
    y = g.op("Transpose", linear(g, rmsnorm(g, x, width), width, 2 * inner, False), perm=[0, 2, 1])
    path, gate = cut(g, y, 1, 0, inner), cut(g, y, 1, inner, 2 * inner)
    path = g.op("Conv", path, g.weight(inner, 1, 4), g.weight(inner), group=inner, pads=[3, 3])
    path = silu(g, cut(g, path, 2, 0, length))
    parts = linear(g, g.op("Transpose", path, perm=[0, 2, 1]), inner, rank + 2 * states, False)
    dt, b, k = g.op("Split", parts, g.const([rank, states, states]), count=3, axis=2)
    dt = g.op("MatMul", g.weight(inner, rank), g.op("Transpose", dt, perm=[0, 2, 1]))
    dt = g.op("Unsqueeze", g.op("Softplus", g.op("Add", dt, g.weight(inner, 1))), g.const([3]))
    fall = g.op("Exp", g.op("Mul", g.const(-np.tile(np.arange(1.0, states + 1), (inner, 1))[:, None]), dt))
    grown = g.op(
        "Mul", g.op("Mul", dt, g.op("Unsqueeze", b, g.const([1]))), g.op("Unsqueeze", path, g.const([3]))
    )
    state, outs = g.const(np.zeros((1, inner, states), np.float16)), []
    for t in range(length):
        at = g.const(np.array(t))
        state = g.op(
            "Add", g.op("Mul", g.op("Gather", fall, at, axis=2), state), g.op("Gather", grown, at, axis=2)
        )
        row = g.op("Unsqueeze", g.op("Gather", k, at, axis=1), g.const([2]))
        outs.append(g.op("MatMul", state, row))
    y = g.op("Add", g.op("Concat", *outs, axis=2), g.op("Mul", path, g.weight(inner, 1)))
    y = g.op("Transpose", g.op("Mul", y, silu(g, gate)), perm=[0, 2, 1])
    return g.op("Add", x, linear(g, y, inner, width, False))


def hybrid(g: Builder, length: int, m: Sizes, count: int) -> str:
    """A Mamba-2 layer, then one of attention and a gated feed-forward."""
    x = embedding(g, 512, m.width, length)
    x = g.op("Add", x, mixer2(g, rmsnorm(g, x, m.width), length, m, True))
    x = g.op("Add", x, self_attention(g, rmsnorm(g, x, m.width), length, count, m.width // count))
    y = rmsnorm(g, x, m.width)
    up = g.op(
        "Mul", silu(g, linear(g, y, m.width, 4 * m.width, False)), linear(g, y, m.width, 4 * m.width, False)
    )
    return g.op("Add", x, linear(g, up, 4 * m.width, m.width, False))


def gated_linear(g: Builder, length: int, count: int, width: int) -> str:
    """Linear attention with a fixed decay for each head, in chunks of its length (RetNet-like)."""
    size = count * width
    x = g.input(1, length, size)
    y = layernorm(g, x, size)
    q, k, v = (
        g.op(
            "Transpose",
            g.op("Reshape", linear(g, y, size, size, False), g.const([1, length, count, width])),
            perm=[0, 2, 1, 3],
        )
        for _ in range(3)
    )
    places = np.arange(length)
    gone = places[:, None] - places[None, :]
    fall = np.where(gone >= 0, 0.97 ** np.maximum(gone, 0), 0).astype(np.float16)
    scores = g.op(
        "Mul",
        g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])),
        g.const(np.tile(fall, (1, count, 1, 1))),
    )
    y = g.op(
        "Reshape", g.op("Transpose", g.op("MatMul", scores, v), perm=[0, 2, 1, 3]), g.const([1, length, size])
    )
    y = g.op("Mul", layernorm(g, y, size), silu(g, linear(g, x, size, size, False)))
    return g.op("Add", x, linear(g, y, size, size, False))


def cached_hybrid(g: Builder, m: Sizes, past: int) -> list[str]:
    """One token of a Mamba-2 layer and of a decoder layer after `past` tokens, side by side in one file."""
    return [*mamba2_token(g, m), *decoder(g, "qwen05b", 1, past)]
