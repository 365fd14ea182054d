"""Into how many pieces a step is cut that does not fit, so that the piece computing and the one arriving do.

Products and convolutions are cut in blocks of rows, channels and terms (npusim.compiler.cutting.blocks); everything
else along whatever it has most of."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from npusim.compiler.cutting.blocks import fitting_blocks
from npusim.compiler.cutting.fitted import Fitted, Operands
from npusim.compiler.cutting.split import UNCUT, Blocks, even_blocks, largest_cut, weight_bytes
from npusim.compiler.lowering.lowered import PRODUCTS, convolutions_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.relaid import RELAID, along_rows, pooled_by_columns
from npusim.compiler.sharing.distribution import IMAGES, ROW_LIMIT, over_channels
from npusim.errors import DoesNotFit
from npusim.ops.counting import PIXELS_PER_ROW
from npusim.work import MacOp, MacWork, MoveWork, VectorWork

IMAGE_TERMS = 64  # an image has fewer: 3 channels, padded to 16 or with 16 columns folded into them
IMAGE_CONVOLUTIONS = ("Conv", "FusedConv", "NhwcFusedConv", "QLinearConv", "ConvInteger")
# These need whole rows, while one fits; a longer one goes in parts, a scan with what it has carried so far.
ROW_KERNELS = frozenset(["softmax", "log_softmax", "rmsnorm", "topk", "cumsum", "cumprod"])
TWICE_KERNELS = frozenset(["mvn"])  # cut anywhere
# A row that does not fit is read twice: for its moments or its largest element and sum, then for its values.
READ_TWICE = TWICE_KERNELS | {"softmax", "log_softmax", "rmsnorm"}
IN_PLACE_KERNELS = frozenset(["softmax", "mvn", "rmsnorm"])
# Intel's schedules of products of 1 to 128 rows by 768 to 2,048 terms and 768 to 8,192 channels.
FEW_ROWS = 64
# Up to ROW_LIMIT rows: weights are cut of which a tile has more than a quarter of its size, here of the 0.85 that
# pieces may fill (its schedules, kB uncut and cut: 443, 524 on NPU 3720; 328, 393 on 4000; 350, 393 on 5010).
UNCUT_SHARE = 0.25 / 0.85
POOLINGS = (MacOp.AVERAGE_POOL, MacOp.MAX_POOL)
COLUMNS_AT_ONCE = 64  # of a first axis of 1,024 and 197 elements on NPU 5010; 8,192 do not fit so
MIB = 1024 * 1024


class Streamed(NamedTuple):
    """`pieces` along `blocks`; `reads`: how many times the inputs cross (2 where a row is read twice)."""

    pieces: int
    blocks: Blocks
    reads: float = 1.0


def results_between(step: Placed) -> int:
    """How many passes leave a result for the next one, the last included; those whose result goes through DDR by
    transfers of the step's own do not count."""
    apart = sum(isinstance(w, MoveWork) and w.source != w.destination for w in step.steps)
    passes = sum(not isinstance(w, MoveWork) for w in step.steps)
    # What a transfer writes in another order goes through DDR by itself too.
    return max(1, passes - apart // 2)


def _turned_piecewise(step: Placed) -> bool:
    """Whether a kernel's product is turned by a pass behind it, which takes each piece where it was made (terms of a
    scan in Intel's schedules: `Multiply/reorder_out/.../to_maxpool/slice_0`)."""
    if step.engine != "dsp" or step.node.op_type != "Mul" or len(step.steps) != 2:
        return False
    if not isinstance(step.steps[0], VectorWork):
        return False
    return isinstance(step.steps[1], MacWork) and step.steps[1].op == MacOp.PERMUTE


def bytes_between(
    step: Placed, leaving: float, room: float, by_columns: bool = False, images_apart: bool = False
) -> float:
    """Bytes that a step in pieces leaves in DDR between its passes: images that are turned first, where one does not
    fit twice in `room`; else a result of the size of its own a pass. `by_columns`: what is laid out for poolings of a
    first axis passes through them by columns; `images_apart`: so do images of a batch that do not fit beside
    themselves turned."""
    if isinstance(step.only, VectorWork) or _turned_piecewise(step):
        return 0.0
    if step.lowering in RELAID:
        return _laid_out_bytes(step, room, by_columns, images_apart)
    turned = [w for w in step.steps if isinstance(w, MacWork) and w.op == MacOp.PERMUTE_IMAGE]
    between = results_between(step) - 1
    if not turned or not between:
        return leaving * between
    images = [(w.groups, w.out_h * w.out_w * w.out_c * w.output_bytes) for w in turned]
    return float(sum(count * size for count, size in images if 2 * size > room)) + _parts_bytes(step, room)


def _parts_bytes(step: Placed, room: float) -> float:
    """Bytes that poolings hand on to the next pooling and that do not fit into `room`."""
    pools = [w for w in step.steps if isinstance(w, MacWork) and w.op in POOLINGS]
    parts = (w.out_h * w.out_w * w.out_c * w.output_bytes for w in pools[:-1])
    return float(sum(size for size in parts if size > room))


def _laid_out_bytes(step: Placed, room: float, by_columns: bool, images_apart: bool) -> float:
    """Bytes between what lays a tensor out for its poolings and these, where they do not cross DDR anyway: what does
    not fit beside the tensor (and what the first pooling makes of it: 1,000 x 128 on NPU 5010), nor, `by_columns`, in
    pieces of `COLUMNS_AT_ONCE`."""
    if len(step.steps) < 2 or any(isinstance(w, MoveWork) for w in step.steps):
        return 0.0
    first, pool = step.steps[:2]
    if not isinstance(first, MacWork):
        return 0.0
    size = first.out_h * first.out_w * first.out_c * first.output_bytes
    if first.op == MacOp.CONVOLUTION and isinstance(pool, MacWork):
        if by_columns and pooled_by_columns(pool):
            size = min(size, pool.in_h * COLUMNS_AT_ONCE * pool.in_c * pool.input_bytes)
        else:
            room -= pool.out_h * pool.out_w * pool.out_c * pool.output_bytes
    # 64 x 128 x 128: through DDR on NPU 3720, not on 5010; 8 of 128 x 128 x 64 on both, not on 4000, 24 of 64 x 64
    # x 128 on none
    beside = 2 if along_rows(step.steps) or (images_apart and first.groups > 1) else 1
    return float(first.groups * size if beside * size > room else 0.0)


def works_in_place(step: Placed) -> bool:
    """Whether its result may be written over an input of the same size."""
    if len(step.steps) != 1 or len(step.writes) != 1:
        return False
    work = step.steps[0]
    if isinstance(work, VectorWork):
        return work.rows <= 1 or work.kernel in IN_PLACE_KERNELS
    scale = isinstance(work, MacWork) and work.op == MacOp.DEPTHWISE and work.kernel_h == 1
    return scale or (isinstance(work, MacWork) and work.op == MacOp.ELTWISE)


def scales_planes(step: Placed) -> bool:
    """Whether a step scales the channels of images, not of signals (which lie in four rows)."""
    work = step.only
    return (
        scales_channels(step) and isinstance(work, MacWork) and min(work.out_h, work.out_w) > PIXELS_PER_ROW
    )


def takes_turned_image(step: Placed) -> bool:
    """Whether a convolution reads an image of the graph that a pass turned: it crosses DDR where the convolution is cut
    (Intel's schedules: 320 x 320 at stride 1, 640 x 640 at stride 2)."""
    work = convolution_of(step)
    return work is not None and work.in_c < IMAGE_TERMS and step.reads_turned


def scales_channels(step: Placed) -> bool:
    """Whether a step multiplies every channel by a number: a convolution to the array, which writes over no input where
    it is cut together with others."""
    work = step.only
    return isinstance(work, MacWork) and work.op == MacOp.DEPTHWISE and work.kernel_h * work.kernel_w == 1


def convolution_of(step: Placed) -> MacWork | None:
    """The product or convolution a step is, or begins with; None if it is something else."""
    work = step.steps[0] if step.steps and step.lowering not in RELAID else None
    return work if isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION else None


def most_pieces(step: Placed, rows_fit: bool = True) -> float:
    """Into how many pieces a step can be cut at most. A kernel that needs whole rows cannot cut a row while one fits
    (`rows_fit`); one that runs on one DSP walks through DDR by itself. Of poolings one behind the other the first is
    cut: a plane is pooled in strips, whose parts are pooled again. Of parts side by side it is the centre."""
    if step.lowering == "edges_apart" and isinstance(step.steps[0], MacWork):
        return largest_cut(step.steps[0], "rows")
    limit = float("inf")
    pooled = False
    for work in step.steps:
        if isinstance(work, MacWork):
            pools = work.op in POOLINGS
            if not (pools and pooled):
                limit = min(limit, largest_cut(work, "rows"))
            pooled = pools
        elif isinstance(work, VectorWork) and work.kernel in ROW_KERNELS and rows_fit and not step.one_dsp:
            limit = min(limit, max(1, work.independent))
    return limit


def too_large_twice(step: Placed, activation_bytes: float, tiles: int, tile_bytes: float) -> bool:
    """Whether the weights of a matrix product do not fit twice in every tile beside the tile's activations
    (weights are on every tile when rows are split); then it is cut, and its pieces are joined in DDR.

    Intel's schedules: 768 x 768 in 2 pieces on NPU 3720, 768 x 3072 in 6 to 12 (strategies of BERT-base). Of up to
    `FEW_ROWS` rows the channels are shared instead, and every tile holds its own part of the weights; of up to
    `ROW_LIMIT` they are too, but what is large is cut."""
    work = convolution_of(step)
    if work is None or step.node.op_type not in PRODUCTS or not step.fixed_bytes:
        return False
    if work.out_h * work.out_w <= FEW_ROWS:
        return False
    if work.out_h * work.out_w <= ROW_LIMIT:
        return step.fixed_bytes > UNCUT_SHARE * tiles * tile_bytes
    return 2 * step.fixed_bytes > tile_bytes - activation_bytes / tiles


def weight_copies(step: Placed, tiles: int) -> int:
    """On how many tiles all weights of a convolution lie: on every one where the tiles share its rows (Intel's
    schedules: 128 to 256 channels by 3 x 3 on 52 x 52 pixels are cut over channels on NPU 4000 and 5010, whose tiles
    have room for the activations and one copy in all)."""
    work = convolution_of(step)
    if work is None or work.groups > 1 or len(step.steps) > 1 or step.node.op_type not in IMAGE_CONVOLUTIONS:
        return 1
    if step.sharing == IMAGES:
        return tiles
    side = min(work.out_h / max(1, step.images), work.out_w)  # a line is no plane
    return 1 if over_channels(work, int(side)) else tiles


def product_blocks(
    step: Placed, reads: float, writes: float, inside: bool, tiles: int, tile_bytes: float, two_axes: str,
    by_time: str = "",
) -> tuple[Fitted, float] | None:  # fmt: skip
    """Blocks of a product or convolution that goes through the scratchpads in pieces, and how many times its inputs
    cross from DDR. `inside`: its inputs are in the scratchpads and stay there. `two_axes`, `by_time`: as there."""
    work = convolution_of(step)
    if work is None:
        return None
    second = weight_bytes(work)
    moving = second if step.fixed_bytes < second else 0.0  # the right side is an activation too
    right = min(moving, reads) if moving else step.fixed_bytes
    left = max(reads - right, 0.0) if moving else reads
    stays = inside and not moving
    windows = convolutions_of(step.steps)
    if len(windows) > 1 and not moving:  # of a long window only one slice at a time has its weights inside
        taps = [w.kernel_h * w.kernel_w for w in windows]
        right *= max(taps) / sum(taps)
    o, passes = Operands(left, right, writes, stays), sum(isinstance(w, MacWork) for w in step.steps)
    fitted = fitting_blocks(work, o, tiles, tile_bytes, two_axes, by_time, passes)
    if fitted is None:
        return None
    again = fitted.left_reads
    if moving:
        again = (left * fitted.left_reads + right * fitted.right_reads) / max(reads, 1.0)
    return fitted, again


def streamed(step: Placed, moving: float, row_bytes: float, room: float, tiles: int) -> Streamed:
    """The pieces of a step that is no product: `moving` bytes of inputs and outputs pass through `room`."""
    wanted = ceil(2 * moving / max(room, 1.0)) if room > 0 else 1 << 40
    pieces = max(2, int(min(wanted, 1 << 40)))
    limit = most_pieces(step, _rows_fit(step, moving, room))
    reads = 1.0
    rows = min(
        (w.rows for w in step.steps if isinstance(w, VectorWork) and w.kernel in READ_TWICE), default=0
    )
    if rows and not step.one_dsp and row_bytes > room:
        reads = 2.0
    pieces = max(1, int(min(pieces, limit)))
    work = step.steps[0] if step.steps else None
    blocks = even_blocks(work, pieces, tiles) if isinstance(work, MacWork) else Blocks(rows=pieces)
    return Streamed(blocks.pieces, blocks if pieces > 1 else UNCUT, reads)


def _rows_fit(step: Placed, moving: float, room: float) -> bool:
    """Whether one of its kernels' rows fits, of `moving` bytes in all."""
    rows = max((w.rows for w in step.steps if isinstance(w, VectorWork)), default=1.0)
    return moving / max(rows, 1.0) <= room


def check_fits(step: Placed, moving: float, capacity: float) -> None:
    """Raises DoesNotFit when not even the smallest piece of a step that is no product fits."""
    smallest = moving / most_pieces(step, _rows_fit(step, moving, capacity))
    if smallest > capacity:
        refuse(step, smallest, capacity)


def refuse(step: Placed, nbytes: float, capacity: float) -> None:
    """Raises DoesNotFit: the smallest piece of `step` needs `nbytes`."""
    raise DoesNotFit(
        f"'{step.node.name}' needs {_size(nbytes)} for one piece, the scratchpads hold {_size(capacity)}; "
        "raise scratchpad.capacity_bytes or tiles, or cut the op"
    )


def smallest_piece_bytes(work: MacWork, reads: float, writes: float) -> float:
    """Bytes of 16 channels of weights over 64 terms, one pixel row of inputs and its outputs."""
    rows = max(1.0, work.out_h * work.out_w)
    return float(
        weight_bytes(work) / max(1, work.groups) / largest_cut(work, "channels") + (reads + writes) / rows
    )


def _size(nbytes: float) -> str:
    return f"{nbytes / MIB:.2f} MiB" if nbytes >= MIB / 10 else f"{nbytes / 1024:.1f} KiB"
