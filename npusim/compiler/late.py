"""Convolutions and max poolings run as late as what reads them, as in the schedules of Intel's compiler 8.4.

Its order is that of the graph, depth first, first inputs first; then, from the last to the first, each convolution,
product with weights, scale and max pooling of the MAC array moves right in front of what reads it first. Additions,
Concats, average poolings, DSP kernels and changes of layout stay where they are, and so does what one of these, or a
view, reads. So of branches that an addition or a Concat joins the last operand's runs first: the convolution of a
ResNet's shortcut in front of its branch, whose result waits meanwhile. Of 123 schedules (64 small graphs of two to four
branches and ResNet-50 of 224 to 448 pixels on up to three NPUs) the MAC array's steps come in the same order in 108 as
released and 94 in profile 2026, where only images' steps move (20 without the rule); most others are strips that pass
through a shortcut and its branch: there the shortcut runs behind the branch."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import IMAGE_OPS
from npusim.work import MacOp, MacWork

MOVING = (MacOp.CONVOLUTION, MacOp.DEPTHWISE, MacOp.MAX_POOL)
STAYING = ("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "MemPermute")
ENLARGING = ("ConvTranspose", "DepthToSpace", "Resize", "Upsample")


def as_late_as_read(steps: Sequence[Placed], products: bool) -> list[Placed]:
    """The same steps, in that order; `products` with weights and scales move too. Each step that moves hangs on the one
    it moves in front of; what hangs on a step runs in front of it, in the order in which it was hung up."""
    readers = reading_steps(steps)
    above: dict[int, tuple[int, int]] = {}  # what moved -> in front of which one, and as which of these
    hung: dict[int, list[int]] = {}

    def place(k: int) -> tuple[int, ...]:
        path: list[int] = [len(steps)]
        while k in above:
            k, at = above[k]
            path.append(at)
        return (k, *reversed(path))

    for k in reversed(range(len(steps))):
        moves = _moves(steps[k]) and (products or steps[k].node.op_type in IMAGE_OPS)
        reading = readers.get(steps[k].writes[0], []) if moves else []
        if not reading or any(_holds(steps[r], steps[k].writes[0]) for r in reading):
            continue
        first = reading[0] if len(reading) == 1 else min(reading, key=place)
        own = hung.setdefault(first, [])
        above[k] = first, len(own)
        own.append(k)
    found: list[Placed] = []
    for k in range(len(steps)):
        stack = [] if k in above else [(k, 0)]
        while stack:
            one, at = stack.pop()
            own = hung.get(one, [])
            if at < len(own):
                stack += [(one, at + 1), (own[at], 0)]
            else:
                found.append(steps[one])
    return found


def _moves(step: Placed) -> bool:
    work = step.only
    return (
        step.engine == "mac_array"
        and isinstance(work, MacWork)
        and work.op in MOVING
        and len(step.writes) == 1
        and step.node.op_type not in STAYING
    )


def _holds(reader: Placed, name: str) -> bool:
    """Whether what makes `name` stays where it is for a reader: one that sees it in another shape, enlarges it, or
    moves itself and reads it beside another (a gate)."""
    enlarges = reader.node.op_type in ENLARGING
    gates = _moves(reader) and reader.node.op_type == "Mul" and len(reader.reads) > 1
    return name not in reader.node.inputs or enlarges or gates
