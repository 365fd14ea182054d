"""States: a prompt of LFM2, gated delta nets of Qwen3-Next's width, small hybrids by the token."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import rot
from tests.vendor.nets.everyday_states import swiglu
from tests.vendor.nets.latest_states import gated_delta
from tests.vendor.nets.layers import attend, cut, embedding, joined, linear, rmsnorm
from tests.vendor.nets.newest_states import falcon_h1_step
from tests.vendor.nets.state_space import Sizes, mamba2
from tests.vendor.nets.usual_words import hybrid_step


def causal(g: Builder, y: str, n: int, d: int, h: int, kv: int) -> str:
    """Attention whose queries and keys are normed, turned, shared by groups, and see what was before them."""
    w = d // h
    cos, sin = g.weight(1, 1, n, w), g.weight(1, 1, n, w)

    def split(count: int, normed: bool) -> str:
        t = g.op("Reshape", linear(g, y, d, count * w, False), g.const([1, n, count, w]))
        t = g.op("Transpose", rmsnorm(g, t, w) if normed else t, perm=[0, 2, 1, 3])
        t = rot(g, t, cos, sin, w) if normed else t
        if count == h:
            return t
        t = g.op("Expand", g.op("Unsqueeze", t, g.const([2])), g.const([1, kv, h // kv, n, w]))
        return g.op("Reshape", t, g.const([1, h, n, w]))

    q, k, v = split(h, True), split(kv, True), split(kv, False)
    mask = g.const(np.where(np.tri(n, dtype=bool), np.float16(0), np.float16(-65504))[None, None])
    return linear(g, joined(g, attend(g, q, k, v, w, mask), n, d), d, d, False)


def lfm2(g: Builder, n: int, d: int, inner: int, h: int, kv: int) -> str:
    """LFM2: two layers of gated short convolutions, one of attention, each before a gated feed-forward."""
    x = embedding(g, 1024, d, n)
    for kind in "cca":
        y = rmsnorm(g, x, d)
        if kind == "a":
            y = causal(g, y, n, d, h, kv)
        else:
            y = g.op("Transpose", linear(g, y, d, 3 * d, False), perm=[0, 2, 1])
            b, c, v = g.op("Split", y, g.const([d] * 3), count=3, axis=1)
            y = g.op("Conv", g.op("Mul", b, v), g.weight(d, 1, 3), group=d, pads=[2, 2])
            y = g.op("Mul", c, cut(g, y, 2, 0, n))
            y = linear(g, g.op("Transpose", y, perm=[0, 2, 1]), d, d, False)
        x = g.op("Add", x, y)
        x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
    return linear(g, cut(g, rmsnorm(g, x, d), 1, n - 1, n), d, 1024, False)


NOWADAYS_STATES = {
    "lfm2_350m_L384": ("SSM", lambda g: lfm2(g, 384, 1024, 4608, 16, 8)),
    "granite_h_350m_step_768": ("SSM", lambda g: hybrid_step(g, Sizes(768, 48, 32, 128), 767, 12, 4, 2048)),
    "falcon_h1_15b_step_1280": (
        "SSM", lambda g: falcon_h1_step(g, Sizes(2048, 48, 64, 256), 1280, 8, 2, 128, 4096)
    ),
    "mamba2_780m_L1024": ("SSM", lambda g: mamba2(g, 1024, Sizes(1536, 48, 64, 128, 256))),
    "gated_delta_L256_w2048": ("SSM", lambda g: gated_delta(g, 256, 2048, 16, 128, 128)),
}  # fmt: skip
