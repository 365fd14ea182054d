"""Words: sentences and their likeness, SqueezeBERT, a step of Whisper, lines of text."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.current_pieces import turned
from tests.vendor.nets.everyday_pieces import mlp, product, relu
from tests.vendor.nets.layers import conv_relu, embedding, gelu, layernorm, linear
from tests.vendor.nets.sequences import recurrent
from tests.vendor.nets.sound import speech_step


def minilm(g: Builder, b: int, n: int, layers: int, d: int = 384, h: int = 12) -> str:
    """MiniLM sentence embeddings of several texts: mean of the words that are there, length one."""
    w = d // h
    ids = g.op("Gather", g.weight(30522, d), g.input(b, n, dtype=TensorProto.INT64))
    x = layernorm(g, g.op("Add", g.op("Add", ids, g.weight(1, 1, d)), g.weight(1, n, d)), d)
    m = g.op("Cast", g.input(b, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    mk = g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", m, g.const([1, 2]))), g.const(-65504.0))
    for _ in range(layers):
        q, k, v = (
            g.op("Transpose", g.op("Reshape", product(g, x, d, d), g.const([b, n, h, w])), perm=[0, 2, 1, 3])
            for _ in range(3)
        )
        s = g.op("Add", g.op("Div", g.op("MatMul", q, turned(g, k)), g.const(w**0.5)), mk)
        y = g.op("Transpose", g.op("MatMul", g.op("Softmax", s, axis=-1), v), perm=[0, 2, 1, 3])
        x = layernorm(g, g.op("Add", product(g, g.op("Reshape", y, g.const([b, n, d])), d, d), x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, 4 * d), x), d)
    mm = g.op("Unsqueeze", m, g.const([2]))
    y = g.op("ReduceSum", g.op("Mul", x, mm), g.const([1]), keepdims=0)
    y = g.op("Div", y, g.op("Clip", g.op("ReduceSum", mm, g.const([1]), keepdims=0), g.const(1e-4)))
    return g.op("Div", y, g.op("Clip", g.op("ReduceL2", y, axes=[-1], keepdims=1), g.const(1e-4)))


def squeezebert(g: Builder, n: int, layers: int, d: int = 768, h: int = 12) -> str:
    """SqueezeBERT: products as convolutions of four groups along the words, norms over channels behind turns."""
    w = d // h

    def c1(x, a, b, gr):
        return g.op("Conv", x, g.weight(b, a // gr, 1), g.weight(b), group=gr)

    def norm(x):
        return g.op("Transpose", layernorm(g, g.op("Transpose", x, perm=[0, 2, 1]), d), perm=[0, 2, 1])

    x = layernorm(
        g, g.op("Add", g.op("Add", embedding(g, 30528, d, n), g.weight(1, 1, d)), g.weight(1, n, d)), d
    )
    x = g.op("Transpose", x, perm=[0, 2, 1])
    m = g.op("Cast", g.input(1, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    mk = g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", m, g.const([1, 2]))), g.const(-65504.0))
    for _ in range(layers):
        q, k, v = (g.op("Reshape", c1(x, d, d, 4), g.const([1, h, w, n])) for _ in range(3))
        q, v = turned(g, q), turned(g, v)
        s = g.op("Add", g.op("Div", g.op("MatMul", q, k), g.const(w**0.5)), mk)
        y = g.op("MatMul", g.op("Softmax", s, axis=-1), v)
        y = g.op("Reshape", turned(g, y), g.const([1, d, n]))
        x = norm(g.op("Add", c1(y, d, d, 1), x))
        y = c1(gelu(g, c1(x, d, 4 * d, 4)), 4 * d, d, 4)
        x = norm(g.op("Add", y, x))
    y = g.op("Gather", g.op("Transpose", x, perm=[0, 2, 1]), g.const(np.array(0)), axis=1)
    return dense(g, g.op("Tanh", dense(g, y, d, d)), d, 3)


def easyocr(g: Builder, h: int = 64, w: int = 256, hidden: int = 256, letters: int = 97) -> str:
    """EasyOCR's second generation: a narrow VGG, mean over height, two LSTMs of both directions, products between."""
    pool = lambda x, k: g.op("MaxPool", x, kernel_shape=list(k), strides=list(k))
    x = pool(conv_relu(g, g.input(1, 1, h, w), 1, 32, 3), (2, 2))
    x = pool(conv_relu(g, x, 32, 64, 3), (2, 2))
    x = pool(conv_relu(g, conv_relu(g, x, 64, 128, 3), 128, 128, 3), (2, 1))
    x = pool(conv_relu(g, conv_relu(g, x, 128, 256, 3), 256, 256, 3), (2, 1))
    x = relu(g, g.op("Conv", x, g.weight(256, 256, 2, 2), g.weight(256)))
    t = w // 4 - 1
    x = g.op("ReduceMean", g.op("Transpose", x, perm=[0, 3, 1, 2]), axes=[3], keepdims=0)
    x = g.op("Transpose", x, perm=[1, 0, 2])
    for _ in range(2):
        ws = [g.weight(2, 4 * hidden, 256), g.weight(2, 4 * hidden, hidden), g.weight(2, 8 * hidden)]
        y = linear(g, recurrent(g, "LSTM", x, ws, hidden, True, t, 2), 2 * hidden, 256)
        x = g.op("Transpose", y, perm=[1, 0, 2])
    return product(g, y, 256, letters)


CURRENT_WORDS = {
    "minilm_b8_64_x3": ("transformer", lambda g: minilm(g, 8, 64, 3)),
    "squeezebert_128_x3": ("transformer", lambda g: squeezebert(g, 128, 3)),
    "whisper_medium_step_224_x1": ("transformer", lambda g: speech_step(g, 16, 223, 1500, 1)),
    "easyocr_crnn_64x256": ("recurrent", lambda g: easyocr(g)),
}  # fmt: skip
