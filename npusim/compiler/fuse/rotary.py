"""A rotary embedding written out -> RotaryEmbedding, one DSP kernel in Intel's 2026 compiler (its task name is `rope`).

    x * cos + concat(-second half of x, first half of x) * sin
    x * cos + reshape(stack(-odd channels of x, even channels of x)) * sin
    concat(first half * cos - second half * sin, second half * cos + first half * sin)

The first two are exporters' (the second GPT-J's and RoFormer's: Slices by two, each with an axis more, joined along
it). They are found for prompts; for one token of heads of at most 128 channels that compiler makes a product with a
constant of the turned halves instead (`branches_concat_to_conv`), and the embedding stays as written. Pairs that a
Reshape takes apart (Flux, complex numbers) stay so in its schedules.
The third is what OpenVINO's readers make of the op RotaryEmbedding; it is one kernel for one token too (a schedule of
`llamatiny_dec_kv16_dy23`, NPU 4000, compiler 8.4: `t_Concat/rope`). Its halves lie along the channels: real and
imaginary parts of a mask, along another axis, are none.
"""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node

MOST_CHANNELS_AS_PRODUCT = 128


def rotary_embedding(r: Rewriter) -> None:
    """Whatever the order of the operands; the halves may come from Slice or Split."""
    for index, node in r.items("Add"):
        for straight, turned in (node.inputs[:2], node.inputs[1::-1]):
            members = _parts(r, index, straight, turned)
            if members is not None:
                inner, x, cos, sin = members
                fused = replace(
                    node, op_type="RotaryEmbedding", domain="", inputs=(x, cos, sin), attributes={}
                )
                r.replace(sorted(inner), fused)
                break

    for index, node in r.items("Concat"):
        found = _halves(r, index, node)
        if found is not None:
            inner, x, cos, sin = found
            fused = replace(node, op_type="RotaryEmbedding", domain="", inputs=(x, cos, sin), attributes={})
            r.replace(sorted(inner), fused)


def _halves(r: Rewriter, index: int, node: Node) -> tuple[set[int], str, str, str] | None:
    """Members of the second form, the tensor that is turned, cosines, sines."""
    if len(node.inputs) != 2 or not _along_channels(r, node, node.outputs[0]):
        return None  # a mask of complex numbers, [N, 2, T, F], has its parts along another axis
    first, second = r.maker(node.inputs[0], "Sub"), r.maker(node.inputs[1], "Add")
    if first is None or second is None:
        return None
    products = [r.maker(n, "Mul") for n in (*first[1].inputs, *second[1].inputs)]
    if None in products:
        return None
    a, b, *rest = (p for p in products if p is not None)
    for c, d in (rest, rest[::-1]):
        for cos in (n for n in a[1].inputs if n in c[1].inputs):
            for sin in (n for n in b[1].inputs if n in d[1].inputs):
                one, two = _other(a[1], cos), _other(b[1], sin)
                cuts = [r.maker(n, "Slice", "Split") for n in (one, two)]
                crossed = _other(c[1], cos) == two and _other(d[1], sin) == one
                if not crossed or cuts[0] is None or cuts[1] is None:
                    continue
                x = cuts[0][1].inputs[0]
                inner = {index, first[0], second[0], *(p[0] for p in (a, b, c, d)), cuts[0][0], cuts[1][0]}
                made = [n for i in inner if i != index and (n := r.nodes[i]) is not None]
                whole = r.value(x).shape == r.value(node.outputs[0]).shape and cuts[1][1].inputs[0] == x
                if whole and all(r.private(name, inner) for n in made for name in n.outputs if name):
                    return inner, x, cos, sin
    return None


def _parts(r: Rewriter, index: int, straight: str, turned: str) -> tuple[set[int], str, str, str] | None:
    """Members of the pattern, the tensor that is turned, cosines, sines."""
    left, right = r.maker(straight, "Mul"), r.maker(turned, "Mul")
    if left is None or right is None:
        return None
    for halves in right[1].inputs:
        found = _turned(r, halves)
        if found is None:
            continue
        x, between = found
        if x not in left[1].inputs or not _worth_it(r, x):
            continue
        inner = {index, left[0], right[0], *between}
        made = [n for i in inner if i != index and (n := r.nodes[i]) is not None]
        if all(r.private(name, inner) for n in made for name in n.outputs if name):
            cos, sin = (_other(n, name) for n, name in ((left[1], x), (right[1], halves)))
            return inner, x, cos, sin
    return None


def _turned(r: Rewriter, halves: str) -> tuple[str, set[int]] | None:
    """What is turned by a quarter to make `halves`, and the nodes that do it: its halves one behind the other, or its
    channels in pairs."""
    flat = r.maker(halves, "Reshape")
    joined = r.maker(halves if flat is None else flat[1].inputs[0], "Concat")
    if (
        joined is None
        or len(joined[1].inputs) != 2
        or not _along_channels(r, joined[1], joined[1].outputs[0])
    ):
        return None
    ends = list(joined[1].inputs)
    inner = {joined[0]}
    if flat is not None:
        raised = [r.maker(name, "Unsqueeze") for name in ends]
        if raised[0] is None or raised[1] is None or r.value(joined[1].outputs[0]).shape[-1] != 2:
            return None
        ends = [one[1].inputs[0] for one in raised if one is not None]
        inner |= {flat[0], raised[0][0], raised[1][0]}
    negated = r.maker(ends[0], "Neg")
    cuts = (
        None if negated is None else [r.maker(n, "Slice", "Split") for n in (negated[1].inputs[0], ends[1])]
    )
    if negated is None or cuts is None or cuts[0] is None or cuts[1] is None:
        return None
    x = cuts[0][1].inputs[0]
    if cuts[1][1].inputs[0] != x or r.value(x).shape != r.value(halves).shape:
        return None
    return x, inner | {negated[0], cuts[0][0], cuts[1][0]}


def _along_channels(r: Rewriter, concat: Node, made: str) -> bool:
    return int(concat.attribute("axis", -1)) in (-1, len(r.value(made).shape) - 1)


def _worth_it(r: Rewriter, x: str) -> bool:
    """More than one row, or heads too wide to be turned by a product."""
    shape = r.value(x).shape
    return len(shape) >= 2 and (shape[-2] > 1 or shape[-1] > MOST_CHANNELS_AS_PRODUCT)


def _other(node: Node, name: str) -> str:
    return node.inputs[1] if node.inputs[0] == name else node.inputs[0]
