"""Images of the graph of which neither the channels nor the columns are whole sixteens.

The pass that turns such an image for its reader fills up both (`pad_[0, 8, 0, 0]_expand_input` behind
`expand_input`): its columns as it is loaded or, on NPU 4000 and 5010, by a copy before. It crosses DDR behind the
pass where rows become channels of another share: always on NPU 3720, on the others where the tiles share the
channels, or a window over all channels reads it. On NPU 5010 a convolution over all channels has these filled up behind
the pass, in DDR, which is one copy more where the image would leave the tiles anyway. Schedules of 31 graphs of 24 to
881 channels on 24 to 212 rows: poolings, scales, shifts, activations, convolutions of one channel each and of all.
So 40 columns of 56 channels may cost more than 80, or than 112 channels."""

from __future__ import annotations

from typing import TypeGuard

from npusim.compiler.cutting.split import PIXELS_AT_ONCE, ceil_to
from npusim.compiler.sharing.distribution import over_channels
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork, Work

FEW_CHANNELS = 32
FEW_COLUMNS, MOST_PIECES = 48, 3  # strips of columns of images that one channel at a time is read of
# Of an image whose columns are whole sixteens: channels that a copy fills up, and no pass in pieces (136 to 248 of
# 112 x 112, 264, 312, 344 of 80 x 80; not 104, 120, 430).
COPIED_CHANNELS = range(129, 353)
# Of an image that is filled up so though it would leave anyway.
COPIED_BEHIND = "rows of the image, copied in DDR"


def fills_both(image: Value, work: Work, later: bool) -> bool:
    """Whether the pass that turns an image for `work` fills up channels and columns. `later`: not the channels of one
    for a convolution over all of them."""
    if len(image.shape) != 4 or image.shape[0] > 1 or not isinstance(work, MacWork):
        return False
    _, channels, _, width = image.shape
    later = later and _over_all(work)
    uneven = channels % CHANNEL_BLOCK > 0 and width % PIXELS_AT_ONCE > 0
    return uneven and channels > CHANNEL_BLOCK and not later


def filled_in_ddr(image: Value, work: Work, room: float) -> str:
    """What of an image whose channels fill no sixteens is filled up in DDR in front of a convolution over all of them
    on NPU 3720, "columns" or "channels": one that has no room (`room`: bytes of all scratchpads) beside itself turned.
    A pass in one piece loads its rows padded, and fills up channels; pieces find padded what they load
    (`expand_input` in DDR of 100 x 100 x 100, 391 x 51 x 51, 881 x 72 x 72; 152 x 112 x 112, 203 x 96 x 96). For what
    reads one channel at a time it is turned in strips of columns, which are padded as they are loaded (32 x 190 x 190,
    224 x 69 x 69, 300 x 60 x 60, 64 x 197 x 197), or of rows, which find it padded: where there are three sixteens of
    columns at most (475 x 44 x 44, 640 x 45 x 45, 696 x 42 x 42), or more than three strips (1,472 x 41 x 41, 928 x 71
    x 71, 384 x 94 x 94, 304 x 145 x 145). Not known: two strips of wider ones (416 x 51 x 51, 120 x 101 x 101 and 500 x
    50 x 54 are copied)."""
    if not isinstance(work, MacWork) or len(image.shape) != 4 or image.shape[0] > 1:
        return ""
    _, channels, height, width = image.shape
    wide, columns = ceil_to(channels, CHANNEL_BLOCK), ceil_to(width, PIXELS_AT_ONCE)
    pixels = height * columns * image.dtype.npu_bytes
    if not _over_all(work):
        pieces = (channels + wide) * pixels / room
        padded = fills_both(image, work, later=False) or height * width % PIXELS_AT_ONCE > 0
        return "columns" if padded and pieces > (1 if columns <= FEW_COLUMNS else MOST_PIECES) else ""
    if channels % CHANNEL_BLOCK == 0 or channels < CHANNEL_BLOCK or (channels + wide) * pixels <= room:
        return ""
    if columns > width:
        return "columns"
    return "channels" if wide in COPIED_CHANNELS else ""


def two_change(image: Value, work: Work, tiles: int) -> bool:
    """Whether the tiles that turned such an image by rows share its channels next (40 x 60 x 60 on three tiles, not
    72 x 24 x 100), or its pixels are no whole sixteens. No `tiles`: sixteens for all of them make no difference (NPU
    4000: 50 x 60 x 60)."""
    _, channels, height, width = image.shape
    if _over_all(work):
        return bool(work.kernel_h > 1)
    window = isinstance(work, MacWork) and work.kernel_h > 1 and over_channels(work, height)
    even = tiles > 0 and ceil_to(channels, CHANNEL_BLOCK) // CHANNEL_BLOCK % tiles == 0
    return window or even or height * width % PIXELS_AT_ONCE > 0


def fills_later(image: Value, work: Work) -> bool:
    """Whether the channels of an image are filled up behind the pass that turns it for `work`, a convolution over all
    of them, which reads DDR (NPU 5010: 40 to 881 channels; 24 and 28 are filled up by a convolution where they lie)."""
    if not _over_all(work) or len(image.shape) != 4 or image.shape[0] > 1:
        return False
    _, channels, height, width = image.shape
    return channels > FEW_CHANNELS and channels % CHANNEL_BLOCK > 0 and height * width % PIXELS_AT_ONCE == 0


def _over_all(work: Work) -> TypeGuard[MacWork]:
    """Whether a work is a convolution over all channels."""
    return isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION
