"""Recurrences: sleep staged, a dreamer's states, a piano heard, a voice sample by sample."""

from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.layers import conv_relu, layernorm, silu


def tinysleepnet(g: Builder, t: int, n: int = 3000, c: int = 128) -> str:
    """TinySleepNet: each half minute of EEG convolved, an LSTM over T of them."""
    pool = lambda x, k: g.op("MaxPool", x, kernel_shape=[k], strides=[k])
    x = g.op("Conv", g.input(t, 1, n), g.weight(c, 1, 50), g.weight(c), strides=[6], pads=[22, 22])
    x = pool(relu(g, x), 8)
    for a in (c, c, c):
        x = line(g, x, a, c, 7, act=relu)
    x = g.op("Flatten", pool(x, 4), axis=1)
    f = c * (n // 6 // 8 // 4)
    x = g.op("Reshape", x, g.const([t, 1, f]))
    y = g.op(
        "LSTM", x, g.weight(1, 4 * c, f), g.weight(1, 4 * c, c), g.weight(1, 8 * c), count=3, hidden_size=c
    )
    return dense(g, g.op("Reshape", y[0], g.const([t, c])), c, 5)


def rssm(
    g: Builder, n: int, steps: int = 3, d: int = 512, u: int = 512, k: int = 32, acts: int = 6
) -> list[str]:
    """DreamerV3's small model imagining: N states, three steps of a normed GRU, its prior and the reward."""
    h, z, outs = g.input(n, d), g.input(n, k * k), []
    ws = [
        g.weight(k * k + acts, u),
        g.weight(u + d, 3 * d),
        g.weight(d, u),
        g.weight(u, k * k),
        g.weight(d + k * k, u),
        g.weight(u, 255),
    ]
    for _ in range(steps):
        x = silu(g, layernorm(g, g.op("MatMul", concat(g, z, g.input(n, acts)), ws[0]), u))
        parts = layernorm(g, g.op("MatMul", concat(g, x, h), ws[1]), 3 * d)
        r, c, m = g.op("Split", parts, g.const([d] * 3), count=3, axis=1)
        c = g.op("Tanh", g.op("Mul", g.op("Sigmoid", r), c))
        m = g.op("Sigmoid", g.op("Sub", m, g.const(1.0)))
        h = g.op("Add", g.op("Mul", m, c), g.op("Mul", g.op("Sub", g.const(1.0), m), h))
        p = g.op("MatMul", silu(g, layernorm(g, g.op("MatMul", h, ws[2]), u)), ws[3])
        p = g.op("Softmax", g.op("Reshape", p, g.const([n, k, k])), axis=-1)
        p = g.op("Add", g.op("Mul", p, g.const(0.99)), g.const(0.01 / k))
        z = g.op("Reshape", p, g.const([n, k * k]))
        y = silu(g, layernorm(g, g.op("MatMul", concat(g, h, z), ws[4]), u))
        outs.append(g.op("MatMul", y, ws[5]))
    return [h, z, *outs]


def onsets_and_frames(g: Builder, t: int, mel: int = 229, size: int = 768) -> list[str]:
    """Onsets and Frames: two stacks of convolutions, two LSTMs of both directions, 88 keys."""

    def stack() -> str:
        y = conv_relu(g, conv_relu(g, i, 1, 48, 3), 48, 48, 3)
        y = g.op("MaxPool", y, kernel_shape=[1, 2], strides=[1, 2])
        y = g.op("MaxPool", conv_relu(g, y, 48, 96, 3), kernel_shape=[1, 2], strides=[1, 2])
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([1, t, 96 * (mel // 4)]))
        return product(g, y, 96 * (mel // 4), size)

    def both(x: str, a: int, h: int) -> str:
        x = g.op("Transpose", x, perm=[1, 0, 2])
        ws = g.weight(2, 4 * h, a), g.weight(2, 4 * h, h), g.weight(2, 8 * h)
        y = g.op("LSTM", x, *ws, count=3, hidden_size=h, direction="bidirectional")[0]
        return g.op("Reshape", g.op("Transpose", y, perm=[2, 0, 1, 3]), g.const([1, t, 2 * h]))

    i = g.input(1, 1, t, mel)
    onset = g.op("Sigmoid", product(g, both(stack(), size, size // 2), size, 88))
    act = g.op("Sigmoid", product(g, stack(), size, 88))
    y = both(concat(g, onset, act, axis=2), 176, size // 2)
    return [onset, g.op("Sigmoid", product(g, y, size, 88))]


def lpcnet(g: Builder, t: int) -> str:
    """LPCNet: a frame's features, then T samples through GRUs of 384 and 16 and two softened products."""
    f = g.op("Transpose", g.input(1, 5, 102), perm=[0, 2, 1])
    for a in (102, 128):
        f = g.op("Tanh", g.op("Conv", f, g.weight(128, a, 3), g.weight(128)))
    f = g.op("Transpose", f, perm=[0, 2, 1])
    for _ in range(2):
        f = g.op("Tanh", product(g, f, 128, 128))
    f = g.op("Expand", f, g.const([1, t, 128]))
    ids = g.input(1, t, 3, dtype=TensorProto.INT64)
    x = g.op("Reshape", g.op("Gather", g.weight(256, 128), ids), g.const([1, t, 384]))
    x = concat(g, x, f, axis=2)

    def gru(x: str, a: int, h: int) -> str:
        ws = g.weight(1, 3 * h, a), g.weight(1, 3 * h, h), g.weight(1, 6 * h)
        y = g.op(
            "GRU", g.op("Transpose", x, perm=[1, 0, 2]), *ws, count=2, hidden_size=h, linear_before_reset=1
        )[0]
        return g.op("Transpose", g.op("Reshape", y, g.const([t, 1, h])), perm=[1, 0, 2])

    y = gru(concat(g, gru(x, 512, 384), f, axis=2), 512, 16)
    two = [g.op("Mul", g.op("Tanh", product(g, y, 16, 256)), g.weight(256)) for _ in range(2)]
    return g.op("Softmax", g.op("Add", *two), axis=-1)


LATEST_RECURRENT = {
    "tinysleepnet_t20": ("recurrent", lambda g: tinysleepnet(g, 20)),
    "rssm_b16": ("recurrent", lambda g: rssm(g, 16)),
    "onsets_frames_t64": ("recurrent", lambda g: onsets_and_frames(g, 64)),
    "lpcnet_t160": ("recurrent", lambda g: lpcnet(g, 160)),
}  # fmt: skip
