"""Words and series: FNet, XLNet, words and a picture in one by ViLT, series by PatchTSMixer."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import unpadded
from tests.vendor.nets.everyday_pieces import concat, mlp, product
from tests.vendor.nets.layers import cut, gelu, gelu_tanh, layernorm
from tests.vendor.nets.newest_sight import tokens
from tests.vendor.nets.recent_pieces import attn


def fnet(g: Builder, b: int, n: int, layers: int = 4, d: int = 768, words: int = 32000) -> str:
    """FNet (layers of 12 cut): in place of attention two Fourier transforms, as products; their real part."""
    ids, kinds = (g.input(b, n, dtype=TensorProto.INT64) for _ in range(2))
    x = g.op("Add", g.op("Gather", g.weight(words, d), ids), g.op("Gather", g.weight(4, d), kinds))
    x = product(g, layernorm(g, g.op("Add", x, g.weight(1, n, d)), d), d, d)

    def waves(k: int) -> tuple[str, str]:
        at = 2 * np.pi * np.outer(np.arange(k), np.arange(k)) / k
        return g.const(np.cos(at)), g.const(np.sin(at))

    (along_cos, along_sin), (cos, sin) = waves(n), waves(d)
    for _ in range(layers):
        real = g.op("MatMul", along_cos, g.op("MatMul", x, cos))
        y = g.op("Sub", real, g.op("MatMul", along_sin, g.op("MatMul", x, sin)))
        x = layernorm(g, g.op("Add", x, y), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, 4 * d, gelu_tanh), x), d)
    return g.op("Tanh", dense(g, g.op("Gather", x, g.const(np.array(0)), axis=1), d, d))


def xlnet(g: Builder, n: int, layers: int = 2, d: int = 768, h: int = 12) -> str:
    """XLNet (layers of 12 cut): attention to words and to how far they lie, those shifted row by row."""
    w = d // h
    x = g.op("Gather", g.weight(32000, d), g.input(1, n, dtype=TensorProto.INT64))
    x = g.op("Transpose", x, perm=[1, 0, 2])
    there = g.op("Reshape", g.input(1, n), g.const([1, 1, 1, n]))
    away = g.op("Mul", g.op("Sub", g.const(1.0), there), g.const(-65504.0))
    far = g.weight(2 * n, 1, d)

    def split(t: str, length: int) -> str:
        y = g.op("Reshape", g.op("MatMul", t, g.weight(d, d)), g.const([length, 1, h, w]))
        return g.op("Transpose", y, perm=[1, 2, 0, 3])

    for _ in range(layers):
        q, k, v, r = (split(t, m) for t, m in ((x, n), (x, n), (x, n), (far, 2 * n)))
        turned = lambda t: g.op("Transpose", t, perm=[0, 1, 3, 2])
        ac = g.op("MatMul", g.op("Add", q, g.weight(1, h, 1, w)), turned(k))
        bd = g.op("MatMul", g.op("Add", q, g.weight(1, h, 1, w)), turned(r))
        bd = cut(g, g.op("Reshape", bd, g.const([1, h, 2 * n, n])), 2, 1, 2 * n)
        bd = cut(g, g.op("Reshape", bd, g.const([1, h, n, 2 * n - 1])), 3, 0, n)
        s = g.op("Mul", g.op("Add", ac, bd), g.const(w**-0.5))
        o = g.op("MatMul", g.op("Softmax", g.op("Add", s, away), axis=-1), v)
        o = g.op("Reshape", g.op("Transpose", o, perm=[2, 0, 1, 3]), g.const([n, 1, d]))
        x = layernorm(g, g.op("Add", g.op("MatMul", o, g.weight(d, d)), x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, 4 * d), x), d)
    return g.op("Transpose", x, perm=[1, 0, 2])


def vilt(g: Builder, e: int, words: int = 40, layers: int = 3, d: int = 768, classes: int = 3129) -> str:
    """ViLT-B/32 (layers of 12 cut): a question's words and a picture's patches in one sequence; the answer."""
    n = (e // 32) ** 2
    text = g.op("Gather", g.weight(30522, d), g.input(1, words, dtype=TensorProto.INT64))
    text = g.op("Add", layernorm(g, g.op("Add", text, g.weight(1, words, d)), d), g.weight(1, 1, d))
    sight = tokens(g, unpadded(g, g.input(1, 3, e, e), 3, d, 32, 32), d, n)
    sight = g.op("Add", concat(g, g.weight(1, 1, d), sight), g.weight(1, n + 1, d))
    x, total = concat(g, text, g.op("Add", sight, g.weight(1, 1, d))), words + n + 1
    mask = g.op("Mul", g.op("Sub", g.const(1.0), g.input(1, 1, 1, total)), g.const(-65504.0))
    for _ in range(layers):
        x = g.op("Add", x, attn(g, layernorm(g, x, d), total, d, 12, mask))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    y = g.op("Gather", layernorm(g, x, d), g.const(np.array(0)), axis=1)
    y = dense(g, g.op("Tanh", dense(g, y, d, d)), d, 2 * d)
    return dense(g, gelu(g, layernorm(g, y, 2 * d)), 2 * d, classes)


def mixer(
    g: Builder, n: int, series: int = 7, patch: int = 16, d: int = 64, layers: int = 8, ahead: int = 96
) -> str:
    """PatchTSMixer: products over patches and over channels, each gated by a softmax; what comes next."""
    m = n // patch
    x = g.input(1, n, series)
    mean = g.op("ReduceMean", x, axes=[1], keepdims=1)
    y = g.op("Sub", x, mean)
    var = g.op("ReduceMean", g.op("Mul", y, y), axes=[1], keepdims=1)
    std = g.op("Sqrt", g.op("Add", var, g.const(1e-4)))
    y = g.op("Transpose", g.op("Div", y, std), perm=[0, 2, 1])
    x = product(g, g.op("Reshape", y, g.const([1, series, m, patch])), patch, d)

    def mixed(t: str, k: int) -> str:
        t = mlp(g, t, k, 2 * k)
        return g.op("Mul", t, g.op("Softmax", product(g, t, k, k), axis=-1))

    for _ in range(layers):
        y = g.op("Transpose", layernorm(g, x, d), perm=[0, 1, 3, 2])
        x = g.op("Add", x, g.op("Transpose", mixed(y, m), perm=[0, 1, 3, 2]))
        x = g.op("Add", x, mixed(layernorm(g, x, d), d))
    y = product(g, g.op("Reshape", x, g.const([1, series, m * d])), m * d, ahead)
    return g.op("Add", g.op("Mul", g.op("Transpose", y, perm=[0, 2, 1]), std), mean)


OF_LATE_WORDS = {
    "patchtsmixer_512": ("transformer", lambda g: mixer(g, 512)),
    "xlnet_128": ("transformer", lambda g: xlnet(g, 128)),
    "fnet_b2_128": ("transformer", lambda g: fnet(g, 2, 128)),
    "vilt_b32_384": ("transformer", lambda g: vilt(g, 384)),
}  # fmt: skip
