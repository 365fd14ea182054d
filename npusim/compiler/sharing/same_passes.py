"""What an element-wise op hands on to the next one of its kind stays in the scratchpads.

Both have one shape, so the tiles share both alike, and the second finds its slice where the first left it, wherever
the other operands come from (a Sum of three or four operands, a Max or a Min of them: in Intel's schedules of NPU 3720,
4000 and 5010 they are loaded once each and the last result alone is written)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from npusim.compiler.lowering.place import Placed
from npusim.graph import Value

FOLDED = ("Add", "Max", "Min")  # what ops of several operands are made of (`fuse/several_operands.py`)


def handed_to_the_next(
    steps: list[Placed], values: Mapping[str, Value], whole: Collection[str]
) -> frozenset[str]:
    """Tensors that stay between two such ops. `whole`: tensors that others are parts of."""
    readers = Counter(name for step in steps for name in step.reads)
    makers = {step.writes[0]: step for step in steps if step.node.op_type in FOLDED and len(step.writes) == 1}
    found = set()
    for step in steps:
        for name in step.reads:
            maker = makers.get(name)
            if maker is None or readers[name] != 1 or name in whole or maker.lowering != step.lowering:
                continue
            if maker.node.op_type == step.node.op_type and _equal(maker, values) and _equal(step, values):
                found.add(name)
    return frozenset(found)


def _equal(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether operands are two of the result's shape."""
    shape = values[step.writes[0]].shape
    return len(step.reads) == 2 and all(values[name].shape == shape for name in step.reads)
