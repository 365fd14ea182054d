"""A rotary embedding written out -> RotaryEmbedding, one DSP kernel in Intel's 2026 compiler (its task name is `rope`).

    x * cos + concat(-second half of x, first half of x) * sin

Found for prompts; for one token of heads of at most 128 channels that compiler makes a product with a constant of the
turned halves instead (`branches_concat_to_conv`), and the embedding stays as written.
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


def _parts(r: Rewriter, index: int, straight: str, turned: str) -> tuple[set[int], str, str, str] | None:
    """Members of the pattern, the tensor that is turned, cosines, sines."""
    left, right = r.maker(straight, "Mul"), r.maker(turned, "Mul")
    if left is None or right is None:
        return None
    for halves in right[1].inputs:
        joined = r.maker(halves, "Concat")
        if joined is None or len(joined[1].inputs) != 2:
            continue
        negated = r.maker(joined[1].inputs[0], "Neg")
        ends = None if negated is None else (negated[1].inputs[0], joined[1].inputs[1])
        cuts = None if ends is None else [r.maker(name, "Slice", "Split") for name in ends]
        if negated is None or cuts is None or cuts[0] is None or cuts[1] is None:
            continue
        x = cuts[0][1].inputs[0]
        if x != cuts[1][1].inputs[0] or x not in left[1].inputs or not _worth_it(r, x):
            continue
        inner = {index, left[0], right[0], joined[0], negated[0], cuts[0][0], cuts[1][0]}
        made = [n for i in inner if i != index and (n := r.nodes[i]) is not None]
        if all(r.private(name, inner) for n in made for name in n.outputs if name):
            cos, sin = (_other(n, name) for n, name in ((left[1], x), (right[1], halves)))
            return inner, x, cos, sin
    return None


def _worth_it(r: Rewriter, x: str) -> bool:
    """More than one row, or heads too wide to be turned by a product."""
    shape = r.value(x).shape
    return len(shape) >= 2 and (shape[-2] > 1 or shape[-1] > MOST_CHANNELS_AS_PRODUCT)


def _other(node: Node, name: str) -> str:
    return node.inputs[1] if node.inputs[0] == name else node.inputs[0]
