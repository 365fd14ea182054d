"""The convolution of an image that is not folded, the kernel behind it and the convolution behind that, cut in two.

Intel's compiler 8.4 cuts them together on NPU 3720 though all of them fit (`VF_PIPELINING`), so the image, padded to
sixteen channels, crosses DDR in front of them: ten times the bytes of a small network. So do 28 of 30 stems by 3 x 3
at a stride of two of 48 x 160 to 256 x 192 pixels behind Swish and HardSwish to 8 and 16 channels, and to 24 and 32
where the second convolution's window does not look over the edge of its strip (1x1, or at a stride of two); none to
64, none with PRelu, no result below 60 KB (96 x 96 and 64 x 128 pixels to 16 channels). Along columns, or along rows
in front of a stride where a tile's half of them is whole fours (112 x 112, 160 x 160 and a pose net's 256 x 192 in
front of windows go along rows, too). A larger image is folded (npusim.compiler.layouts.image_columns), and a plane
twice as large may cost three times as much, so only the profile as released does so (`images_pipelined`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.cutting.strips import Cut, Machine
from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.lowering.place import Placed
from npusim.compiler.planes.pairs import KERNELS
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork, VectorWork

# Where the second window looks over the edge of its strip, the latter.
MOST_CHANNELS, MOST_OVER_EDGES = 32, 16
LEAST_BYTES, LEAST_OF_LINES = 80_000, 60_000  # of the result in sixteens; the latter of lines of 80 columns
LONG_LINE, ROWS_AT_ONCE = 80, 4
STRIPS = 2


def image_stem(
    window: Placed,
    kernel: Placed,
    reader: Placed,
    readers: Mapping[str, Sequence[int]],
    outputs: Set[str],
    machine: Machine,
) -> Cut | None:
    """The cut of the three in two strips, if they go so."""
    first, second, third = window.only, kernel.only, reader.only
    if not isinstance(first, MacWork) or not isinstance(second, VectorWork) or not isinstance(third, MacWork):
        return None
    if first.op != MacOp.CONVOLUTION or not window.reads_turned or is_folded(window):
        return None
    if first.kernel_h == 1 or first.stride_h == 1:
        return None
    between = (*window.writes, *kernel.writes)
    if kernel.reads != window.writes or reader.reads != kernel.writes or window.images > 1:
        return None
    if any(len(readers[n]) != 1 or n in outputs for n in between) or not outputs.isdisjoint(reader.writes):
        return None
    if second.kernel not in KERNELS or second.kernel == "prelu" or second.rows > 1:
        return None
    if third.op not in (MacOp.CONVOLUTION, MacOp.DEPTHWISE) or first.in_c > CHANNEL_BLOCK:
        return None
    made = first.out_h * first.out_w * ceil_to(first.out_c, CHANNEL_BLOCK) * first.output_bytes
    least = LEAST_OF_LINES if first.out_w >= LONG_LINE else LEAST_BYTES
    inside = third.kernel_h == 1 or third.stride_h > 1
    if first.out_c > (MOST_CHANNELS if inside else MOST_OVER_EDGES) or made < least:
        return None
    half = third.out_h / machine.tiles / STRIPS
    rows, columns = (STRIPS, 1) if third.stride_h > 1 and half % ROWS_AT_ONCE == 0 else (1, STRIPS)
    return Cut(rows, columns, (1.0, 1.0, 1.0), tuple((n, 1.0) for n in window.reads))
