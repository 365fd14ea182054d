"""Two or three steps that are cut together though they are no chain on a plane that does not fit: rows that are
normalised and the kernel behind them, images of a batch that are turned and what reads them, a window with its kernel
and a sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import ceil

from npusim.compiler.cutting.strips import Cut, Machine
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import SLABS
from npusim.compiler.sharing.pieces import TWICE_KERNELS
from npusim.compiler.sharing.tile_sharing import shares_channels
from npusim.compiler.weights.prefetch import compute_bytes
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork, VectorWork

#: Kernels that run beside windows, strip by strip.
KERNELS = frozenset(
    [
        "swish",
        "hswish",
        "sigmoid",
        "hardsigmoid",
        "tanh",
        "gelu",
        "elu",
        "mish",
        "softplus",
        "add",
        "sub",
        "mul",
        "prelu",
    ]
)
IMAGE_READERS = (MacOp.CONVOLUTION, MacOp.MAX_POOL, MacOp.AVERAGE_POOL)


def behind_norm(
    norm: Placed,
    kernel: Placed,
    readers: Mapping[str, list[int]],
    sizes: Mapping[str, float],
    outputs: Set[str],
    machine: Machine,
) -> Cut | None:
    """The cut of a normalisation of whole rows and the kernel behind it, some rows at a time (Intel's
    schedules of a 1-D network: mean and variance of 512 channels and a Gelu in 31 pieces on NPU 3720, 16 on 4000)."""
    if len(norm.steps) != 1 or len(kernel.steps) != 1 or len(norm.writes) != 1:
        return None
    made, first, second = norm.writes[0], norm.steps[0], kernel.steps[0]
    if not isinstance(first, VectorWork) or not isinstance(second, VectorWork):
        return None
    both = kernel.reads == norm.writes and len(readers[made]) == 1 and made not in outputs
    if not both or first.kernel not in TWICE_KERNELS or second.kernel not in KERNELS or second.rows > 1:
        return None
    need = sizes[norm.reads[0]] + sizes[made]
    pieces = ceil(2 * need / machine.room)
    if need <= machine.resident or pieces > first.rows or kernel.reshaped & set(kernel.reads):
        return None
    return Cut(pieces, 1, (1.0, 1.0), tuple((n, 1.0) for n in norm.reads))


def image_by_image(
    turn: Placed,
    reader: Placed,
    readers: Mapping[str, list[int]],
    sizes: Mapping[str, float],
    machine: Machine,
) -> Cut | None:
    """The cut of a batch of images that do not fit together, turned and read one by one (`slice_3` of 8 x 16 x 128 x
    128 in Intel's schedules: what is turned never leaves the scratchpads). A convolution takes them so where an image
    and its result fit twice (8 x 64 x 56 x 56 to 64 channels, not to 256 on NPU 3720), and none is padded."""
    first, second, images = turn.only, reader.only, reader.images
    if not isinstance(first, MacWork) or first.op != MacOp.PERMUTE_IMAGE or images <= 1:
        return None
    made = turn.writes[0]
    if turn.sharing == SLABS or reader.reads != turn.writes or len(readers[made]) > 1:
        return None
    if not isinstance(second, MacWork) or second.op not in IMAGE_READERS:
        return None
    need = sizes[turn.reads[0]] + sizes[made]
    if need <= machine.resident or need / images > machine.resident:
        return None
    if second.op == MacOp.CONVOLUTION:
        once = (sizes[made] + sizes[reader.writes[0]]) / images
        if 2 * once > machine.room or sizes[made] > sizes[turn.reads[0]]:
            return None
    return Cut(images, 1, (1.0, 1.0), tuple((n, 1.0) for n in turn.reads))


def problem_by_problem(
    turn: Placed,
    product: Placed,
    readers: Mapping[str, list[int]],
    sizes: Mapping[str, float],
    outputs: Set[str],
    machine: Machine,
) -> Cut | None:
    """The cut of a batch of products whose second operand is turned and does not fit beside itself turned: some
    problems at a time, so many that two such blocks stand inside and every tile has as many. Twice the terms or
    columns then cost twice as much; turned as a whole, the operand crosses DDR twice more. Not one that does so
    however small it is (`turn` is not shared as the product)."""
    first, second = turn.only, product.only
    if (
        not isinstance(first, MacWork)
        or first.op != MacOp.PERMUTE
        or len(turn.reads) != 1
        or not turn.sharing
    ):
        return None
    if not isinstance(second, MacWork) or second.op != MacOp.CONVOLUTION or second.groups <= 1:
        return None
    made, result = turn.writes[0], product.writes
    alone = len(readers[made]) == 1 and made not in outputs and len(result) == 1
    if not alone or made not in product.reads or product.padded or product.fixed_bytes or product.times:
        return None
    others = tuple(n for n in product.reads if n != made)
    groups, moves = int(second.groups), sizes[turn.reads[0]]
    stands = sum(sizes[n] for n in others)
    if sizes[made] + max(moves, stands + sizes[result[0]]) <= machine.resident:
        return None
    # Both operands arrive for the next block while one computes; of what is turned there is one.
    inside = 2 * (moves + stands) + sizes[made] + sizes[result[0]]
    at_once = int(machine.room * groups // inside)
    at_once -= at_once % machine.tiles if at_once > machine.tiles else 0
    columns = 1
    if at_once < 1:  # one problem by blocks of columns, beside all of its other operand
        room = machine.room * groups - stands
        columns = ceil((inside - 2 * stands) / room) if room > 0 else 0
    if not 1 <= columns <= ceil(second.out_c / CHANNEL_BLOCK):
        return None
    arriving = tuple((n, 1.0) for n in (*turn.reads, *others))
    return Cut(1, 1, (1.0, 1.0), arriving, channels=columns, problems=ceil(groups / max(at_once, 1)))


def summed(
    window: Placed,
    kernel: Placed,
    addition: Placed,
    readers: Mapping[str, list[int]],
    sizes: Mapping[str, float],
    outputs: Set[str],
    machine: Machine,
    before: Sequence[Placed] = (),
) -> Cut | None:
    """The cut of a window, the kernel behind it and the addition behind that in two strips, though all of them fit: the
    array and the DSPs work at the same time, where the array has as much to do (`VF_PIPELINING` in Intel's schedules of
    YOLO's bottlenecks, 20 x 20 to 38 x 38 on NPU 3720, 38 x 38 and 40 x 40 on 4000, and ConvMixers, 24 of 24; of those
    whose kernel takes longer, or smaller ones, 2 of 20). `before`: what comes in front of them. Where that is a 1x1
    convolution and a kernel whose rows the tiles share, and nobody else reads that one, the window's input stays on NPU
    3720 and they go one by one (YOLOv5's bottlenecks of 26 to 80 rows: 8 of 8; others 17 of 19 are cut)."""
    if not machine.rows_around and len(readers[window.reads[0]]) == 1 and _stays(window, before):
        return None
    first, second, third = window.only, kernel.only, addition.only
    if not isinstance(first, MacWork) or not isinstance(second, VectorWork) or not isinstance(third, MacWork):
        return None
    between = (*window.writes, *kernel.writes)
    if kernel.reads != window.writes or kernel.writes[0] not in addition.reads or len(addition.reads) != 2:
        return None
    if any(len(readers[n]) != 1 or n in outputs for n in between) or window.images > 1 or second.rows > 1:
        return None
    if first.op not in (MacOp.CONVOLUTION, MacOp.DEPTHWISE) or first.kernel_h * first.kernel_w == 1:
        return None
    if third.op != MacOp.ELTWISE or second.kernel not in KERNELS or window.reads_turned or first.out_w == 1:
        return None
    fits = all(sum([sizes[n] for n in (*s.reads, *s.writes)]) <= machine.resident for s in (window, addition))
    if not fits or sizes[between[0]] < machine.least_sum:
        return None
    array, dsps = (compute_bytes(s, machine.tiles, machine.dsps) for s in (window, kernel))
    if array < dsps:
        return None
    others = tuple((n, 1.0) for n in addition.reads if n != kernel.writes[0])
    taps, stride, places = first.kernel_h, first.stride_h, first.in_h
    if machine.rows_around:  # along its columns
        taps, stride, places = first.kernel_w, first.stride_w, first.in_w
    rows, columns = (1, 2) if machine.rows_around else (2, 1)
    arriving = ((window.reads[0], 1.0 + max(0, taps - stride) / places), *others)
    return Cut(rows, columns, (1.0, 1.0, 1.0), arriving)


def _stays(window: Placed, before: Sequence[Placed]) -> bool:
    """Whether a window's input is the result of a 1x1 convolution and a kernel behind it, by rows."""
    if len(before) != 2 or before[1].writes != window.reads or before[0].writes != before[1].reads:
        return False
    work = before[0].only
    if not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION or work.kernel_h * work.kernel_w > 1:
        return False
    return before[1].engine == "dsp" and not shares_channels(work, False)
