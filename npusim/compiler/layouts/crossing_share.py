"""What of an image of the graph crosses DDR where one op alone works on it and the laws of size hold.

Intel's compiler turns such an image as a whole: where it does not fit beside itself turned, all of it is written to DDR
and read again (256 x 118 x 118 in front of 1x1 at stride 2: 23.2 and 31.1 MB on NPU 3720 and 5010 for an image of 7.1;
566 and 230 us), and so it is, whatever its size, where the tiles' shares of its pixels are no rows of its reader. Both
are steps in size of up to 4 times, which no doubling should pay, in profiles that keep that law (`turns_in_strips`).

Here a share of the image crosses, and the law decides how large it is, by what the op moves or computes itself (its
`own_bytes`):
- it grows with the image, half of it where the image just fills half of all scratchpads: the sooner, the longer the op
  works on a byte, so that all of it crosses at twice that size in front of a large window over all channels, and at
  most `OWN_SHARE` of the op's own bytes in front of a pooling that leaves few;
- where it crosses for its rows, at most as much crosses as the op moves itself: the image twice as wide or as high,
  which may be whole rows and stay, is never cheaper.
No schedule has such shares: they are the line between Intel's two cases that doubling permits. The share is read and
written once more in front of the pass, in the time those transfers take. Of a line a share is copied within DDR, which
grows with the line alone, and where its channels or places are no whole sixteens so much more that it is not dearer
than twice the line."""

from dataclasses import replace

from npusim.compiler.cutting.split import PIXELS_AT_ONCE
from npusim.compiler.lowering.laid_anew import whole
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import over_channels
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.ops.slicing import WINDOW_LIMITS
from npusim.work import MacOp, MacWork, MoveWork

#: The lowering of such a step: each of its transfers goes from where to where its work says.
CROSSED = "crossed"
#: Of an op's own bytes, of an image far larger than the scratchpads: more would cost more than 2.3 times half of it.
OWN_SHARE = 1.2
#: What is turned is written and read.
TRIPS = 2
#: Powers of the size.
STEEPEST = 8.0
#: Of an image whose channels or pixels are no whole sixteens, besides.
UNEVEN_SHARE = 0.6
#: Of a line far larger than the scratchpads, and of one whose channels or places are no whole sixteens, besides.
LINE_SHARE, UNEVEN_LINE_SHARE = 0.8, 0.4
#: A share of what is turned that is not worth its two transfers.
LEAST_SHARE = 0.03
#: Multiply-accumulates in the time of a byte of DDR, at half of the array's peak: 50, 110 and 95 are its peak on NPU
#: 3720, 4000 and 5010; a tap of a window of one channel, for each byte of its result.
MACS_A_BYTE, TAP = 50.0, 0.2


def share_copied(
    name: str,
    image: Value,
    channels: int,
    values: dict[str, Value],
    room: float,
    reader: Placed,
    around: bool,
) -> list[Placed]:
    """The step that reads and writes a share of an image [1,C,H,W] or a line [1,C,L] of the graph in front of the pass
    that turns it to `channels` for `reader`; none of a small share, of a batch, or where each slice of a long window is
    turned by itself. `name`: the image behind what else is made of it. `room`: bytes of all scratchpads; `around`:
    whether the generation wants the rows around a tile's own on it. Edges of a pooling that were made in front are read
    from DDR as they are, and cost more than its rows."""
    if reader.lowering in WINDOW_LIMITS or len(image.shape) not in (3, 4) or image.shape[0] > 1:
        return []
    if len(image.shape) == 3:
        copied = line_bytes(image, channels, room, name == image.name)
        works = (MoveWork(copied / 2, "ddr", "ddr"),) * 2  # one a port
        return [_crossed(name, image, values)._replace(steps=works)] if copied else []
    leaves = f"{image.name}/edges" not in values and crosses_for_rows(image, reader, around)
    nbytes = crossing_bytes(image, channels, room, own_bytes(image, values, reader), leaves)
    if not nbytes:
        return []
    trip = MoveWork(nbytes / 2, "ddr", "scratchpad"), MoveWork(nbytes / 2, "scratchpad", "ddr")
    return [_crossed(name, image, values)._replace(steps=trip, lowering=CROSSED)]


def _crossed(name: str, image: Value, values: dict[str, Value]) -> Placed:
    out = f"{image.name}/crossed"
    values[out] = replace(values[name], name=out)
    why = "of an image of the graph that is turned a share is written out and read again"
    return whole(Node(out, "Pad", (name,), (out,)), values, why)


def own_bytes(image: Value, values: dict[str, Value], reader: Placed) -> float:
    """What `reader` of the image moves itself, or bytes in the time of which it computes, whichever are more."""
    moved = image.npu_bytes + reader.fixed_bytes + sum(values[n].npu_bytes for n in reader.writes)
    busy = 0.0
    for work in reader.steps:
        if isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION:
            busy += work.macs / MACS_A_BYTE
        elif isinstance(work, MacWork):
            busy += TAP * work.kernel_h * work.kernel_w * work.result_bytes
    return float(max(moved, busy))


def crosses_for_rows(image: Value, reader: Placed, around: bool) -> bool:
    """Whether Intel's compiler has the turned image cross DDR however small it is, as far as no number of tiles decides
    it (more of them would be slower): see npusim.compiler.sharing.distribution.image_leaves."""
    _, _, height, width = image.shape
    work = reader.steps[0] if reader.steps else None
    if width % PIXELS_AT_ONCE == 0 or not isinstance(work, MacWork):
        return False
    odd = height * width % PIXELS_AT_ONCE > 0
    return odd or over_channels(work, height) or bool(around and work.kernel_h > work.stride_h)


def crossing_bytes(image: Value, channels: int, room: float, own: float, leaves: bool) -> float:
    """What crosses of an image [1,C,H,W], bytes of both ways; 0 where it is not worth its transfers. `own`: bytes the
    op has of its own; `leaves`: the image crosses for its rows."""
    _, given, height, width = image.shape
    turned = image.npu_bytes * max(channels / given, 1)
    size = float(turned / (room / 2))
    steep = min(max(1.0, own / turned / TRIPS), STEEPEST)
    grown = min(TRIPS, OWN_SHARE * max(own / turned, 1.0)) * turned * (1 - 1 / (1 + size**steep))
    if leaves:
        grown = max(grown, min(TRIPS * turned, own))
    uneven = given % CHANNEL_BLOCK or height * width % PIXELS_AT_ONCE
    if not uneven and grown < LEAST_SHARE * turned:
        return 0.0
    return float(grown) + (UNEVEN_SHARE * image.npu_bytes if uneven else 0.0)


def line_bytes(line: Value, channels: int, room: float, filled: bool) -> float:
    """What crosses of a line [1,C,L], bytes of both ways; 0 where it is not worth its transfers. `filled`: what is no
    whole sixteens by so much more."""
    _, given, places = line.shape
    turned = line.npu_bytes * max(channels / given, 1)
    share = turned / (turned + room / 2)
    uneven = filled and (given % CHANNEL_BLOCK or places % PIXELS_AT_ONCE)
    if not uneven and share < LEAST_SHARE:
        return 0.0
    return float(LINE_SHARE * share * turned + (UNEVEN_LINE_SHARE * line.npu_bytes if uneven else 0.0))
