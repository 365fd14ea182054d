"""States that the tables have not: S-Mamba's series, Vision-LSTM, Phi-4-mini-flash's token; others."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import unpadded
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.everyday_states import gqa, swiglu, zamba2_step
from tests.vendor.nets.known_states import mamba1_step_b
from tests.vendor.nets.layers import conv, cut, embedding, heads, joined, layernorm, linear, silu
from tests.vendor.nets.newest_sight import tokens
from tests.vendor.nets.newest_states import taps
from tests.vendor.nets.state_space import Sizes, mamba2


def s_mamba(g: Builder, series: int, layers: int = 1, length: int = 96, d: int = 512, n: int = 16) -> str:
    """S-Mamba: a token a series, a scan along them both ways, unrolled; a feed-forward of lines."""
    back = g.const(np.arange(series)[::-1].copy())
    mean = lambda t: g.op("ReduceMean", t, axes=[1], keepdims=1)

    def scan(x: str, i: int, rank: int) -> str:
        xz = g.op("Transpose", linear(g, x, d, 2 * i, False), perm=[0, 2, 1])
        h, z = g.op("Split", xz, g.const([i, i]), count=2, axis=1)
        h = g.op("Conv", h, g.weight(i, 1, 2), g.weight(i), group=i, pads=[1, 1])
        h = silu(g, cut(g, h, 2, 0, series))
        p = linear(g, g.op("Transpose", h, perm=[0, 2, 1]), i, rank + 2 * n, False)
        dt, b, c = g.op("Split", p, g.const([rank, n, n]), count=3, axis=2)
        dt = g.op("Transpose", g.op("Softplus", product(g, dt, rank, i)), perm=[0, 2, 1])
        dt = g.op("Unsqueeze", dt, g.const([3]))
        fall = g.op("Exp", g.op("Mul", dt, g.const(-np.tile(np.arange(1.0, n + 1), (i, 1))[None, :, None])))
        u = g.op("Mul", dt, g.op("Unsqueeze", b, g.const([1])))
        u = g.op("Mul", u, g.op("Unsqueeze", h, g.const([3])))
        s, ys = "", []
        for t in range(series):
            k = g.const(np.array(t))
            new = g.op("Gather", u, k, axis=2)
            s = g.op("Add", g.op("Mul", g.op("Gather", fall, k, axis=2), s), new) if s else new
            ys.append(g.op("MatMul", s, g.op("Unsqueeze", g.op("Gather", c, k, axis=1), g.const([2]))))
        y = g.op("Add", concat(g, *ys, axis=2), g.op("Mul", h, g.weight(1, i, 1)))
        y = g.op("Transpose", g.op("Mul", y, silu(g, z)), perm=[0, 2, 1])
        return linear(g, y, i, d, False)

    x = g.input(1, length, series)
    m = mean(x)
    x = g.op("Sub", x, m)
    spread = g.op("Sqrt", g.op("Add", mean(g.op("Mul", x, x)), g.const(1e-5)))
    x = product(g, g.op("Transpose", g.op("Div", x, spread), perm=[0, 2, 1]), length, d)
    for _ in range(layers):
        other = g.op("Gather", scan(g.op("Gather", x, back, axis=1), d, d // 16), back, axis=1)
        x = layernorm(g, g.op("Add", x, g.op("Add", scan(x, d, d // 16), other)), d)
        x = layernorm(g, g.op("Add", x, mlp(g, x, d, d, relu)), d)
    y = g.op("Transpose", product(g, layernorm(g, x, d), d, length), perm=[0, 2, 1])
    return g.op("Add", g.op("Mul", y, spread), m)


def vision_lstm(g: Builder, layers: int = 2, e: int = 14, d: int = 192, h: int = 4) -> str:
    """Vision-LSTM (ViL-T): every other mLSTM reads the 196 patches from behind; windows of 3 x 3 before each."""
    n, i = e * e, 2 * d
    w, back = i // h, g.const(np.arange(n)[::-1].copy())
    x = unpadded(g, g.input(1, 3, 16 * e, 16 * e), 3, d, 16, 16)
    x = g.op("Add", tokens(g, x, d, n), g.weight(1, n, d))
    for k in range(layers):
        y = layernorm(g, x, d)
        y = g.op("Gather", y, back, axis=1) if k % 2 else y
        path, gate = g.op("Split", linear(g, y, d, 2 * i), g.const([i, i]), count=2, axis=2)
        t = g.op("Reshape", g.op("Transpose", path, perm=[0, 2, 1]), g.const([1, i, e, e]))
        t = silu(g, tokens(g, conv(g, t, i, i, 3, 1, i), i, n))
        q, key, v = (heads(g, linear(g, u, i, i), n, h, w) for u in (t, t, path))
        all_three = concat(g, t, t, path, axis=2)
        opened, kept = (g.op("Transpose", linear(g, all_three, 3 * i, h), perm=[0, 2, 1]) for _ in range(2))
        total = g.op("CumSum", g.op("Log", g.op("Sigmoid", kept)), g.const(np.array(2)))
        falls = g.op("Sub", g.op("Unsqueeze", total, g.const([3])), g.op("Unsqueeze", total, g.const([2])))
        falls = g.op("Where", g.const(np.tri(n, dtype=bool)), falls, g.const(-65504.0))
        falls = g.op("Add", falls, g.op("Unsqueeze", opened, g.const([2])))
        most = g.op("ReduceMax", falls, axes=[3], keepdims=1)
        s = g.op("MatMul", q, g.op("Transpose", g.op("Mul", key, g.const(w**-0.5)), perm=[0, 1, 3, 2]))
        s = g.op("Mul", s, g.op("Exp", g.op("Sub", falls, most)))
        norm = g.op("Abs", g.op("ReduceSum", s, g.const([3]), keepdims=1))
        norm = g.op("Max", norm, g.op("Exp", g.op("Neg", most)))
        y = layernorm(g, g.op("MatMul", g.op("Div", s, norm), v), w)
        y = g.op("Add", joined(g, y, n, i), g.op("Mul", t, g.weight(i)))
        y = linear(g, g.op("Mul", y, silu(g, gate)), i, d)
        x = g.op("Add", x, g.op("Gather", y, back, axis=1) if k % 2 else y)
    return linear(g, layernorm(g, g.op("ReduceMean", x, axes=[1], keepdims=0), d), d, 1000)


def phi_flash_step(g: Builder, past: int, d: int = 2560, h: int = 40, inner: int = 10240) -> list[str]:
    """Phi-4-mini-flash: a token through Mamba, a gate on its memory, attention to a cache, SwiGLU behind each."""
    i, rank, n = 2 * d, d // 16, 16
    norm = lambda t: layernorm(g, t, d)
    x = embedding(g, 1024, d, 1)
    u, z = g.op("Split", linear(g, norm(x), d, 2 * i, False), g.const([i, i]), count=2, axis=2)
    u, kept = taps(g, u, i)
    u = silu(g, u)
    dt, b, c = g.op("Split", linear(g, u, i, rank + 2 * n, False), g.const([rank, n, n]), count=3, axis=1)
    dt = g.op("Unsqueeze", g.op("Softplus", product(g, dt, rank, i)), g.const([2]))
    fall = g.op("Exp", g.op("Mul", dt, g.const(-np.tile(np.arange(1.0, n + 1), (i, 1)))))
    new = g.op("Mul", g.op("Mul", dt, g.op("Unsqueeze", b, g.const([1]))), g.op("Unsqueeze", u, g.const([2])))
    s = g.op("Add", g.op("Mul", g.input(1, i, n), fall), new)
    m = g.op("Squeeze", g.op("MatMul", s, g.op("Unsqueeze", c, g.const([2]))), g.const([2]))
    m = g.op("Unsqueeze", g.op("Add", m, g.op("Mul", u, g.weight(i))), g.const([1]))
    x = g.op("Add", x, linear(g, g.op("Mul", m, silu(g, z)), i, d, False))
    x = g.op("Add", x, swiglu(g, norm(x), d, inner))
    x = g.op("Add", x, linear(g, g.op("Mul", silu(g, linear(g, norm(x), d, i, False)), m), i, d, False))
    x = g.op("Add", x, swiglu(g, norm(x), d, inner))
    y, caches = gqa(g, norm(x), d, d, 1, h, h // 2, d // h, past)
    x = g.op("Add", x, y)
    x = g.op("Add", x, swiglu(g, norm(x), d, inner))
    return [linear(g, norm(x), d, 1024, False), s, kept, *caches]


LATELY_STATES = {
    "s_mamba_weather_96": ("SSM", lambda g: s_mamba(g, 21)),
    "mamba1_370m_step_b8": ("SSM", lambda g: mamba1_step_b(g, 8, 1024, 2)),
    "zamba2_2b7_step_1024": ("SSM", lambda g: zamba2_step(g, Sizes(2560, 80, 64, 64), 1024, 32)),
    "vil_t_224_x2": ("SSM", lambda g: vision_lstm(g)),
    "mamba2_370m_c128_L640": ("SSM", lambda g: mamba2(g, 640, Sizes(1024, 32, 64, 128, 128))),
    "phi4_flash_step_1536": ("SSM", lambda g: phi_flash_step(g, 1536)),
}  # fmt: skip
