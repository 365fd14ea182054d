"""Smaller operands of element-wise passes, written out to the size of the result in front of them.

The MAC array adds tensors of one size: Intel's compiler fills a smaller operand in within the scratchpad and copies it
to the tiles, or to DDR where it does not fit beside the operands (`broadcast_rhs` in its schedules on all three NPUs).
Scores that are cut head by head take their mask as it is: it has the size of one head's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from npusim.compiler.place import Placed
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
) -> tuple[list[Placed], dict[int, int]]:
    """The steps with those that write operands out, and where chains begin now. What is made is added to `values` and
    `sizes` (bytes). `chains`: index of the first step -> how many are cut together; `ops`: whose operands must be
    equal. `room`: bytes that may stay inside; scores that do not fit twice are cut by heads."""
    if not any(s.node.op_type in ops for s in placed):
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
            if by_heads and all(values[n].shape[-2:] == result.shape[-2:] for n in step.reads):
                steps.append(step)
                continue
            step = _equal_operands(step, steps, values, sizes)
        steps.append(step)
    return steps, starts


def _equal_operands(
    step: Placed, steps: list[Placed], values: dict[str, Value], sizes: dict[str, float]
) -> Placed:
    """The step reading equal operands; the steps that make them are appended to `steps`, once for all readers."""
    result, reads = values[step.node.outputs[0]], list(step.reads)
    for i, name in enumerate(reads):
        value = values[name]
        if not 0 < value.elements < result.elements:
            continue
        reads[i] = out = f"{name}/over_{'x'.join(map(str, result.shape))}"
        if out in values:
            continue
        values[out] = replace(value, name=out, shape=result.shape)
        sizes[out] = values[out].npu_bytes
        node = Node(out, "Broadcast", (name,), (out,))
        work = MoveWork(sizes[out])
        steps.append(Placed(node, "dma", (work,), "dma", WHY, (name,), (out,), 0.0, 0.0))
    return step._replace(reads=tuple(dict.fromkeys(reads)))
