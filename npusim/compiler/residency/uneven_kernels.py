"""PReLU behind convolutions on planes on NPU 5010: what its tiles share unevenly crosses DDR.

Intel's compiler shares this kernel over the tiles as the convolution in front of it. By channels the array gives each
tile whole sixteens, the kernel first each DSP of a tile its part, then each tile (256 channels: 96, 80, 80 of the
array; 48, 48, 40 and 40, 40, 40 of the kernel), so that the two agree only where every tile has as many sixteens: else
what the convolution makes is written and read back. What the kernel makes by channels goes through DDR to any reader
but a window for each channel that is shared so too and evenly; by rows to a convolution that is shared by channels
(other readers by the rules for rows). 349 PReLUs in its schedules, of 1x1, 3 x 3 and depthwise convolutions of 5 to 56
rows and 48 to 512 channels and of four nets for faces: of 231 uneven ones 205 as said here. Elu, which has no number a
channel, is cut along columns there and stays (a depth net's, ten of ten)."""

from __future__ import annotations

from math import ceil

from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.compiler.sharing.distribution import is_pointwise
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

CHANNELS = "input through DDR: its kernel and the array share channels over the tiles another way"
SIDE = 4  # pixels of a block of the grid, each way
# By channels where the array has a tenth less to do so, counted in blocks and sixteens, ...
LESS = 0.9
# ... and from so many channels on few rows: of a window for each channel 14 (not 20), of others 10 (not 12).
MANY_CHANNELS, DEPTHWISE_ROWS, FEW_ROWS = 128, 14, 10


def uneven_edges(
    steps: list[Placed], makers: dict[str, Placed], scratchpad: Scratchpad
) -> dict[tuple[str, str], str]:
    """(a tensor, what its reader makes) -> why it reaches that one through DDR, '' where it stays: of convolutions in
    front of PReLUs, and of these."""
    found: dict[tuple[str, str], str] = {}
    for step in steps:
        before = makers.get(step.reads[0]) if len(step.reads) == 1 else None
        if before is None or step.engine != "dsp" or step.node.op_type != "PRelu":
            continue
        work = convolution_by_planes(before)
        if work is None or _quantised(step, steps, scratchpad):
            continue
        shared, even = by_channels(work, scratchpad.tiles), sixteens(work) % scratchpad.tiles == 0
        if shared and not even:
            found[step.reads[0], step.writes[0]] = CHANNELS
        for reader in (steps[k] for k in scratchpad.uses.get(step.writes[0], ())):
            edge, to = (step.writes[0], reader.writes[0]), convolution_by_planes(reader)
            if shared:
                window = to if to is not None and to.op == MacOp.DEPTHWISE and to.stride_h == 1 else None
                stays = even and window is not None and by_channels(window, scratchpad.tiles)
                found[edge] = "" if stays else CHANNELS
            elif (
                to is not None
                and _in_front_of_kernel(reader, steps, scratchpad)
                and by_channels(to, scratchpad.tiles)
            ):
                found[edge] = CHANNELS
    return found


def _quantised(step: Placed, steps: list[Placed], scratchpad: Scratchpad) -> bool:
    """Whether the kernel's result is made 8-bit by a pass of the array, which all three go by rows for (a quantised
    MobileFaceNet, every PReLU of 64 to 512 channels)."""
    readers = [steps[k] for k in scratchpad.uses.get(step.writes[0], ())]
    return bool(readers) and all(s.node.op_type == "QuantizeLinear" for s in readers)


def _in_front_of_kernel(reader: Placed, steps: list[Placed], scratchpad: Scratchpad) -> bool:
    """Whether a convolution of one tap has a kernel behind it."""
    behind = (steps[k] for k in scratchpad.uses.get(reader.writes[0], ()))
    return is_pointwise(reader) and any(s.engine == "dsp" for s in behind)


def convolution_by_planes(step: Placed) -> MacWork | None:
    """The convolution of one image that a step is, on more than a pixel, of all channels or of each by itself."""
    work = step.only
    if not isinstance(work, MacWork) or step.images > 1 or work.out_h * work.out_w == 1:
        return None
    depthwise = work.op == MacOp.DEPTHWISE and work.kernel_h > 1
    return work if depthwise or (work.op == MacOp.CONVOLUTION and work.groups == 1) else None


def by_channels(work: MacWork, tiles: int) -> bool:
    """Whether the tiles share a convolution in front of a kernel by its channels, not by rows."""
    many = work.out_c >= MANY_CHANNELS
    if work.op == MacOp.DEPTHWISE:
        return bool(many and work.out_h <= DEPTHWISE_ROWS)
    if many and work.out_h <= FEW_ROWS:
        return True
    by_rows = ceil(work.out_h / tiles / SIDE) * sixteens(work)
    return sixteens(work) > tiles and ceil(work.out_h / SIDE) * ceil(sixteens(work) / tiles) <= LESS * by_rows


def sixteens(work: MacWork) -> int:
    """Of channels, that a convolution makes."""
    found: int = ceil(work.out_c / CHANNEL_BLOCK)
    return found
