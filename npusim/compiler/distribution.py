"""Over which axis a step is cut across the tiles, and what that means for the next one.

Intel's compiler gives every op a natural cut and keeps a result in the scratchpad only for one reader that is cut
the same way; any other reader gets it through DDR, be it a hundred bytes. (Edges of ten transformer and
state-space nets in its schedules: DSP to DSP, same cut, 105 of 113 stay; another cut, 121 of 145 go through DDR;
more than one reader, 812 of 1,063 do.) Convolutional nets keep nearly everything: there the cuts are converted on
the fly."""

from __future__ import annotations

from collections.abc import Callable

from npusim.compiler.place import Placed
from npusim.work import MacOp, MacWork, VectorWork

ONE, IMAGE, GROUPS, ROWS, CHANNELS = "one tile", "image", "groups", "rows", "channels"
SLABS = "rows of the image"  # a graph's image turned for a reader that is cut over channels
SMALL_PLANE_ROWS, SMALL_POOL_ROWS = 28, 56  # planes of up to so many rows are cut over channels
CHANNEL_KERNELS = frozenset(["mul", "sub", "div", "softmax", "log_softmax", "select", "mvn", "cumsum"])
IMAGE_OPS = frozenset(
    ["Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"]
    + ["Resize", "Upsample", "BatchNormalization"]
)
INHERITED = (IMAGE, GROUPS)
ROW_LIMIT = 128  # matrix products of up to so many rows are cut over channels


def cut_of(step: Placed, cuts: Callable[[str], str | None], rank: int) -> str:
    """The cut of a step. `cuts`: that of a tensor it reads; `rank` of its first input."""
    if step.cut:
        return step.cut
    if step.one_dsp or step.dsp_tiles == 1:
        return ONE
    if step.node.op_type in IMAGE_OPS and rank >= 4:
        return IMAGE
    first = step.steps[0] if step.steps else None
    if isinstance(first, MacWork) and first.op == MacOp.CONVOLUTION:
        if first.groups > 1:
            return GROUPS
        if step.lowering == "mac_array":
            return CHANNELS if first.out_h * first.out_w <= ROW_LIMIT else ROWS
        return ROWS
    inherited = next((cut for n in step.reads if (cut := cuts(n)) in INHERITED), None)
    if inherited is not None:
        return inherited
    if isinstance(first, VectorWork) and first.kernel in CHANNEL_KERNELS:
        return CHANNELS
    return ROWS


def over_channels(step: Placed, batch: int) -> bool:
    """Whether a step on images is cut over channels: small planes, of Intel's schedules of single ops."""
    work = step.steps[0] if step.steps else None
    if not isinstance(work, MacWork):
        return False
    pooled = work.op in (MacOp.MAX_POOL, MacOp.AVERAGE_POOL)
    return bool(work.in_h / max(1, batch) <= (SMALL_POOL_ROWS if pooled else SMALL_PLANE_ROWS))


def through_ddr(made: str, read: str, readers: int) -> bool:
    """Whether a tensor cut like `made` reaches a reader cut like `read` through DDR."""
    if ONE in (made, read):
        return made != read
    if made == SLABS:
        return read == IMAGE
    if made in INHERITED and made == read:
        return False
    if IMAGE in (made, read):
        return False
    return made != read or readers > 1
