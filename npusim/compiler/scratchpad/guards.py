"""Softmaxes without a mask that are guarded against NaN, and the tensors around them.

    MatMul -> Softmax -> IsNaN, Where (zero for NaN) -> MatMul

transformers' vision encoders are exported so: their mask hides nothing and its sum is gone (`loading/filled.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from npusim.compiler.lowering.place import Placed
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

GUARDS = {"IsNaN", "Where"}


@dataclass(frozen=True, slots=True)
class Guards:
    """What products make for such softmaxes, what these make, and what their guards leave: name -> whether its keys
    fill whole sixteens. `heads`: of what softmaxes make, how many heads there are."""

    scores: dict[str, bool] = field(default_factory=dict)
    weights: dict[str, bool] = field(default_factory=dict)
    kept: dict[str, bool] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)


def guards_of(steps: Sequence[Placed], uses: Mapping[str, Sequence[int]]) -> Guards:
    """All of a graph."""
    found = Guards()
    if not any(s.node.op_type == "IsNaN" for s in steps):
        return found
    maker = {name: step for step in steps for name in step.writes}
    for step in steps:
        if step.node.op_type != "Softmax" or step.engine != "dsp":
            continue
        product = _product(maker.get(step.reads[0]))
        after = [steps[i] for i in uses.get(step.writes[0], ())]
        if product is None or {s.node.op_type for s in after} != GUARDS:
            continue
        guard = next(s for s in after if s.node.op_type == "Where")
        even = product.out_c % CHANNEL_BLOCK == 0
        found.scores[step.reads[0]] = found.weights[step.writes[0]] = even
        found.kept[guard.writes[0]] = even
        found.heads[step.writes[0]] = int(product.groups)
    return found


def _product(step: Placed | None) -> MacWork | None:
    """The products of queries and keys, several problems."""
    if step is None or step.node.op_type != "MatMul":
        return None
    return next((w for w in step.steps if isinstance(w, MacWork) and w.op == MacOp.CONVOLUTION), None)
