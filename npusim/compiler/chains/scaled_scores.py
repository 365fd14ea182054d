"""Scores of a batch of two axes, [windows, heads, rows, columns], on NPU 3720: scaled by a pass of their own, each step
through DDR.

    MatMul -> Mul (one number) -> [Add (mask) ->] Softmax -> MatMul

Where only heads are many, Intel's compiler scales the queries as they are made; here it leaves the factor behind the
first product (`Multiply/as_scaleshift`). Products are taken apart there problem by problem, the factor is shared over
rows, the softmax over windows and heads, so that all of them read from DDR and write there (MobileViT, and five graphs
of attention in 4, 16 and 2 windows of 256, 64 and 128 rows; the last keeps what it scales for its softmax).
Profile 2026 cuts factor and softmax together in strips, so that twice the windows cost less (two 2.1 to 2.8 times
one)."""

from __future__ import annotations

from collections.abc import Mapping

from npusim.compiler.chains.chains import is_softmax
from npusim.compiler.fuse.drain_path import two_axes
from npusim.compiler.lowering.lowered import batch_of
from npusim.compiler.lowering.neighbours import making_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import PLANES, ROWS
from npusim.graph import Value

IN_STRIPS = "in strips"
WHY = "scores of a batch of two axes go through DDR step by step"


def scores_apart(
    placed: list[Placed], values: Mapping[str, Value], how: str
) -> tuple[list[Placed], frozenset[str], frozenset[str]]:
    """The steps, such factors shared over rows and their softmax over windows and heads; what each softmax reads; and
    those of these that are cut together with it. `how`: what the profile does, '' where the factor rides."""
    maker = making_steps(placed)
    steps, found, strips = list(placed), set(), set()
    for k, step in enumerate(placed if how else ()):
        if not is_softmax(step) or step.one_dsp:
            continue
        at = maker.get(step.reads[0])
        if at is not None and placed[at].node.op_type == "Add":
            at = next((maker[n] for n in placed[at].reads if _scaled(n, placed, maker)), None)
        if at is None or not _scaled(placed[at].writes[0], placed, maker):
            continue
        if two_axes(values[placed[at].writes[0]].shape):
            found.add(step.reads[0])
            if how == IN_STRIPS and step.reads[0] in placed[at].writes:
                strips.add(step.reads[0])
                continue
            steps[at] = steps[at]._replace(sharing=ROWS, reason=f"{placed[at].reason}; {WHY}")
            steps[k] = step._replace(sharing=PLANES, reason=f"{step.reason}; {WHY}")
    return steps, frozenset(found), frozenset(strips)


def _scaled(name: str, placed: list[Placed], maker: Mapping[str, int]) -> bool:
    """Whether a tensor is what a batch of products makes, times one number."""
    step = placed[maker[name]] if name in maker else None
    if step is None or step.lowering != "scale_shift" or step.node.op_type not in ("Mul", "Div"):
        return False
    first = maker.get(step.reads[0])
    return first is not None and batch_of(placed[first].steps) is not None
