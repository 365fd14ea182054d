"""Shape rules of LSTM, GRU and RNN, and of ops that carry a state along a sequence."""

from __future__ import annotations

from npusim.loading.rules import Op, Out, rule

MICROSOFT = "com.microsoft"
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1, "DynamicQuantizeLSTM": 4}


@rule("LSTM", "GRU", "RNN")
@rule("DynamicQuantizeLSTM", domain=MICROSOFT)
def recurrent(op: Op) -> list[Out]:
    """x [length, batch, width], weights [directions, gates x hidden, width], recurrence [directions,
    gates x hidden, hidden]; in DynamicQuantizeLSTM both transposed. With layout 1 the batch is in front."""
    x, w, r = op.x(0), op.x(1), op.x(2)
    gates, transposed = GATES[op.kind], bool(op.domain)
    if not len(x.shape) == len(w.shape) == len(r.shape) == 3:
        raise ValueError(
            f"input {x.shape}, weights {w.shape} and recurrence {r.shape} must have 3 dimensions"
        )
    rows, width = (w.shape[2], w.shape[1]) if transposed else w.shape[1:]
    hidden = r.shape[1] if transposed else r.shape[2]
    if rows != gates * hidden or width != x.shape[2]:
        raise ValueError(
            f"weights {w.shape} take {width} inputs and give {rows} rows; input {x.shape} has {x.shape[2]}, "
            f"{gates} gates of {hidden} are {gates * hidden}"
        )
    stated = op.attributes.get("hidden_size", hidden)
    if stated != hidden:
        raise ValueError(f"hidden_size is {stated}, its recurrence {r.shape} has {hidden}")
    both = op.attributes.get("direction", "forward") == "bidirectional"
    if w.shape[0] != 1 + both or r.shape[0] != 1 + both:
        raise ValueError(f"weights {w.shape} hold {w.shape[0]} directions, {1 + both} are stated")
    directions = w.shape[0]
    if op.attributes.get("layout", 0):
        batch, length, _ = x.shape
        all_of_it, last = (batch, length, directions, hidden), (batch, directions, hidden)
    else:
        length, batch, _ = x.shape
        all_of_it, last = (length, directions, batch, hidden), (directions, batch, hidden)
    return [Out(x.dtype, all_of_it), Out(x.dtype, last), Out(x.dtype, last)]


@rule("LinearAttention")
@rule("LinearAttention", domain=MICROSOFT)
def linear_attention(op: Op) -> list[Out]:
    """q [batch, length, q_heads x d_k], k and v [batch, length, kv_heads x d]; state [batch, kv_heads, d_k, d_v]."""
    q, k, v = op.x(0), op.x(1), op.x(2)
    heads, kv_heads = op.attributes["q_num_heads"], op.attributes["kv_num_heads"]
    if not len(q.shape) == len(k.shape) == len(v.shape) == 3 or heads < 1 or kv_heads < 1:
        raise ValueError(f"query {q.shape}, key {k.shape}, value {v.shape} in {heads} and {kv_heads} heads")
    if q.shape[2] % heads or k.shape[2] % kv_heads or v.shape[2] % kv_heads:
        raise ValueError(
            f"widths of {q.shape}, {k.shape}, {v.shape} are no multiples of {heads}, {kv_heads} heads"
        )
    size, value_size = k.shape[2] // kv_heads, v.shape[2] // kv_heads
    past = op.opt(3)
    state = (q.shape[0], kv_heads, size, value_size) if past is None else past.shape
    dtype = q.dtype if past is None else past.dtype
    return [Out(q.dtype, (*q.shape[:2], max(heads, kv_heads) * value_size)), Out(dtype, state)]


@rule("CausalConvWithState")
@rule("CausalConvWithState", domain=MICROSOFT)
def causal_conv(op: Op) -> list[Out]:
    """x [batch, channels, length], kernel [channels, 1, taps]; the state keeps the taps before the present ones."""
    x, w, past = op.x(0), op.x(1), op.opt(3)
    if op.attributes.get("channels_last") or op.attributes.get("input_channels"):
        raise op.unknown("channels-last and selected channels have no shape rule")
    if len(x.shape) < 3 or len(w.shape) != len(x.shape) or w.shape[0] != x.shape[1]:
        raise ValueError(f"input {x.shape} and kernel {w.shape} do not fit")
    dilation = op.attributes.get("dilation", 1)
    kept = op.attributes.get("state_length", 0) or dilation * (w.shape[-1] - 1)
    state = (*x.shape[:-1], kept) if past is None else past.shape
    update = (x.shape[0], op.attributes.get("state_update_capacity", 0), x.shape[1])
    return [Out(x.dtype, x.shape), Out(x.dtype, state), Out(x.dtype, update)]
