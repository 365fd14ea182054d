"""Shape rules of ONNX Runtime's attention ops. What is new is kept beside what is old: the present keys and
values follow from the past ones and the input."""

from __future__ import annotations

from npusim.graph import Value
from npusim.loading.rules import Op, Out, Shape, rule

MICROSOFT = "com.microsoft"


def whole_heads(width: int, heads: int, what: str) -> int:
    if heads < 1 or width % heads:
        raise ValueError(f"{what} of {width} is no multiple of {heads} heads")
    return width // heads


def rank(value: Value, *wanted: int) -> Shape:
    if len(value.shape) not in wanted:
        raise ValueError(f"'{value.name}' {value.shape} must have {' or '.join(map(str, wanted))} dimensions")
    return value.shape


@rule("Attention", "QAttention", domain=MICROSOFT)
def attention(op: Op) -> list[Out]:
    """Input (batch, length, hidden) times weights (hidden, q + k + v); the result has the width of v. The past
    is (2, batch, heads, length, head size)."""
    x, w = op.x(0), op.x(1)
    (batch, length, width), (rows, columns) = rank(x, 3), rank(w, 2)
    if rows != width:
        raise ValueError(f"input {x.shape} and weights {w.shape} do not multiply")
    sizes = op.attributes.get("qkv_hidden_sizes") or ()
    if sizes and (len(sizes) != 3 or sum(sizes) != columns or sizes[0] != sizes[1]):
        raise ValueError(f"qkv_hidden_sizes {sizes} do not fit weights {w.shape}")
    if not sizes and columns % 3:
        raise ValueError(f"weights {w.shape} do not split into three")
    value_width = sizes[2] if sizes else columns // 3
    heads = op.attributes["num_heads"]
    size = whole_heads(sizes[0] if sizes else columns // 3, heads, "a query width")
    whole_heads(value_width, heads, "a value width")
    past = op.opt(4 if op.kind == "Attention" else 8)
    shared = op.attributes.get("past_present_share_buffer", 0)
    total = length if past is None else rank(past, 5)[3] + (0 if shared else length)
    dtype = x.dtype if op.kind == "Attention" else op.x(3).dtype
    return [Out(dtype, (batch, length, value_width)), Out(dtype, (2, batch, heads, total, size))]


@rule("MultiHeadAttention", domain=MICROSOFT)
@rule("DecoderMaskedMultiHeadAttention", domain=MICROSOFT)
def multi_head_attention(op: Op) -> list[Out]:
    """Query (batch, length, hidden), or with keys and values packed (batch, length, heads, 3, size); keys and
    values (batch, length, hidden) or (batch, heads, length, size)."""
    q, k, v = op.x(0), op.opt(1), op.opt(2)
    heads = op.attributes["num_heads"]
    masked = op.kind.startswith("Decoder")
    past = op.opt(5 if masked else 6)
    shared = op.opt(7 if masked else 8) is not None
    batch, length = rank(q, 3, 5)[:2]
    if len(q.shape) == 5:
        size = value_size = q.shape[4]
        new = length
    elif k is None:
        size = value_size = whole_heads(q.shape[2], 3 * heads, "a packed query width")
        new = length
    else:
        size = whole_heads(q.shape[2], heads, "a query width")
        shape = rank(k, 3, 4, 5)
        new = shape[2] if len(shape) == 4 else shape[1]
        value_size = size
        if v is not None:
            value_size = (
                v.shape[3] if len(rank(v, 3, 4)) == 4 else whole_heads(v.shape[2], heads, "a value width")
            )
    total = new if past is None else rank(past, 4)[2] + (0 if shared else new)
    return [
        Out(q.dtype, (batch, length, heads * value_size)),
        Out(q.dtype, (batch, heads, total, size)),
        Out(q.dtype, (batch, heads, total, value_size)),
        Out(q.dtype, (batch, heads, length, total)),
    ]


@rule("GroupQueryAttention", "SparseAttention", domain=MICROSOFT)
def group_query_attention(op: Op) -> list[Out]:
    """Query (batch, length, hidden); past and present keys are (batch, kv heads, length, head size). A past that
    is long enough for the total length is a buffer, and stays as long."""
    q, heads, kv_heads = op.x(0), op.attributes["num_heads"], op.attributes["kv_num_heads"]
    batch, length, width = rank(q, 3)
    if kv_heads < 1 or heads % kv_heads:
        raise ValueError(f"{heads} query heads are no multiple of {kv_heads} key heads")
    packed = op.opt(1) is None
    size = whole_heads(width, heads + 2 * kv_heads if packed else heads, "a query width")
    past, total = op.opt(3), length
    if past is not None and op.kind == "SparseAttention":
        total = rank(past, 4)[2]
    elif past is not None:
        total = max(rank(past, 4)[2], total_length(op, past.shape[2], length))
    present = Out(q.dtype if past is None else past.dtype, (batch, kv_heads, total, size))
    scores = Out(q.dtype, (batch, heads, length, total))
    return [Out(q.dtype, (batch, length, heads * size)), present, present, scores]


def total_length(op: Op, past: int, new: int) -> int:
    """Input 6 where it is known, else the past and the new positions: what a first guess of a buffer holds."""
    value = op.opt(6)
    data = None if value is None else (value.data if value.data is not None else op.fetch(value))
    if data is not None and data.size == 1:
        return int(data.reshape(-1)[0])
    if op.bounded is None:
        raise op.unknown(
            "whether its past is a buffer or grows depends on its total length, input 6, which is known at run time "
            f"only; load with upper_bound=True to price {past} + {new} positions"
        )
    op.bounded(f"node '{op.name}' ({op.kind}): priced with {past} past and {new} new positions")
    return past + new
