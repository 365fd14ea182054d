"""Where the MAC array finds each place of an image that is not in memory as it reads it: spread out with zeros for a
transposed convolution, or enlarged by reading pixels again.

A window over such an image brings a pointer of four bytes for each place of it, and a map of a bit a channel of what is
zero. Both are constants that cross DDR, a tile's share to each tile (Intel's schedules of 144 x 40 x 40 as
DepthToSpace of blocks of three: 20,496 bytes of pointers and 92,232 of map for each of three tiles of NPU 5010, of
64 x 40 x 40 as ConvTranspose of 3 x 3: 9,628 and 19,256; enlarged by two on NPU 4000 6,400 and 12,800). NPU 5010
enlarges without the map. Compiler 8.4's estimate gives the map sixteen times its time (19.2 us for 92,232 bytes at
76.8 GB/s)."""

from __future__ import annotations

from math import ceil

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.residence import Residence
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

POINTER_BYTES = 4
MAP_COUNTED = 16  # times its bytes, in the estimate
SPREADING = ("ConvTranspose", "DepthToSpace")  # windows on an image spread out with zeros

INTERPOLATED = ("interpolated", "interpolated_15")


class Map(str):
    """The name of a reader's map. A type of its own, for a tensor of the graph may be called as a map is."""

    __slots__ = ()


def axes_apart(step: Placed) -> tuple[MacWork, MacWork] | None:
    """The passes along the two axes of an image that is enlarged along one after the other."""
    if step.lowering not in INTERPOLATED or len(step.steps) != 2:
        return None
    first, second = step.steps
    return (first, second) if isinstance(first, MacWork) and isinstance(second, MacWork) else None


def _image_bytes(work: MacWork) -> float:
    """What a pass makes, its channels filled up to sixteens."""
    return float(work.out_h * work.out_w * ceil_to(work.out_c, CHANNEL_BLOCK) * work.output_bytes)


def held_enlarging(step: Placed, tiles: int, maps_enlarged: bool) -> float:
    """Bytes inside while an image is enlarged along its second axis: what the first pass made, with a row more on
    either side of each tile's, the result, pointers and map; channels filled up to sixteens. 0 for any other step.

    Intel's schedules of 12 single images: 19 channels of 64 x 64 by four, of 40 x 40 by eight, 21 of 80 x 80 by four,
    64 of 80 x 80 by two cross DDR between the axes, and their result goes there, on NPU 4000 (1,327,104 bytes of a
    tile: 64 of 80 x 80 hold 1,350,400) and 5010; 64 of 64 x 64 and 128 of 40 x 40 by two do not."""
    passes = axes_apart(step)
    if passes is None:
        return 0.0
    first, second = passes
    places = second.out_h * second.out_w
    tables = POINTER_BYTES * places
    if maps_enlarged:
        tables += places * ceil_to(second.in_c, CHANNEL_BLOCK) / 8
    return float(_image_bytes(first) * (1 + 2 * tiles / first.out_h) + _image_bytes(second) + tables)


def between_axes(step: Placed, r: Residence, tiles: int) -> None:
    """An image enlarged along one axis crosses DDR where the pass along the other does not fit whole (128 x 64 x 64 by
    two on NPU 4000 and 5010, not 64 x 64 x 64), its channels filled up to sixteens; each tile reads a row more on
    either side of its own (46 of 40 rows for four tiles)."""
    passes = axes_apart(step)
    if passes is None or r.pieces < 2:
        return
    first, _ = passes
    r.partial_bytes = _image_bytes(first) * (2 + 2 * (tiles - 1) / first.out_h)


def place_tables(step: Placed, r: Residence, tiles: int, maps_enlarged: bool) -> None:
    """Add a step's pointers and map to what it loads. `maps_enlarged`: images read again have a map, too."""
    kind = step.node.op_type
    spreads = kind in SPREADING and step.lowering == "mac_array"
    enlarges = step.lowering in INTERPOLATED
    if not (spreads or enlarges):
        return
    pointers = mapped = 0.0
    for work in step.steps:
        if not isinstance(work, MacWork) or work.op not in (MacOp.CONVOLUTION, MacOp.DEPTHWISE):
            continue
        rows, columns = work.out_h, work.out_w
        if spreads:
            rows, columns = rows + tiles * (work.kernel_h - 1), columns + work.kernel_w - 1
        pointers += rows * columns * POINTER_BYTES
        mapped += rows * columns * ceil(work.in_c / CHANNEL_BLOCK) * CHANNEL_BLOCK / 8
    if pointers:
        r.loads.append((f"{step.node.name}/pointers", float(pointers), r.pieces))
    if mapped and (spreads or maps_enlarged):
        r.loads.append((Map(f"{step.node.name}/map"), float(mapped), r.pieces))
