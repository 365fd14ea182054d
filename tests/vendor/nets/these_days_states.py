"""States: a layer of Sana's linear attention, prompts of LFM2 and Falcon-H1, a token of Codestral Mamba and Griffin."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.alternating_states import local_step
from tests.vendor.nets.everyday_diffusion import cross
from tests.vendor.nets.everyday_pieces import product, relu
from tests.vendor.nets.everyday_states import falcon_h1
from tests.vendor.nets.grouped_states import Grouped, grouped_token
from tests.vendor.nets.layers import conv, cut, silu
from tests.vendor.nets.nowadays_states import lfm2
from tests.vendor.nets.state_space import Sizes


def sana(g: Builder, side: int, d: int = 1152, w: int = 32, text: int = 300, inner: int = 2880) -> str:
    """A layer of Sana 0.6B: linear attention in float32, attention to text, a gated 3x3 between products."""
    n, h = side * side, d // w
    x, t, c = g.input(1, n, d), g.input(1, 6, d), g.input(1, text, d)
    ms = g.op("Split", g.op("Add", g.weight(1, 6, d), t), count=6, axis=1)
    ones, zeros = g.const(np.ones(d)), g.const(np.zeros(d))

    def moved(x: str, s: str, b: str) -> str:
        y = g.op("LayerNormalization", x, ones, zeros, axis=-1, epsilon=1e-6)
        return g.op("Add", g.op("Mul", y, g.op("Add", s, g.const(1.0))), b)

    y = moved(x, ms[1], ms[0])
    rows = lambda: g.op("Transpose", product(g, y, d, d, False), perm=[0, 2, 1])
    q, k, v = (g.op("Reshape", rows(), g.const([1, h, w, n])) for _ in range(3))
    k = relu(g, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    q, k, v = (g.op("Cast", s, to=TensorProto.FLOAT) for s in (relu(g, q), k, v))
    v = g.op("Pad", v, g.const([0, 0, 0, 0, 0, 0, 1, 0]), g.const(np.float32(1)))
    y = g.op("MatMul", g.op("MatMul", v, k), q)
    y = g.op("Div", cut(g, y, 2, 0, w), g.op("Add", cut(g, y, 2, w, w + 1), g.const(np.float32(1e-15))))
    y = g.op("Transpose", g.op("Reshape", y, g.const([1, d, n])), perm=[0, 2, 1])
    y = product(g, g.op("Cast", y, to=TensorProto.FLOAT16), d, d)
    x = g.op("Add", x, g.op("Mul", ms[2], y))
    x = g.op("Add", cross(g, x, c, n, text, d, d, 16, d // 16), x)
    y = g.op("Reshape", moved(x, ms[4], ms[3]), g.const([1, side, side, d]))
    y = silu(g, conv(g, g.op("Transpose", y, perm=[0, 3, 1, 2]), d, 2 * inner, 1))
    a, b = g.op(
        "Split", conv(g, y, 2 * inner, 2 * inner, 3, 1, 2 * inner), g.const([inner] * 2), count=2, axis=1
    )
    y = conv(g, g.op("Mul", a, silu(g, b)), inner, d, 1, bias=False)
    y = g.op("Transpose", g.op("Reshape", y, g.const([1, d, n])), perm=[0, 2, 1])
    return g.op("Add", x, g.op("Mul", ms[5], y))


THESE_DAYS_STATES = {
    "sana_06b_32_x1": ("SSM", lambda g: sana(g, 32)),
    "recurrentgemma_step_2048": ("SSM", lambda g: local_step(g, 2560, 10, 2048)),
    "lfm2_700m_L512": ("SSM", lambda g: lfm2(g, 512, 1536, 6912, 24, 8)),
    "falcon_h1_05b_L512": ("SSM", lambda g: falcon_h1(g, 512, Sizes(1024, 24, 64, 128, 128), 8, 2, 64, 2048)),
    "codestral_mamba_step_x1": ("SSM", lambda g: grouped_token(g, Grouped(4096, 128, 64, 8, 128), 1)),
}  # fmt: skip
