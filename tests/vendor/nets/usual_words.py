"""Words and sound: decoders by the token, state-space and hybrid models, two recurrent ones."""

from tests.vendor.builder import Builder
from tests.vendor.nets import linear_attention as la
from tests.vendor.nets import newer_states as ns
from tests.vendor.nets import scanned_images as si
from tests.vendor.nets import sound as snd
from tests.vendor.nets import state_space as m
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.everyday_states import bamba, gqa, mamba1_slow, mamba1_step, mixer2_step, swiglu
from tests.vendor.nets.everyday_words import bert, gpt_step
from tests.vendor.nets.layers import embedding, heads, joined, layernorm, linear, rmsnorm
from tests.vendor.nets.state_space import Sizes


def nllb_step(g: Builder, h: int, inner: int, past: int, source: int, layers: int) -> list[str]:
    """A decoder's token: own cache grows, the source's keys and values given; ReLU, norms in front."""
    d = 64 * h
    x, outs = (g.op("Add", embedding(g, 8000, d, 1), g.weight(1, 1, d)), [])
    for _ in range(layers):
        y = layernorm(g, x, d)
        q = g.op("Mul", product(g, y, d, d), g.const(0.125))
        q, k, v = (heads(g, t, 1, h, 64) for t in (q, product(g, y, d, d), product(g, y, d, d)))
        k, v = (concat(g, g.input(1, h, past, 64), t, axis=2) for t in (k, v))
        s = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
        x = g.op("Add", x, product(g, joined(g, g.op("MatMul", s, v), 1, d), d, d))
        q = heads(g, g.op("Mul", product(g, layernorm(g, x, d), d, d), g.const(0.125)), 1, h, 64)
        ck, cv = (g.input(1, h, source, 64) for _ in range(2))
        s = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", ck, perm=[0, 1, 3, 2])), axis=-1)
        x = g.op("Add", x, product(g, joined(g, g.op("MatMul", s, cv), 1, d), d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, inner, relu))
        outs += [k, v]
    return [product(g, layernorm(g, x, d), d, 8000, False), *outs]


def hybrid_step(g: Builder, s: Sizes, past: int, h: int, kv: int, inner: int) -> list[str]:
    """Two Mamba-2 layers and an attention layer in between, each with its gated feed-forward; one token."""
    d = s.width
    x, outs = (embedding(g, 1024, d, 1), [])
    for kind in "mam":
        y = rmsnorm(g, x, d)
        y, o = mixer2_step(g, y, s) if kind == "m" else gqa(g, y, d, d, 1, h, kv, d // h, past)
        outs += o
        x = g.op("Add", x, g.op("Mul", y, g.const(0.22)))
        x = g.op("Add", x, g.op("Mul", swiglu(g, rmsnorm(g, x, d), d, inner), g.const(0.22)))
    return [linear(g, rmsnorm(g, x, d), d, 1024, False), *outs]


def tagger(g: Builder, T: int, d: int, hidden: int, tags: int) -> str:
    """Words to tags: rows of a table, an LSTM of both directions, a product, softmax."""
    x = g.op("Transpose", embedding(g, 20000, d, T), perm=[1, 0, 2])
    y = g.op(
        "LSTM",
        x,
        g.weight(2, 4 * hidden, d),
        g.weight(2, 4 * hidden, hidden),
        g.weight(2, 8 * hidden),
        count=3,
        hidden_size=hidden,
        direction="bidirectional",
    )[0]
    y = g.op("Reshape", g.op("Transpose", y, perm=[2, 0, 1, 3]), g.const([1, T, 2 * hidden]))
    return g.op("Softmax", product(g, y, 2 * hidden, tags), axis=-1)


def rnnoise(g: Builder, T: int) -> list[str]:
    """RNNoise: three GRUs that read each other."""
    x = g.input(T, 1, 42)

    def gru(x, a, h):
        y = g.op(
            "GRU",
            x,
            g.weight(1, 3 * h, a),
            g.weight(1, 3 * h, h),
            g.weight(1, 6 * h),
            count=2,
            hidden_size=h,
            linear_before_reset=1,
        )[0]
        return g.op("Squeeze", y, g.const([1]))

    a = g.op("Tanh", product(g, x, 42, 24))
    v = gru(a, 24, 24)
    n = gru(concat(g, a, v, x, axis=2), 90, 48)
    d = gru(concat(g, v, n, x, axis=2), 114, 96)
    return [g.op("Sigmoid", product(g, d, 96, 22)), g.op("Sigmoid", product(g, v, 24, 1))]


USUAL_WORDS = {
    "nllb_step_160_x2": ("transformer", lambda g: nllb_step(g, 16, 4096, 160, 128, 2)),
    "gpt2_step_1023_x2": ("transformer", lambda g: gpt_step(g, 12, 1023, 2, 50257)),
    "xlmr_base_448_x2": ("transformer", lambda g: bert(g, 448, 12, 64, 2, 3072)),
    "whisper_small_step_224": ("transformer", lambda g: snd.speech_step(g, 12, 223, 1500, 1)),
    "mamba2_370m_L768": ("SSM", lambda g: m.mamba2(g, 768, Sizes(1024, 32, 64, 128, 256))),
    "granite_h_step_1024": ("SSM", lambda g: hybrid_step(g, Sizes(1536, 48, 64, 128), 1023, 12, 4, 4096)),
    "mamba1_790m_step_x2": ("SSM", lambda g: mamba1_step(g, 1536, 2)),
    "mamba2_1b3_L256": ("SSM", lambda g: m.mamba2(g, 256, Sizes(2048, 64, 64, 128, 256))),
    "gated_delta_step_x2": ("SSM", lambda g: la.delta_step(g, 2048, 16, 128, 256, 2)),
    "bamba_L640": ("SSM", lambda g: bamba(g, 640, Sizes(768, 24, 64, 128, 128), 12, 4, 2048)),
    "rwkv7_step_w768_x4": ("SSM", lambda g: ns.goose(g, 12, 4)),
    "mamba1_790m_slow_L32": ("SSM", lambda g: mamba1_slow(g, 32, 1536)),
    "vim_small_14": ("SSM", lambda g: si.both_ways(g, 14, 384)),
    "tagger_t64": ("recurrent", lambda g: tagger(g, 64, 100, 256, 17)),
    "rnnoise_t50": ("recurrent", lambda g: rnnoise(g, 50)),
}  # fmt: skip
