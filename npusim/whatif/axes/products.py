"""What matrix products, convolutions, pooling and attention say of axes."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.graph import Node
from npusim.whatif.axes.coupling import Coupling, Projection, relation

MICROSOFT = "com.microsoft"


@relation("MatMul")
def matmul(c: Coupling, node: Node) -> None:
    """Rows of the left, columns of the right operand; what is contracted is one axis of both."""
    a, b = (list(c.of(name)) for name in node.inputs[:2])
    out = list(c.of(node.outputs[0]))
    c.tie(a[-1], b[-2] if len(b) > 1 else b[0])
    if len(b) > 1:
        c.tie(out.pop(), b[-1])
    if len(a) > 1:
        c.tie(out.pop(), a[-2])
    for name, axes in zip(node.inputs[:2], (a[:-2], b[:-2]), strict=True):
        _batch(c, axes, out, name in c.weights)
    for k, name in enumerate(node.inputs[:2]):
        axes = (a, b)[k]
        if name in c.weights and len(axes) > 1:
            written, read = (axes[-1], axes[-2]) if k else (axes[-2], axes[-1])
            c.projections.append(Projection(node, name, written, read, False))


def _batch(c: Coupling, axes: Sequence[int], over: Sequence[int], constant: bool) -> None:
    for a, b in zip(reversed(axes), reversed(over), strict=False):
        if c.terms.size(a) == c.terms.size(b) and not (constant and c.terms.size(a) == 1):
            c.tie(a, b)


@relation("Gemm")
def gemm(c: Coupling, node: Node) -> None:
    a, b, out = c.of(node.inputs[0]), c.of(node.inputs[1]), c.of(node.outputs[0])
    rows, inner = a[::-1] if node.attribute("transA", 0) else a
    middle, columns = b[::-1] if node.attribute("transB", 0) else b
    c.tie(inner, middle)
    c.tie_all((rows, columns), out)
    if len(node.inputs) > 2 and node.inputs[2]:
        c.spread(node.inputs[2], out)
    if node.inputs[1] in c.weights:
        c.projections.append(Projection(node, node.inputs[1], columns, middle, False))


@relation("MatMulNBits", domain=MICROSOFT)
def matmul_n_bits(c: Coupling, node: Node) -> None:
    """Weights [N, blocks, bytes of a block]; scales and packed zero points lie along N and along the blocks."""
    a, out = c.of(node.inputs[0]), c.of(node.outputs[0])
    columns, blocks, packed = c.of(node.inputs[1])
    c.fix(packed)
    c.tie_all(a[:-1], out[:-1])
    c.tie(columns, out[-1])
    lanes, rest = divmod(c.terms.size(a[-1]), c.terms.size(blocks))
    if rest:
        c.fix(a[-1], blocks)
    else:
        block = c.terms.atom(lanes)
        c.fix(block)
        c.tie(a[-1], c.terms.product((blocks, block)))
    for name in node.inputs[2:]:
        if name:
            _along(c, name, columns, blocks)
    c.projections.append(Projection(node, node.inputs[1], columns, a[-1], False))


def _along(c: Coupling, name: str, columns: int, blocks: int) -> None:
    """Scales, zero points (several may share a byte) or a bias of a blocked weight."""
    axes = c.of(name)
    total, rows, many = c.value(name).elements, c.terms.size(columns), c.terms.size(blocks)
    if axes and total == rows:
        c.tie(axes[0], columns)
    elif rows and total % rows == 0 and many % (total // rows) == 0:
        shared, each = many // (total // rows), total // rows
        own = axes[1] if len(axes) > 1 else c.terms.atom(each)
        lane = c.terms.atom(shared)
        c.fix(lane)
        c.tie(blocks, c.terms.product((own, lane)))
        c.tie(axes[0], columns if len(axes) > 1 else c.terms.product((columns, own)))
    else:
        c.fix(*axes, columns, blocks)


@relation("Einsum")
def einsum(c: Coupling, node: Node) -> None:
    """A letter is an axis."""
    equation = str(node.attribute("equation", "")).replace(" ", "")
    left, arrow, right = equation.partition("->")
    words = left.split(",")
    if "." in equation or not arrow or len(words) != len(node.inputs):
        c.fix_all(node)
        return
    letters: dict[str, int] = {}
    for name, word in zip((*node.inputs, node.outputs[0]), (*words, right), strict=True):
        axes = c.of(name)
        for letter, axis in zip(word, axes, strict=True):
            other = letters.setdefault(letter, axis)
            if c.terms.size(other) == c.terms.size(axis):
                c.tie(other, axis)
            else:
                letters[letter] = max(axis, other, key=c.terms.size)


@relation("Conv", "ConvTranspose")
def conv(c: Coupling, node: Node) -> None:
    """Channels in and out in groups; every group has as many. Places in the image are fixed."""
    x, w, out = c.of(node.inputs[0]), c.of(node.inputs[1]), c.of(node.outputs[0])
    c.tie(x[0], out[0])
    c.fix(*w[2:])
    places(c, node, x[2:], out[2:])
    groups = node.attribute("group", 1)
    turned = node.op_type == "ConvTranspose"
    if groups == 1:
        read, written = (w[0], w[1]) if turned else (w[1], w[0])
        c.tie(x[1], read)
        c.tie(out[1], written)
    else:
        group = c.terms.atom(groups)
        outer, lane = w[0], w[1]
        each = c.terms.atom(c.terms.size(outer) // groups)
        c.tie(outer, c.terms.product((group, each)))
        read, written = (outer, out[1]) if turned else (x[1], outer)
        c.tie(x[1], outer if turned else c.terms.product((group, lane)))
        c.tie(out[1], c.terms.product((group, lane)) if turned else outer)
    if len(node.inputs) > 2 and node.inputs[2]:
        c.tie(c.of(node.inputs[2])[0], out[1])
    if node.inputs[1] in c.weights and groups == 1:
        c.projections.append(Projection(node, node.inputs[1], written, read, True))


def places(c: Coupling, node: Node, x: Sequence[int], out: Sequence[int]) -> None:
    """Places of a sliding window, fixed. With a step of 1 there are as many as before, more by what is padded and less
    by the window's reach; where among them is not told, as only their number is of use."""
    rank = len(x)
    strides = node.attribute("strides") or (1,) * rank
    plain = node.attribute("auto_pad", "NOTSET") in ("NOTSET", "") and node.op_type == "Conv"
    c.fix(*x, *out)
    for k, (a, b) in enumerate(zip(x, out, strict=True)):
        more = c.terms.size(b) - c.terms.size(a)
        if plain and strides[k] == 1 and c.terms.size(a) and c.terms.size(b):
            longer, shorter = (b, a) if more > 0 else (a, b)
            c.tie(longer, c.terms.concat((shorter, c.terms.atom(abs(more)))))


@relation(
    "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "Resize", "Upsample"
)  # fmt: skip
def windows(c: Coupling, node: Node) -> None:
    """Batch and channels go through, places in the image are fixed."""
    x = c.of(node.inputs[0])
    for name in node.outputs:
        if name:
            out = c.of(name)
            c.fix(*x[2:], *out[2:])
            c.tie_all(x[:2], out[:2])


@relation("Attention")
def attention(c: Coupling, node: Node) -> None:
    """[batch, heads, rows, lanes]; several heads of the query may share one of key and value, an older cache lies
    before new rows. The packed form with three axes is fixed."""
    names = [*node.inputs, *[""] * 6]
    q, k, v = (c.of(n) for n in names[:3])
    if not len(q) == len(k) == len(v) == 4:
        c.fix_all(node)
        return
    out = c.of(node.outputs[0])
    c.tie_all((k[0], k[1], k[2]), (v[0], v[1], v[2]))
    c.tie_all((q[0], q[3]), (k[0], k[3]))
    c.tie_all(out, (q[0], q[1], q[2], v[3]))
    shared, rest = divmod(c.terms.size(q[1]), max(1, c.terms.size(k[1])))
    if rest:
        c.fix(q[1], k[1])
    else:
        c.tie(q[1], c.terms.product((k[1], c.terms.atom(shared))))
    rows = k[2]
    for past, new, place in ((names[4], k, 1), (names[5], v, 2)):
        if past:
            old = c.of(past)
            c.tie_all((old[0], old[1], old[3]), (new[0], new[1], new[3]))
            rows = c.terms.concat((old[2], new[2]))
        if len(node.outputs) > place and node.outputs[place]:
            present = c.of(node.outputs[place])
            c.tie_all(present, (new[0], new[1], rows, new[3]))
    weights = (q[0], q[1], q[2], rows)
    if names[3]:
        c.spread(names[3], weights)
    if len(node.outputs) > 3 and node.outputs[3]:
        c.tie_all(c.of(node.outputs[3]), weights)
    if names[6]:
        c.fix(*c.of(names[6]))


@relation("RotaryEmbedding")
def rotary(c: Coupling, node: Node) -> None:
    """[batch, heads, rows, lanes]; lanes turn in pairs and are fixed. The packed form with three axes is fixed."""
    x, out = c.of(node.inputs[0]), c.of(node.outputs[0])
    if len(x) != 4:
        c.fix_all(node)
        return
    c.tie_all(x, out)
    c.fix(x[3])
    for name in node.inputs[1:]:
        if name:
            c.fix(*c.of(name)[-1:])
