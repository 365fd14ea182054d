"""Forms of recurrence, spectra and attention."""

from typing import Any

from tests.vendor.compiling.forms import G, form

FLOATS = "float32 float16"


# Recurrence
def _recurrent(op: str, direction: str, **attributes: Any):
    @form(op, " ".join([direction, *map(str, attributes)]), types=FLOATS if not attributes else "")
    def recurrent(g: G, rank: int, dtype: str):
        gates, n = {"LSTM": 4, "GRU": 3, "RNN": 1}[op], 2 if direction == "bidirectional" else 1
        seq, size, hidden = 6, 16, 8
        x = (2, seq, size) if attributes.get("layout") else (seq, 2, size)
        w, r, b = (n, gates * hidden, size), (n, gates * hidden, hidden), (n, 2 * gates * hidden)
        y = g.op(
            op,
            g.x(x, dtype),
            g.w(w, dtype),
            g.w(r, dtype),
            g.w(b, dtype),
            count=2,
            hidden_size=hidden,
            direction=direction,
            **attributes,
        )
        return y


for _op in ("LSTM", "GRU", "RNN"):
    for _direction in ("forward", "reverse", "bidirectional"):
        _recurrent(_op, _direction)
_recurrent("GRU", "forward", linear_before_reset=1)
_recurrent("LSTM", "forward", layout=1)
_recurrent("GRU", "forward", layout=1)
_recurrent("LSTM", "forward", clip=1.0)
_recurrent("LSTM", "forward", input_forget=1)
_recurrent("LSTM", "forward", activations=["Relu", "Tanh", "Tanh"])


@form("LSTM", "peephole")
def lstm_peephole(g: G, rank: int, dtype: str):
    state = [g.w((1, 2, 8)), g.w((1, 2, 8)), g.w((1, 24))]
    return g.op(
        "LSTM",
        g.x((6, 2, 16)),
        g.w((1, 32, 16)),
        g.w((1, 32, 8)),
        g.w((1, 64)),
        "",
        *state,
        hidden_size=8,
        count=3,
    )


@form("LSTM GRU", "lengths", types="float32")
def lstm_lengths(g: G, rank: int, dtype: str, op: str):
    gates = {"LSTM": 4, "GRU": 3}[op]
    w = (g.w((1, gates * 8, 16)), g.w((1, gates * 8, 8)), g.w((1, gates * 16)))
    return g.op(op, g.x((6, 2, 16)), *w, g.x((2,), "int32"), hidden_size=8, count=2)


@form("LSTM", "run-time weights")
def lstm_inputs(g: G, rank: int, dtype: str):
    return g.op("LSTM", g.x((6, 2, 16)), g.x((1, 32, 16)), g.x((1, 32, 8)), hidden_size=8, count=2)


# Spectra
@form("DFT", "real", types=FLOATS)
def dft(g: G, rank: int, dtype: str):
    return g.op("DFT", g.x((1, 16, 1), dtype), "", g.c(1, "int64"))


@form("DFT", "complex")
def dft_complex(g: G, rank: int, dtype: str):
    return g.op("DFT", g.x((1, 16, 2)), "", g.c(1, "int64"))


@form("DFT", "one-sided")
def dft_onesided(g: G, rank: int, dtype: str):
    return g.op("DFT", g.x((1, 16, 1)), "", g.c(1, "int64"), onesided=1)


@form("DFT", "inverse")
def dft_inverse(g: G, rank: int, dtype: str):
    return g.op("DFT", g.x((1, 16, 2)), "", g.c(1, "int64"), inverse=1)


@form("STFT")
def stft(g: G, rank: int, dtype: str):
    return g.op("STFT", g.x((1, 128, 1)), g.c(8, "int64"), g.w((16,)))


@form("MelWeightMatrix", types="int64")
def mel(g: G, rank: int, dtype: str):
    return g.op("MelWeightMatrix", *(g.x((), "int64") for _ in range(3)), g.x(()), g.x(()))


# Attention
@form("Attention", types="all")
def attention(g: G, rank: int, dtype: str):
    return g.op("Attention", *(g.x((1, 2, 8, 16), dtype) for _ in range(3)))


@form("Attention", "mask causal", types=FLOATS)
def attention_causal(g: G, rank: int, dtype: str):
    return g.op("Attention", *(g.x((1, 2, 8, 16), dtype) for _ in range(3)), is_causal=1)


@form("Attention", "mask input")
def attention_mask(g: G, rank: int, dtype: str):
    return g.op("Attention", *(g.x((1, 2, 8, 16)) for _ in range(3)), g.x((8, 8)))


@form("Attention", "heads packed")
def attention_packed(g: G, rank: int, dtype: str):
    return g.op("Attention", *(g.x((1, 8, 32)) for _ in range(3)), q_num_heads=2, kv_num_heads=2)


@form("Attention", "cache")
def attention_cache(g: G, rank: int, dtype: str):
    new, past = (1, 2, 1, 16), (1, 2, 8, 16)
    return g.op("Attention", *(g.x(new) for _ in range(3)), "", g.x(past), g.x(past), count=3)


@form("RotaryEmbedding")
def rotary(g: G, rank: int, dtype: str):
    return g.op("RotaryEmbedding", g.x((1, 2, 8, 16)), g.w((8, 8)), g.w((8, 8)), g.x((1, 8), "int64"))


@form("CausalConvWithState")
def causal_conv(g: G, rank: int, dtype: str):
    return g.op("CausalConvWithState", g.x((1, 8, 16)), g.w((8, 1, 4)), count=2)


@form("LinearAttention")
def linear_attention(g: G, rank: int, dtype: str):
    heads = {"q_num_heads": 2, "kv_num_heads": 2, "update_rule": "linear"}
    return g.op("LinearAttention", *(g.x((1, 8, 32)) for _ in range(3)), count=2, **heads)
