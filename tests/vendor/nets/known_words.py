"""Text: BERT's kin in batches, VITS' text encoder."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import mlp, product, relu
from tests.vendor.nets.layers import embedding, layernorm


def bert_batch(g: Builder, b: int, n: int, h: int, layers: int, inner: int) -> str:
    """BERT on several texts with a padding mask; the pooler's row."""
    d = 64 * h
    ids = g.op("Gather", g.weight(30522, d), g.input(b, n, dtype=TensorProto.INT64))
    x = layernorm(g, g.op("Add", g.op("Add", ids, g.weight(1, 1, d)), g.weight(1, n, d)), d)
    m = g.op("Cast", g.input(b, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    m = g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", m, g.const([1, 2]))), g.const(-65504.0))
    for _ in range(layers):
        q, k, v = (
            g.op("Transpose", g.op("Reshape", product(g, x, d, d), g.const([b, n, h, 64])), perm=[0, 2, 1, 3])
            for _ in range(3)
        )
        s = g.op("Div", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(8.0))
        y = g.op("MatMul", g.op("Softmax", g.op("Add", s, m), axis=-1), v)
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([b, n, d]))
        x = layernorm(g, g.op("Add", product(g, y, d, d), x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, inner), x), d)
    y = g.op("Gather", x, g.const(np.array(0)), axis=1)
    return g.op("Tanh", g.op("Gemm", y, g.weight(d, d), g.weight(d), transB=1))


def vits_text(g: Builder, n: int, layers: int, d: int = 192, h: int = 2) -> str:
    """VITS' text encoder on [1, C, L]: 1x1 products, a feed-forward of windows of 3, norms over channels."""
    line = lambda x, a, b, k=1: g.op("Conv", x, g.weight(b, a, k), g.weight(b), pads=[k // 2] * 2)

    def norm(x):
        y = layernorm(g, g.op("Transpose", x, perm=[0, 2, 1]), d)
        return g.op("Transpose", y, perm=[0, 2, 1])

    x, w = g.op("Transpose", embedding(g, 178, d, n), perm=[0, 2, 1]), d // h
    for _ in range(layers):
        q, k, v = (
            g.op("Transpose", g.op("Reshape", line(x, d, d), g.const([1, h, w, n])), perm=[0, 1, 3, 2])
            for _ in range(3)
        )
        q = g.op("Mul", q, g.const(w**-0.5))
        s = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
        y = g.op("Reshape", g.op("Transpose", g.op("MatMul", s, v), perm=[0, 1, 3, 2]), g.const([1, d, n]))
        x = norm(g.op("Add", x, line(y, d, d)))
        x = norm(g.op("Add", x, line(relu(g, line(x, d, 4 * d, 3)), 4 * d, d, 3)))
    return line(x, d, 2 * d)


KNOWN_WORDS = {
    "bert_b8_64_x2": ("transformer", lambda g: bert_batch(g, 8, 64, 12, 2, 3072)),
    "minilm_b4_96_x3": ("transformer", lambda g: bert_batch(g, 4, 96, 6, 3, 1536)),
    "vits_text_120_x4": ("transformer", lambda g: vits_text(g, 120, 4)),
}  # fmt: skip
