"""Chunk: a prompt padded to a chunk that is longer than it needs is computed at its own length.

Rule: rows ``T..C`` of a value padded from length T to C are zeros that the model slices off at the end. Where
every op in between treats rows alone, or sums over rows that are zero from the new length C' on, the
first C' rows of every value are what they would be had the model been exported with chunk C'::

    f(pad(x, C))[:T]  =  f(pad(x, C'))[:T]          T <= C' < C

So all paddings that meet (through products, masks, sums) are shortened together, and with them every
constant of the size of the chunk: masks are cut to their first rows and columns (which for a triangle is
the triangle of the new size), targets of Reshape and Expand, ends of Slices are derived anew. With
``C' = T``, the default, paddings and the last Slice vanish.

What an op may do with the shortened axis: pass it on; cumulate it; sum it where the rows from C' on are
zero (``dA`` padded with 0 has ``exp 1``, ``x`` padded with 0 adds nothing: `xamba.facts.elements`); take its first
rows; take its last row where a running sum has stood still since row C'. Anything else (a chunk is cut
into several because the prompt is longer, a convolution, an output, an axis that is not padded) keeps
the block, with the op named.

A Pad that adds no rows, left where a prompt fills its chunks, goes.

A sum over zero rows is a sum over ``0 * x``: NaN for an infinite x. The answers differ only there;
``refuse_nonfinite=True`` keeps the block unless those rows are finite for certain.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import onnx_ir as ir

from xamba.errors import BadArgument, Keep
from xamba.facts.elements import Elements
from xamba.facts.facts import Facts
from xamba.facts.nodes import attribute, is_onnx, node_label
from xamba.facts.reading import padding_of
from xamba.facts.region import Region
from xamba.facts.whole import Whole
from xamba.passes.base import Kept, Result, Rewritten, XambaPass
from xamba.passes.shorten import Shortening
from xamba.passes.text import model_text, option
from xamba.passes.unread import bypass
from xamba.workbench import Workbench

_SCAN = """
pads = Constant<value = int64[6] {0, 0, 0, 0, 5, 0}>()
xp = Pad(x, pads)
ap = Pad(a, pads)
axis = Constant<value = int64 {1}>()
run = CumSum(ap, axis)
decay = Exp(run)
y1 = Mul(decay, xp)
start = Constant<value = int64[1] {0}>()
end = Constant<value = int64[1] {3}>()
one = Constant<value = int64[1] {1}>()
y = Slice(y1, start, end, one)
"""
_ATTENTION = """
pads = Constant<value = int64[6] {0, 0, 0, 0, 6, 0}>()
xp = Pad(x, pads)
ones = ConstantOfShape<value = float[1] {1.0}>(square)
mask = Trilu<upper = 0>(ones)
turned = Transpose<perm = [0, 2, 1]>(xp)
score = MatMul(xp, turned)
kept = Mul(score, mask)
y1 = MatMul(kept, xp)
start = Constant<value = int64[1] {0}>()
end = Constant<value = int64[1] {2}>()
one = Constant<value = int64[1] {1}>()
y = Slice(y1, start, end, one)
"""


@dataclass(frozen=True)
class Chunk(XambaPass):
    """A prompt padded to a longer chunk is computed at a shorter one.

    length: new length of the chunk, at least the prompt's (None: the prompt's own).
    refuse_nonfinite: keep a block whose zero rows may meet inf or NaN.
    """

    length: int | None = option(None, "--chunk-length", "new length of a padded chunk; default the prompt's.")
    refuse_nonfinite: bool = option(
        False, "--refuse-nonfinite", "keep a chunk whose zero rows may meet inf or NaN."
    )

    name: ClassVar[str] = "chunk"
    order: ClassVar[int] = 10
    examples: ClassVar[tuple[str, ...]] = (
        model_text("float[N,3,4] x, float[N,3,4] a", "float[N,3,4] y", _SCAN),
        model_text(
            "float[N,2,4] x",
            "float[N,2,4] y",
            "square = Constant<value = int64[2] {8, 8}>()\n" + _ATTENTION,
        ),
        model_text(
            "float[N,4] x",
            "float[N,4] y",
            "none = Constant<value = int64[4] {0, 0, 0, 0}>() p = Pad(x, none) y = Exp(p)",
        ),
    )
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            model_text(
                "float[N,3,4] x, float[N,3,4] a",
                "float[N,3,4] y",
                _SCAN.replace("Pad(a, pads)", "Pad(a, pads, one_pad)").replace(
                    "xp = Pad", "one_pad = Constant<value = float {1.0}>()\nxp = Pad"
                ),
            ),
            "padded with 1, not with 0",
        ),
        (
            model_text(
                "float[N,3,4] x, float[N,3,4] a",
                "float[N,3,4] y",
                _SCAN.replace("int64[1] {3}", "int64[1] {6}").replace("y = Slice", "z = Slice")
                + "half = Constant<value = int64[1] {3}>()\nsix = Constant<value = int64[1] {6}>()\n"
                "y = Slice(z, half, six, one)",
            ),
            "takes rows 0 to 6",
        ),
        (
            model_text(
                "float[1,3,4] x, float[1,3,4] a",
                "float[1,3,4] y",
                _SCAN.replace("run = CumSum(ap, axis)", "cut = Constant<value = int64[4] {1, 2, 4, 4}>()\n"
                "chunks = Reshape(ap, cut)\nrun1 = CumSum(chunks, axis)\n"
                "back = Constant<value = int64[3] {1, 8, 4}>()\nrun = Reshape(run1, back)"),
            ),
            "cut or merged",
        ),
    )  # fmt: skip

    def __post_init__(self) -> None:
        if self.length is not None and self.length < 1:
            raise BadArgument(f"length is {self.length}; a chunk has at least one row")

    def targets(self, node: ir.Node) -> bool:
        return is_onnx(node) and node.op_type == "Pad" and attribute(node, "mode", "constant") == "constant"

    def reports(self, node: ir.Node) -> bool:
        return False  # a Pad alone says nothing; a block is met in the main graph

    def rewrite_model(self, model: ir.Model, bench: Workbench, facts: Facts, result: Result) -> None:
        pads = [node for node in model.graph if self.targets(node)]
        if not pads:
            return
        elements = Elements(facts, Whole(facts), not self.refuse_nonfinite)
        done = False
        for node in [node for node in pads if self.wants(node) and _adds_nothing(node, elements)]:
            pads.remove(node)
            result.rewritten.append(
                Rewritten(self.name, node.op_type, node_label(node), "its operand, it adds no rows")
            )
            bypass(node, bench)
            done = True
        waiting, changed = _blocks(pads, elements), set[ir.Node]()
        while waiting:
            block = waiting.pop(0)
            if not changed.isdisjoint(
                block.nodes
            ):  # its lengths are those from before another block was shortened
                fresh = Facts(model)
                elements, changed = Elements(fresh, Whole(fresh), not self.refuse_nonfinite), set()
                left = [node for one in (block, *waiting) for node in one.pads if node.graph is not None]
                waiting = _blocks(left, elements)
                continue
            first = next((node for node in block.pads if self.wants(node)), next(iter(block.pads)))
            label, op_type = node_label(first), first.op_type
            try:
                if not self.wants(first):
                    raise Keep(f"its name matches no pattern of only={list(self.only)}")
                by = Shortening(block, self.length, elements, bench).run()
            except Keep as keep:
                bench.discard()
                if block.is_chunk:
                    result.kept.append(Kept(self.name, op_type, label, str(keep)))
            else:
                done = True
                changed |= block.nodes.keys()
                result.rewritten.append(Rewritten(self.name, op_type, label, by))
        if done:
            model.meta.pop("xamba.facts", None)


def _adds_nothing(node: ir.Node, elements: Elements) -> bool:
    """Whether a Pad adds no rows: what exporters leave where the prompt fills its chunks."""
    shape = elements.shape(node.inputs[0])
    found = None if shape is None else padding_of(node, elements.facts, len(shape))
    return found is not None and not any(found[0]) and not any(found[1])


def _blocks(pads: Iterable[ir.Node], elements: Elements) -> list[Region]:
    """Blocks of paddings that meet."""
    blocks: list[Region] = []
    for node in pads:
        if any(node in block.pads for block in blocks):
            continue
        padding = Region.padding(node, elements)
        if padding is not None and padding.longer:
            blocks.append(Region.around(node, elements))
    return blocks
