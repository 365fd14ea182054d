"""One token of models whose layers alternate short memories with attention; states and caches in and out."""

from tests.vendor.builder import Builder
from tests.vendor.nets.language import Model, angles, repeat, rotary
from tests.vendor.nets.layers import cut, gelu_tanh, heads, joined, linear, rmsnorm, silu


def local_step(g: Builder, size: int, count: int, window: int) -> list[str]:
    """RecurrentGemma: a gated linear recurrence, then attention of one key head to the last `window` tokens."""
    head, x, outputs = size // count, g.input(1, 1, size), []

    def wide(x: str) -> str:
        y = rmsnorm(g, x, size)
        up = g.op("Mul", gelu_tanh(g, linear(g, y, size, 3 * size)), linear(g, y, size, 3 * size))
        return g.op("Add", x, linear(g, up, 3 * size, size))

    y = rmsnorm(g, x, size)
    gate, path = gelu_tanh(g, linear(g, y, size, size)), linear(g, y, size, size)
    taps = g.op("Concat", g.input(1, 3, size), path, axis=1)
    path = g.op("ReduceSum", g.op("Mul", taps, g.weight(4, size)), g.const([1]), keepdims=1)
    blocks = g.op("Reshape", path, g.const([count, 1, head]))
    opened, kept = (
        g.op(
            "Reshape",
            g.op("Sigmoid", g.op("MatMul", blocks, g.weight(count, head, head))),
            g.const([1, 1, size]),
        )
        for _ in range(2)
    )
    fall = g.op("Exp", g.op("Mul", kept, g.weight(size)))
    scale = g.op("Sqrt", g.op("Abs", g.op("Sub", g.const(1.0), g.op("Mul", fall, fall))))
    state = g.op("Add", g.op("Mul", fall, g.input(1, 1, size)), g.op("Mul", scale, g.op("Mul", opened, path)))
    x = wide(g.op("Add", x, linear(g, g.op("Mul", state, gate), size, size)))
    outputs += [state, cut(g, taps, 1, 1, 4)]
    y, cos_sin = rmsnorm(g, x, size), angles(g, 1, head)
    q = heads(g, linear(g, y, size, size, False), 1, count, head)
    k, v = (heads(g, linear(g, y, size, head, False), 1, 1, head) for _ in range(2))
    q, k = (rotary(g, t, *cos_sin, head) for t in (q, k))
    k, v = (g.op("Concat", g.input(1, 1, window - 1, head), t, axis=2) for t in (k, v))
    scores = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(head**-0.5))
    y = joined(g, g.op("MatMul", g.op("Softmax", scores, axis=-1), v), 1, size)
    return [wide(g.op("Add", x, linear(g, y, size, size))), *outputs, k, v]


def short_step(g: Builder, size: int, inner: int, model: Model, past: int) -> list[str]:
    """LFM2: two layers of gated convolutions of three taps and one of attention with caches, gated products behind."""
    x, outputs = g.input(1, 1, size), []
    for layer in range(3):
        y = rmsnorm(g, x, size)
        if layer < 2:
            b, c, v = g.op("Split", linear(g, y, size, 3 * size, False), count=3, axis=2)
            taps = g.op("Concat", g.input(1, 2, size), g.op("Mul", b, v), axis=1)
            y = g.op("ReduceSum", g.op("Mul", taps, g.weight(3, size)), g.const([1]), keepdims=1)
            y = linear(g, g.op("Mul", c, y), size, size, False)
            outputs.append(cut(g, taps, 1, 1, 3))
        else:
            few, cos_sin = model.kv_heads * model.head, angles(g, 1, model.head)
            q = rmsnorm(g, heads(g, linear(g, y, size, size, False), 1, model.heads, model.head), model.head)
            k, v = (heads(g, linear(g, y, size, few, False), 1, model.kv_heads, model.head) for _ in range(2))
            q, k = (rotary(g, t, *cos_sin, model.head) for t in (q, rmsnorm(g, k, model.head)))
            k, v = (g.op("Concat", g.input(1, model.kv_heads, past, model.head), t, axis=2) for t in (k, v))
            outputs += [k, v]
            k, v = (repeat(g, t, model, past + 1) for t in (k, v))
            scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
            scores = g.op("Softmax", g.op("Mul", scores, g.const(model.head**-0.5)), axis=-1)
            y = linear(g, joined(g, g.op("MatMul", scores, v), 1, size), size, size, False)
        x = g.op("Add", x, y)
        y = rmsnorm(g, x, size)
        up = g.op("Mul", silu(g, linear(g, y, size, inner, False)), linear(g, y, size, inner, False))
        x = g.op("Add", x, linear(g, up, inner, size, False))
    return [x, *outputs]


LFM2 = Model(1024, 16, 8, 64, 4608)

ALTERNATING_STATES = {
    "recurrentgemma_step_1024": ("SSM", lambda g: local_step(g, 2560, 10, 1024)),
    "lfm2_step_700": ("SSM", lambda g: short_step(g, 1024, 4608, LFM2, 700)),
}
