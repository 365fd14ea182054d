"""Over which axis a step is cut across the tiles, and what that means for the next one.

Intel's compiler gives every op a natural cut and keeps a result in the scratchpad only for one reader that is cut
the same way; any other reader gets it through DDR, be it a hundred bytes. (Edges of ten transformer and
state-space nets in its schedules: DSP to DSP, same cut, 105 of 113 stay; another cut, 121 of 145 go through DDR;
more than one reader, 812 of 1,063 do.) Convolutional nets keep nearly everything: there the cuts are converted on
the fly."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from npusim.compiler.place import Placed
from npusim.work import MacOp, MacWork, VectorWork

ONE, IMAGE, GROUPS, ROWS, CHANNELS = "one tile", "image", "groups", "rows", "channels"
CHANNEL_KERNELS = frozenset(["mul", "sub", "div", "softmax", "log_softmax", "select", "mvn", "cumsum"])
IMAGE_OPS = frozenset(
    ["Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"]
    + ["Resize", "Upsample", "BatchNormalization"]
)
INHERITED = (IMAGE, GROUPS)
PLANES = "rows of planes"  # of an image that is turned, where its reader is cut over channels
GRID_ROWS = 4  # of a convolution on a tile; of a pooling or a depthwise one twice as many
CHANNEL_STEP = 16
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


def through_ddr(made: str, read: str, readers: int) -> bool:
    """Whether a tensor cut like `made` reaches a reader cut like `read` through DDR."""
    if ONE in (made, read):
        return made != read
    if made in INHERITED and made == read:
        return False
    if made == PLANES:
        return True
    if IMAGE in (made, read):
        return False
    return made != read or readers > 1


def over_channels(rows: int, channels: int, tiles: int, convolution: bool) -> bool:
    """Whether an image op of so many rows and channels of results is cut over channels: where `tiles` shares of its
    rows leave more of the grid empty than shares of its channels (in Intel's schedules of single ops: poolings of 28
    and 56 rows, depthwise convolutions of 7, others of 20; not of 112)."""
    side = GRID_ROWS if convolution else 2 * GRID_ROWS
    by_rows = _up(ceil(rows / tiles), side) / rows
    by_channels = _up(ceil(channels / tiles), CHANNEL_STEP) / channels
    return by_channels < by_rows


def _up(value: int, step: int) -> int:
    return ceil(value / step) * step
