"""Smaller operands of element-wise passes, written out to the size of the result in front of them.

The MAC array adds tensors of one size: Intel's compiler fills a smaller operand in within the scratchpad and copies it
to the tiles, or to DDR where it does not fit beside the operands (`broadcast_rhs` in its schedules on all three NPUs).
On NPU 4000 and 5010, where a batch of products runs as one kernel, so is an operand of fewer problems than the other
(4 x 12 x 64 x 64 by 1 x 12, 2 x 16 x 197 x 64 by 2 x 1).
Scores that are cut head by head take their mask as it is: it has the size of one head's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import replace
from math import prod

from npusim.compiler.lowering.lowered import batch_of
from npusim.compiler.lowering.place import Placed
from npusim.graph import Node, Value
from npusim.work import MoveWork

WHY = "a smaller operand is written out to the size of the result, as the MAC array adds equal ones"


def equal_operands(
    placed: list[Placed],
    chains: Mapping[int, int],
    values: dict[str, Value],
    sizes: dict[str, float],
    ops: Collection[str],
    room: float,
    batches: bool = False,
    masked: Set[str] = frozenset(),
) -> tuple[list[Placed], dict[int, int]]:
    """The steps with those that write operands out, and where chains begin now. What is made is added to `values` and
    `sizes` (bytes). `chains`: index of the first step -> how many are cut together; `ops`: whose operands must be
    equal. `room`: bytes that may stay inside; scores that do not fit twice are cut by heads.
    `batches`: so must those of a batch of products that runs as one kernel. `masked`: sums of scores and a mask that
    are not cut by heads (npusim.compiler.chains.masked)."""
    if not any(s.node.op_type in ops or (batches and s.node.op_type == "MatMul") for s in placed):
        return placed, dict(chains)
    made = {n for s in placed for n in s.writes}
    inside = {k + i for k, length in chains.items() for i in range(length)}
    steps: list[Placed] = []
    starts: dict[int, int] = {}
    for k, step in enumerate(placed):
        if k in chains:
            starts[len(steps)] = chains[k]
        if step.node.op_type in ops and step.lowering == "mac_array" and k not in inside:
            result = values[step.node.outputs[0]]
            by_heads = 2 * sizes[result.name] > room and not made.isdisjoint(step.reads)
            by_heads &= result.name not in masked
            # as the op sees them: places of a grid's columns, 14 x 14 x 1 x 14, are no mask of 14 x 14
            if by_heads and all(values[n].shape[-2:] == result.shape[-2:] for n in step.node.inputs):
                steps.append(step)
                continue
            step = _equal_operands(step, steps, values, sizes, result.shape)
        elif batches and k not in inside and _is_batch(step):
            batch = values[step.node.outputs[0]].shape[:-2]
            step = _equal_operands(step, steps, values, sizes, batch)
        steps.append(step)
    return steps, starts


def _is_batch(step: Placed) -> bool:
    """Whether a step is a batch of products of two tensors, a problem for each head."""
    own = step.node.op_type == "MatMul" and len(step.reads) == 2 and not step.fixed_bytes
    return own and batch_of(step.steps) is not None and "npusim.shared" not in step.node.attributes


def _equal_operands(
    step: Placed,
    steps: list[Placed],
    values: dict[str, Value],
    sizes: dict[str, float],
    over: tuple[int, ...],
) -> Placed:
    """The step reading operands of the shape `over`, those of a product so in front of their last two axes; the steps
    that make them are appended to `steps`, once for all readers."""
    reads = list(step.reads)
    for i, name in enumerate(reads):
        value = values[name]
        shape = (*over, *value.shape[-2:]) if step.node.op_type == "MatMul" else over
        # heads that lie side by side in rows are no fewer problems
        apart = step.node.op_type != "MatMul" or len(value.shape) == len(shape)
        if not (apart and 0 < value.elements < prod(shape)):
            continue
        reads[i] = out = f"{name}/over_{'x'.join(map(str, shape))}"
        if out in values:
            continue
        values[out] = replace(value, name=out, shape=shape)
        sizes[out] = values[out].npu_bytes
        node = Node(out, "Broadcast", (name,), (out,))
        work = MoveWork(sizes[out])
        steps.append(Placed(node, "dma", (work,), "dma", WHY, (name,), (out,), 0.0, 0.0))
    return step._replace(reads=tuple(dict.fromkeys(reads)))
