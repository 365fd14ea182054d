"""Recurrent networks and recommendation: Silero, DCN v2, an LSTM language model, EnCodec's decoder."""

from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, product
from tests.vendor.nets.layers import cut, embedding, linear
from tests.vendor.nets.sequences import recurrent


def silero(g: Builder) -> list[str]:
    """Voice activity: a spectrum by convolution, four convolutions, one LSTM step."""
    x = g.op("Conv", g.input(1, 1, 640), g.weight(258, 1, 256), strides=[128])
    a, b = g.op("Split", x, g.const([129, 129]), count=2, axis=1)
    x = g.op("Sqrt", g.op("Add", g.op("Mul", a, a), g.op("Mul", b, b)))
    ci = 129
    for co, s in ((128, 1), (64, 2), (64, 2), (128, 1)):
        x = g.op("Relu", g.op("Conv", x, g.weight(co, ci, 3), g.weight(co), pads=[1, 1], strides=[s]))
        ci = co
    x = g.op("Transpose", x, perm=[2, 0, 1])
    y = g.op(
        "LSTM",
        x,
        g.weight(1, 512, 128),
        g.weight(1, 512, 128),
        g.weight(1, 1024),
        "",
        g.input(1, 1, 128),
        g.input(1, 1, 128),
        count=3,
        hidden_size=128,
    )
    z = g.op("Relu", g.op("Reshape", y[1], g.const([1, 128, 1])))
    return [g.op("Sigmoid", g.op("Conv", z, g.weight(1, 128, 1), g.weight(1))), y[1], y[2]]


def dcn(g: Builder, batch: int, fields: int, width: int, rows: int) -> str:
    """DCN v2: tables, three crossings, a deep part."""
    d = fields * width + 13
    t = [
        g.op("Gather", g.weight(rows, width), g.input(batch, dtype=TensorProto.INT64)) for _ in range(fields)
    ]
    x0 = x = concat(g, g.input(batch, 13), *t)
    for _ in range(3):
        x = g.op("Add", g.op("Mul", x0, product(g, x, d, d)), x)
    y, ci = x, d
    for co in (768, 512, 256):
        y, ci = g.op("Relu", product(g, y, ci, co)), co
    return g.op("Sigmoid", product(g, concat(g, x, y), d + 256, 1))


def lstm_lm(g: Builder, T: int, d: int, layers: int, vocab: int) -> str:
    """A language model of LSTM layers."""
    x = g.op("Transpose", embedding(g, vocab, d, T), perm=[1, 0, 2])
    for _ in range(layers):
        y = recurrent(
            g,
            "LSTM",
            x,
            [g.weight(1, 4 * d, d), g.weight(1, 4 * d, d), g.weight(1, 8 * d)],
            d,
            False,
            T,
            states=2,
        )
        x = g.op("Transpose", y, perm=[1, 0, 2])
    return linear(g, g.op("Transpose", x, perm=[1, 0, 2]), d, vocab)


def encodec_dec(g: Builder, T: int) -> str:
    """EnCodec's decoder: an LSTM of two layers over frames, transposed convolutions of 8, 5, 4 with residual units."""
    x = g.op("Conv", g.input(1, 128, T), g.weight(512, 128, 7), g.weight(512), pads=[6, 0])
    y = g.op("Transpose", x, perm=[2, 0, 1])
    for _ in range(2):
        y = recurrent(
            g,
            "LSTM",
            y,
            [g.weight(1, 2048, 512), g.weight(1, 2048, 512), g.weight(1, 4096)],
            512,
            False,
            T,
            states=2,
        )
        y = g.op("Transpose", y, perm=[1, 0, 2])
    x, ci, n = g.op("Add", x, g.op("Transpose", y, perm=[1, 2, 0])), 512, T
    for s in (8, 5, 4):
        co = ci // 2
        x = g.op("ConvTranspose", g.op("Elu", x), g.weight(ci, co, 2 * s), g.weight(co), strides=[s])
        n *= s
        x = cut(g, x, 2, 0, n)
        z = g.op("Conv", g.op("Elu", x), g.weight(co // 2, co, 3), g.weight(co // 2), pads=[2, 0])
        z = g.op("Conv", g.op("Elu", z), g.weight(co, co // 2, 1), g.weight(co))
        x, ci = g.op("Add", x, z), co
    return g.op("Conv", g.op("Elu", x), g.weight(1, ci, 7), g.weight(1), pads=[6, 0])


EVERYDAY_STREAMS = {
    "silero_vad_step": ("recurrent", silero),
    "dcn_v2_b256": ("recommendation", lambda g: dcn(g, 256, 26, 16, 10000)),
    "lstm_lm_t32_x2": ("recurrent", lambda g: lstm_lm(g, 32, 650, 2, 10000)),
    "encodec_dec_50": ("recurrent", lambda g: encodec_dec(g, 50)),
}  # fmt: skip
