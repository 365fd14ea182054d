"""One token of newer recurrent language models, their states inputs and outputs; one or two layers of each."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import cut, layernorm, linear, silu
from tests.vendor.nets.linear_attention import square_relu, unit
from tests.vendor.nets.state_space import Sizes, mamba2_token


def goose(g: Builder, count: int, layers: int, rank: int = 64, width: int = 64) -> list[str]:
    """RWKV-7: a state of each head decayed by channel, its answer to a removal key taken out, the new key written."""
    size = count * width
    x, outputs, first = g.input(1, 1, size), [], ""

    def low(t: str, act: str = "") -> str:
        t = linear(g, t, size, rank, False)
        return linear(g, g.op(act, t) if act else t, rank, size)

    for layer in range(layers):
        y, before = layernorm(g, x, size), g.input(1, 1, size)
        past = g.op("Sub", before, y)
        r, w, k, v, a, o = (g.op("Add", y, g.op("Mul", past, g.weight(1, 1, size))) for _ in range(6))
        fall = g.op("Exp", g.op("Mul", g.op("Sigmoid", low(w, "Tanh")), g.const(-0.606531)))
        r, k, value = (linear(g, t, size, size, False) for t in (r, k, v))
        if layer:
            value = g.op("Add", value, g.op("Mul", g.op("Sub", first, value), g.op("Sigmoid", low(v))))
        else:
            first = value
        learned = g.op("Sigmoid", low(a))
        gone = unit(g, g.op("Reshape", g.op("Mul", k, g.weight(size)), g.const([1, count, 1, width])))
        k = g.op(
            "Mul",
            k,
            g.op("Add", g.const(1.0), g.op("Mul", g.op("Sub", learned, g.const(1.0)), g.weight(size))),
        )
        rows = [g.op("Reshape", t, g.const([1, count, 1, width])) for t in (r, fall, k, learned)]
        column = g.op("Reshape", value, g.const([1, count, width, 1]))
        state = g.input(1, count, width, width)
        asked = g.op("MatMul", state, g.op("Reshape", g.op("Neg", gone), g.const([1, count, width, 1])))
        state = g.op("Add", g.op("Mul", state, rows[1]), g.op("MatMul", asked, g.op("Mul", gone, rows[3])))
        state = g.op("Add", state, g.op("MatMul", column, rows[2]))
        y2 = g.op("MatMul", state, g.op("Reshape", r, g.const([1, count, width, 1])))
        y2 = layernorm(g, g.op("Reshape", y2, g.const([1, count, width])), width)
        bonus = g.op("Mul", g.op("Mul", rows[0], rows[2]), g.weight(1, count, 1, width))
        bonus = g.op("Reshape", g.op("ReduceSum", bonus, g.const([3]), keepdims=0), g.const([1, count, 1]))
        y2 = g.op("Add", y2, g.op("Mul", bonus, g.op("Reshape", value, g.const([1, count, width]))))
        y2 = g.op("Mul", g.op("Reshape", y2, g.const([1, 1, size])), low(o, "Sigmoid"))
        x = g.op("Add", x, linear(g, y2, size, size, False))
        z, before = layernorm(g, x, size), g.input(1, 1, size)
        mixed = g.op("Add", z, g.op("Mul", g.op("Sub", before, z), g.weight(1, 1, size)))
        wide = square_relu(g, linear(g, mixed, size, 4 * size, False))
        x = g.op("Add", x, linear(g, wide, 4 * size, size, False))
        outputs += [state, y, z]
    return [x, *outputs]


def matrix_step(g: Builder, count: int, width: int, layers: int) -> list[str]:
    """xLSTM's mLSTM: memory, norm and running maximum of each head go in and out; a gated path around it."""
    inner = count * width
    size = inner // 2
    x, outputs = g.input(1, 1, size), []
    for _ in range(layers):
        path, gate = g.op("Split", linear(g, layernorm(g, x, size), size, 2 * inner), count=2, axis=2)
        window = g.op("Concat", g.input(1, inner, 3), g.op("Reshape", path, g.const([1, inner, 1])), axis=2)
        turned = g.op("ReduceSum", g.op("Mul", window, g.weight(inner, 4)), g.const([2]), keepdims=0)
        turned = silu(g, g.op("Reshape", turned, g.const([1, 1, inner])))
        q, k = (
            g.op("Reshape", linear(g, turned, inner, inner), g.const([1, count, 1, width])) for _ in range(2)
        )
        v = g.op("Reshape", linear(g, path, inner, inner), g.const([1, count, 1, width]))
        opened, kept = (
            g.op("Reshape", linear(g, turned, inner, count), g.const([1, count, 1, 1])) for _ in range(2)
        )
        kept, old = g.op("Log", g.op("Sigmoid", kept)), g.input(1, count, 1, 1)
        largest = g.op("Max", g.op("Add", kept, old), opened)
        fall = g.op("Exp", g.op("Sub", g.op("Add", kept, old), largest))
        grown = g.op("Exp", g.op("Sub", opened, largest))
        k = g.op("Mul", k, g.const(width**-0.5))
        outer = g.op("MatMul", g.op("Transpose", k, perm=[0, 1, 3, 2]), v)
        memory = g.op("Mul", g.input(1, count, width, width), fall)
        memory = g.op("Add", memory, g.op("Mul", outer, grown))
        norm = g.op("Add", g.op("Mul", g.input(1, count, 1, width), fall), g.op("Mul", k, grown))
        under = g.op("Abs", g.op("ReduceSum", g.op("Mul", q, norm), g.const([3]), keepdims=1))
        y = g.op("Div", g.op("MatMul", q, memory), g.op("Max", under, g.op("Exp", g.op("Neg", largest))))
        y = g.op("Reshape", layernorm(g, y, width), g.const([1, 1, inner]))
        y = g.op("Add", y, g.op("Mul", turned, g.weight(inner)))
        x = g.op("Add", x, linear(g, g.op("Mul", y, silu(g, gate)), inner, size))
        outputs += [memory, norm, largest, cut(g, window, 2, 1, 4)]
    return [x, *outputs]


MAMBA2_1B3 = Sizes(2048, 64, 64, 128)

NEWER_STATES = {
    "mamba2_1b3_step": ("SSM", lambda g: mamba2_token(g, MAMBA2_1B3)),
    "rwkv7_step_x2": ("SSM", lambda g: goose(g, 12, 2)),
    "mlstm_step_x2": ("SSM", lambda g: matrix_step(g, 4, 384, 2)),
}
