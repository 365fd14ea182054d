"""ONNX Runtime's attention ops (com.microsoft) that the plain ones in `attention` do not cover, and recurrences."""

from __future__ import annotations

from npusim.ops.attention import KERNELS_USED, Heads, attention_steps, linear_attention
from npusim.ops.convolution import causal_conv
from npusim.ops.counting import product, repeated
from npusim.ops.recurrent import GATES
from npusim.ops.registry import OpCase, op
from npusim.work import Lowering, VectorWork

MICROSOFT = "com.microsoft"

op("LinearAttention", domain=MICROSOFT, lowerings=("decomposed",), kernels=("exp", "mul", "add"))(
    linear_attention
)
op("CausalConvWithState", domain=MICROSOFT, lowerings=("mac_array",))(causal_conv)


def _split(c: OpCase, columns: int, heads: int) -> tuple[int, int]:
    """Sizes of one head of queries and of values, from the columns of the merged weights."""
    sizes = c.attr("qkv_hidden_sizes") or (columns // 3,) * 3
    return int(sizes[0]) // heads, int(sizes[2]) // heads


@op("Attention", "QAttention", domain=MICROSOFT, lowerings=("decomposed",), kernels=KERNELS_USED,
    ranks={0: (3,), 1: (2,)})  # fmt: skip
def attention_with_projection(c: OpCase) -> Lowering:
    """Inputs x [B,S,E], weights [E, q+k+v], ...: the projection first, then attention over past and new positions.
    Queries and values may have heads of different sizes (`qkv_hidden_sizes`)."""
    x, weights = c.input(0), c.input(1)
    quantised = c.node.op_type == "QAttention"
    heads = int(c.attr("num_heads", 1))
    batch, length, width = x.shape
    size, value_size = _split(c, weights.shape[1], heads)
    at = 8 if quantised else 4
    past = c.input(at).shape[3] if c.has(at) else 0
    first = product(batch * length, width, weights.shape[1], 1, x, weights, c.output)
    h = Heads(batch, heads, heads, length, length + past, size, value_size)
    masked = c.has(5 if quantised else 3) or bool(c.attr("unidirectional", 0))
    return Lowering("decomposed", (first, *attention_steps(c, h, x, x, masked)))


@op("DecoderMaskedMultiHeadAttention", domain=MICROSOFT, lowerings=("decomposed",), kernels=KERNELS_USED)
def decoder_multi_head(c: OpCase) -> Lowering:
    """One new position over a cache: inputs query, key, value, mask, bias, past key, past value."""
    q = c.input(0)
    heads = int(c.attr("num_heads", 1))
    batch, queries = q.shape[0], q.shape[1]
    value_size = c.output.shape[2] // heads
    size = q.shape[2] // (heads if c.has(1) else 3 * heads)
    if len(c.outputs) > 1 and c.outputs[1] is not None:
        keys = c.outputs[1].shape[2]
    elif c.has(1) and len(c.input(1).shape) == 4:
        keys = c.input(1).shape[2]
    else:
        keys = queries + (c.input(5).shape[2] if c.has(5) else 0)
    h = Heads(batch, heads, heads, queries, keys, size, value_size)
    return Lowering("decomposed", attention_steps(c, h, q, q, c.has(3) or c.has(4)))


@op("SparseAttention", domain=MICROSOFT, lowerings=("decomposed",), kernels=KERNELS_USED)
def sparse_attention(c: OpCase) -> Lowering:
    """Priced as dense over the whole cache: no known compiler of Intel skips blocks."""
    q = c.input(0)
    heads, kv_heads = int(c.attr("num_heads", 1)), int(c.attr("kv_num_heads", 1))
    size = q.shape[2] // (heads if c.has(1) else heads + 2 * kv_heads)
    keys = c.input(3).shape[2]
    h = Heads(q.shape[0], heads, kv_heads, q.shape[1], keys, size, size)
    return Lowering("decomposed", attention_steps(c, h, q, q, True))


@op("DynamicQuantizeLSTM", domain=MICROSOFT, lowerings=("decomposed",), kernels=("lstm", "fakequantize"),
    ranks={0: (3,), 1: (3,), 2: (3,)})  # fmt: skip
def dynamic_quantize_lstm(c: OpCase) -> Lowering:
    """An LSTM with int8 weights [directions, width, 4 x hidden]; its input and its state are quantised on the way."""
    gates, kernel = GATES["LSTM"]
    x, weights, recurrence = c.input(0), c.input(1), c.input(2)
    length, batch, width = x.shape
    directions, rows, hidden = weights.shape[0], weights.shape[2], recurrence.shape[1]
    if rows != gates * hidden:
        raise c.wrong(f"weights have {rows} columns, {gates} gates of {hidden} need {gates * hidden}")
    cells = directions * batch * hidden
    quantise = VectorWork("fakequantize", x.elements, 1, x.elements)
    inputs = product(length * batch, width, rows, directions, x, weights, c.output)
    step = product(batch, hidden, rows, directions, x, recurrence, c.output)
    state = VectorWork("fakequantize", cells, 1, cells)
    gate = VectorWork(kernel, cells, 1, cells)
    return Lowering("decomposed", (quantise, inputs, *repeated((state, step, gate), length)))
