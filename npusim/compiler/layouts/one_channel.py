"""Lines of one channel that a window reads: fifteen channels of zeros come beside it first, through DDR.

Intel's schedules of 1 x 16,000 by ten taps: by a convolution of sixteen places to sixteen channels each on NPU 3720 and
4000 (`expand_input/as_convolution`), by copies on 5010 (`expand_copy`)."""

from __future__ import annotations

from npusim.compiler.cutting.split import PIXELS_AT_ONCE
from npusim.compiler.lowering.laid_anew import permuted, transferred
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import SLABS
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, one_tap, pixels
from npusim.work import MacOp, MacWork, MoveWork


def one_line(value: Value, step: Placed) -> bool:
    """Whether a window that is not cut into slices reads a line of one channel."""
    shape, work = value.shape, step.only
    window = isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION and work.kernel_h * work.kernel_w > 1
    return window and len(shape) == 3 and shape[1] == 1 and step.node.op_type in ("Conv", "FusedConv")


def expanded(name: str, wide: Value, by_convolution: bool) -> Placed:
    """The step that makes `wide` of the line `name`."""
    why = "a line of one channel is written beside fifteen of zeros"
    if by_convolution and wide.shape[2] % PIXELS_AT_ONCE == 0:
        size, places = min(wide.dtype.npu_bytes, 2.0), pixels(wide.elements / CHANNEL_BLOCK**2)
        work = one_tap(MacOp.CONVOLUTION, *places, CHANNEL_BLOCK**2, size, terms=CHANNEL_BLOCK)
        return permuted(Node(f"{name}/layout", "MemPermute", (name,), (wide.name,)), (work,), why, SLABS)
    return transferred(Node(f"{name}/layout", "Pad", (name,), (wide.name,)), MoveWork(wide.npu_bytes), why)
