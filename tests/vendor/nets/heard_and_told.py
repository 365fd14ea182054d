"""Recurrent networks of speech: convolutions in front, a joint net behind, attention beside, and a plain recursion."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import cut, layernorm, linear
from tests.vendor.nets.sequences import recurrent


def plain(g: Builder, kind: str, x: str, steps: int, inputs: int, hidden: int, both: bool) -> str:
    """A recurrent layer over [T, 1, I]: [1, T, D * H]."""
    ways, gates = 2 if both else 1, {"GRU": 3, "LSTM": 4}[kind]
    weights = [g.weight(ways, gates * hidden, size) for size in (inputs, hidden)]
    weights.append(g.weight(ways, 2 * gates * hidden))
    extra = {"linear_before_reset": 1} if kind == "GRU" else {}
    return recurrent(g, kind, x, weights, hidden, both, steps, 2 if kind == "LSTM" else 1, **extra)


def heard(g: Builder, frames: int, hidden: int, letters: int = 29) -> str:
    """DeepSpeech 2: 41x11 and 21x11 convolutions over 160 bands, two GRUs of both directions, letters."""
    x = g.input(1, 1, 160, frames)
    for ci, co, kernel, stride in ((1, 32, (41, 11), (2, 2)), (32, 32, (21, 11), (2, 1))):
        pads = [k // 2 for k in kernel] * 2
        x = g.op("Conv", x, g.weight(co, ci, *kernel), g.weight(co), strides=list(stride), pads=pads)
        x = g.op("Clip", x, g.const(0.0), g.const(20.0))
    steps, size = frames // 2, 32 * 40
    y = g.op("Transpose", g.op("Reshape", x, g.const([size, 1, steps])), perm=[2, 1, 0])
    for _ in range(2):
        y = g.op("Transpose", plain(g, "GRU", y, steps, size, hidden, True), perm=[1, 0, 2])
        size = 2 * hidden
    return g.op("Softmax", linear(g, g.op("Transpose", y, perm=[1, 0, 2]), size, letters), axis=-1)


def transduced(g: Builder, steps: int, words: int, hidden: int, letters: int = 128) -> str:
    """RNN-T: an LSTM over frames, one over letters, every pair of both joined by Tanh and a product."""
    frames = plain(g, "LSTM", g.input(steps, 1, 240), steps, 240, hidden, False)
    told = plain(g, "LSTM", g.input(words, 1, 128), words, 128, hidden, False)
    a = g.op("Unsqueeze", linear(g, frames, hidden, 512), g.const([2]))
    b = g.op("Unsqueeze", linear(g, told, hidden, 512), g.const([1]))
    both = g.op("Reshape", g.op("Tanh", g.op("Add", a, b)), g.const([1, steps * words, 512]))
    return g.op("LogSoftmax", linear(g, both, 512, letters), axis=-1)


def light_recursion(g: Builder, steps: int, size: int, layers: int) -> str:
    """SRU: all products before the recursion, which is unrolled and element-wise; a highway to the input."""
    x = g.input(1, steps, size)
    for _ in range(layers):
        y = linear(g, layernorm(g, x, size), size, 3 * size, False)
        new, kept, through = g.op("Split", y, count=3, axis=2)
        state, rows = g.const(np.zeros((1, 1, size))), []
        slopes = [g.weight(size) for _ in range(2)]
        for t in range(steps):
            own, f = cut(g, new, 1, t, t + 1), cut(g, kept, 1, t, t + 1)
            f = g.op("Sigmoid", g.op("Add", f, g.op("Mul", slopes[0], state)))
            r = g.op("Add", cut(g, through, 1, t, t + 1), g.op("Mul", slopes[1], state))
            state = g.op("Add", own, g.op("Mul", f, g.op("Sub", state, own)))
            r = g.op("Sigmoid", r)
            old = cut(g, x, 1, t, t + 1)
            rows.append(g.op("Add", old, g.op("Mul", r, g.op("Sub", state, old))))
        x = g.op("Concat", *rows, axis=1)
    return linear(g, x, size, 64)


def cell(g: Builder, x: str, inputs: int, hidden: int) -> list[str]:
    """One step of an LSTM in plain ops; hidden and cell state."""
    old, memory = g.input(1, hidden), g.input(1, hidden)
    gates = g.op("Add", linear(g, x, inputs, 4 * hidden), linear(g, old, hidden, 4 * hidden))
    i, o, f, c = g.op("Split", gates, count=4, axis=1)
    i, o, f = (g.op("Sigmoid", t) for t in (i, o, f))
    memory = g.op("Add", g.op("Mul", f, memory), g.op("Mul", i, g.op("Tanh", c)))
    return [g.op("Mul", o, g.op("Tanh", memory)), memory]


def told_step(g: Builder, letters: int, hidden: int) -> list[str]:
    """Tacotron 2's decoder: pre-net, two LSTM cells, attention by place (32 filters of 31 over its past), 80 bands."""
    x = g.op("Relu", linear(g, g.op("Relu", linear(g, g.input(1, 80), 80, 256)), 256, 256))
    context, text = g.input(1, 512), g.input(1, letters, 512)
    first, memory = cell(g, g.op("Concat", x, context, axis=1), 768, hidden)
    past = g.op("Conv", g.input(1, 2, letters), g.weight(32, 2, 31), pads=[15, 15])
    place = linear(g, g.op("Transpose", past, perm=[0, 2, 1]), 32, 128, False)
    asked = g.op("Unsqueeze", linear(g, first, hidden, 128, False), g.const([1]))
    scores = g.op("Tanh", g.op("Add", g.op("Add", asked, place), g.input(1, letters, 128)))
    weights = g.op("Softmax", g.op("Squeeze", linear(g, scores, 128, 1, False), g.const([2])), axis=1)
    context = g.op("Squeeze", g.op("MatMul", g.op("Unsqueeze", weights, g.const([1])), text), g.const([1]))
    second, last = cell(g, g.op("Concat", first, context, axis=1), hidden + 512, hidden)
    both = g.op("Concat", second, context, axis=1)
    frame, stop = linear(g, both, hidden + 512, 80), g.op("Sigmoid", linear(g, both, hidden + 512, 1))
    return [frame, stop, first, memory, second, last, weights, context]


HEARD_AND_TOLD = {
    "deepspeech2_64": ("recurrent", lambda g: heard(g, 64, 400)),
    "rnnt_40_12": ("recurrent", lambda g: transduced(g, 40, 12, 320)),
    "sru_t32": ("recurrent", lambda g: light_recursion(g, 32, 512, 2)),
    "tacotron2_step_90": ("recurrent", lambda g: told_step(g, 90, 1024)),
}
