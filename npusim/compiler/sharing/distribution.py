"""Over which axis a step is shared by the tiles, and what that means for the next one.

Intel's compiler gives every op a natural way of sharing and keeps a result in the scratchpad only for one reader that
is shared the same way; any other reader gets it through DDR, be it a hundred bytes. (Edges of ten transformer and
state-space nets in its schedules: DSP to DSP, shared the same way, 105 of 113 stay; another way, 121 of 145 go through
DDR; more than one reader, 812 of 1,063 do.) Convolutional nets keep nearly everything: there the ways are converted
on the fly.

A *cut* is something else: into pieces in time, where a step does not fit (npusim.compiler.sharing.pieces)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil

from npusim.compiler.cutting.split import PIXELS_AT_ONCE, SMALL_POOL_ROWS, ceil_to
from npusim.compiler.lowering.image_order import POOLS
from npusim.compiler.lowering.place import Placed
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.ops.slicing import DILATED_LIMITS
from npusim.ops.structure import shuffles
from npusim.work import MacOp, MacWork, VectorWork

ONE, IMAGE, GROUPS, ROWS, CHANNELS = "one tile", "image", "groups", "rows", "channels"
ADDED = "rows of all groups"  # an addition behind a batched product
PLANES = "channels one by one"  # kernels that keep a number a channel, images plane by plane
COPIED = "one tile, for all"  # the DMA made it inside one tile, and copies it to whoever reads it
KERNELS = "channels of a product"  # that kernels read
FIRST = "a first axis"  # kernels that split it, whatever it is
PARTS = "parts in another order"  # turned: whoever reads it gets it from DDR
APART = "by a kernel or a move"
DOUBLED, DOUBLED_APART = "with what is made of it", "with what is made of it, in DDR"
LINE = "a row of places"  # of a signal: every tile has all of it (npusim.compiler.layouts.lines)
IMAGES = "an image a tile"  # of a batch (npusim.compiler.layouts.images_on_tiles)
SLABS = "rows of the image"  # a graph's image turned for a reader that is shared over channels
SMALL_PLANE_ROWS = 28  # planes of up to so many rows are shared over channels
CHANNEL_KERNELS = frozenset(
    ["mul", "sub", "div", "softmax", "log_softmax", "select", "mvn", "cumsum", "rope"]
)
IMAGE_OPS = frozenset(
    ["Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"]
    + ["Resize", "Upsample", "BatchNormalization", "DepthToSpace"]
)
ENLARGED = "rows of what is enlarged"
ENLARGED_WIDE = "rows of a large plane that is enlarged"
ENLARGING = ("Resize", "Upsample", "ConvTranspose")
POOLINGS = frozenset(POOLS)
CONVOLUTIONS = frozenset(["Conv", "FusedConv", "NhwcFusedConv", "QLinearConv"])
LEAST_POOLED = 3
GLOBAL_POOLINGS = ("GlobalAveragePool", "GlobalMaxPool")
UNEVEN_ROWS, ROWS_AT_ONCE, FEW_POOLED_ROWS = 7, 4, 8
# By tiles, bytes: 0.86 MB cross on four, 0.65 do not; 1.24 MB on three, 0.98 do not.
LARGE_WHOLES = {4: 800_000, 0: 1_100_000}
INHERITED = (IMAGE, GROUPS)
AS_IT_LIES = (*INHERITED, CHANNELS, KERNELS, FIRST)
ROW_LIMIT = 128  # matrix products of up to so many rows are shared over channels


def sharing_of(step: Placed, known: Callable[[str], str | None], rank: int) -> str:
    """Over what a step is shared. `known`: over what a tensor it reads lies; `rank` of its first input."""
    if step.sharing:
        return step.sharing
    if step.one_dsp or step.dsp_tiles == 1:
        return ONE
    if step.node.op_type == "PRelu" and step.engine == "dsp" and known(step.reads[0]) != IMAGE:
        return PLANES  # alone; behind a convolution it takes rows as they lie
    if step.lowering == "mac_permute" and shuffles(step.node):
        return PLANES
    if step.node.op_type == "QuantizeLinear" and (lies := known(step.reads[0])) in AS_IT_LIES:
        return lies  # what is made 8-bit is shared as before
    if rank >= 4 and (step.node.op_type in IMAGE_OPS or step.lowering == "read_again"):
        return IMAGE
    first = step.steps[0] if step.steps else None
    if isinstance(first, MacWork) and first.op == MacOp.CONVOLUTION:
        if first.groups > 1:
            return GROUPS
        if step.lowering in ("mac_array", *DILATED_LIMITS):
            return CHANNELS if first.out_h * first.out_w <= ROW_LIMIT else ROWS
        return ROWS
    if scales_rows(step) and _few_rows(step):
        return CHANNELS
    inherited = next((sharing for n in step.reads if (sharing := known(n)) in INHERITED), None)
    added = isinstance(first, MacWork) and first.op == MacOp.ELTWISE and not step.padded
    added = added and step.node.op_type in ("Add", "Sub")
    if added and (inherited == GROUPS or any(known(n) == ADDED for n in step.reads)):
        return ADDED
    if isinstance(first, VectorWork) and first.kernel == "softmax" and known(step.reads[0]) == ADDED:
        return GROUPS
    if inherited is not None:
        return inherited
    if isinstance(first, VectorWork) and first.kernel == "softmax" and known(step.reads[0]) == ROWS:
        return ROWS  # scores of one head of keys for all of queries (SOH of softmax_in/as_softmax)
    plain = isinstance(first, VectorWork) and first.rows <= 1 and len(step.steps) == 1 and step.reads
    if plain and all(known(n) in (CHANNELS, KERNELS) for n in step.reads):
        return KERNELS
    if isinstance(first, VectorWork) and first.kernel in CHANNEL_KERNELS:
        return FIRST
    return ROWS


def scales_rows(step: Placed) -> bool:
    """Whether a step scales and shifts rows by constants of their channels, one pass. Up to `ROW_LIMIT` of them it is
    shared over channels as products are, takes a product's result where it lies, and leaves its own there for the next
    one (128 x 512 between two products on three NPUs; behind the additions of MobileBERT)."""
    return step.lowering == "scale_shift" and step.node.op_type == "Mul" and step.node.attribute("axis") == -1


def _few_rows(step: Placed) -> bool:
    work = step.only
    return isinstance(work, MacWork) and 1 < work.out_h * work.out_w <= ROW_LIMIT


def over_channels(work: MacWork, height: int) -> bool:
    """Whether a work on images of `height` rows is shared over channels: small planes, of Intel's schedules of single
    ops."""
    window = work.kernel_h * work.kernel_w > 1
    alone = window and work.op != MacOp.CONVOLUTION  # a channel needs no other
    return height <= (SMALL_POOL_ROWS if alone else SMALL_PLANE_ROWS)


def joined_over(steps: Sequence[Placed], channels: bool, narrow: float = 0, tiles: int = 1) -> dict[str, str]:
    """Over what the parts of each Concat are shared, as far as it matters: `APART` for what a DSP kernel or the DMA
    makes, or a pass turns for it, which cannot write into the whole in the scratchpads, and for what is joined for
    poolings alone; on small planes (`channels`) CHANNELS for a convolution's, ENLARGED for what is enlarged or spread
    out (ENLARGED_WIDE on others); ROWS for sums."""
    joined = {n for s in steps if s.node.op_type == "Concat" for n in s.reads}
    found = {n: _made_over(s, channels) for s in steps for n in s.writes if n in joined}
    if channels and joined:
        found |= dict.fromkeys(_pooled_alone(steps, tiles), APART)
    if narrow and joined:
        found |= dict.fromkeys(_read_by_others(steps, narrow), APART)
    return found | _doubled(steps) if joined else found


def _doubled(steps: Sequence[Placed]) -> dict[str, str]:
    """What is joined with what a depthwise convolution makes of it, and that: `DOUBLED`, both are written where they
    are joined, though one is read before; `DOUBLED_APART`, in DDR, where they have more than two sixteens of channels
    and a window or an addition reads them, not a 1x1 convolution (GhostNet at 192, 224 and 256 pixels: 117 of 126 in
    Intel's schedules of three NPUs)."""
    made = {n: s for s in steps for n in s.writes}
    found: dict[str, str] = {}
    wholes: dict[str, tuple[str, ...]] = {}
    for step in steps:
        if step.node.op_type == "Concat" and len(step.reads) == 2:
            first, second = (made.get(n) for n in step.reads)
            if (
                first is not None
                and second is not None
                and second.reads == first.writes
                and _depthwise(second)
            ):
                found |= dict.fromkeys(step.reads, DOUBLED)
                if _channels_of(second) > 2 * CHANNEL_BLOCK:
                    wholes[step.writes[0]] = step.reads
        elif wholes and not is_pointwise(step):
            for name in wholes.keys() & set(step.reads):
                found |= dict.fromkeys(wholes[name], DOUBLED_APART)
    return found


def _channels_of(step: Placed) -> float:
    work = step.steps[0] if step.steps else None
    return work.out_c if isinstance(work, MacWork) else 0.0


def is_pointwise(step: Placed) -> bool:
    """Whether a step is a convolution of one tap."""
    work = step.only
    return isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION and work.kernel_h * work.kernel_w == 1


def _depthwise(step: Placed) -> bool:
    work = step.only
    return isinstance(work, MacWork) and work.op == MacOp.DEPTHWISE and step.node.op_type in CONVOLUTIONS


def _pooled_alone(steps: Sequence[Placed], tiles: int) -> set[str]:
    """Parts of Concats of three convolutions or more that poolings alone read: these want channels, where some of the
    parts lie over channels and some over rows (the last module of a stage of Inception on NPU 4000 and 5010; the two
    parts of a SqueezeNet stay, and what convolutions read too). They do on small planes of which a tile has seven rows
    or more, and no fours: 28 rows on four tiles, 20, 26 and 28 on three. Of 22 modules made at 12 to 32 rows 20 come
    out so (not 26 on four, which stay, nor 12 on three, which cross), and 8 of 10 in networks at 160 to 288 pixels
    (not 320 channels of 12 on four and of 16 on three, which cross). Large wholes cross whatever their rows, and those
    that are pooled to one pixel from more than eight rows (10, 14, 18: four of six; 6 and 8: none of four)."""
    poolings: dict[str, bool] = {}
    for step in steps:
        pools = step.node.op_type in POOLINGS and _wants_ddr(step, tiles)
        poolings |= {n: pools and poolings.get(n, True) for n in step.reads}
    convolved = {n for s in steps if s.node.op_type in CONVOLUTIONS for n in s.writes}
    whole = (s for s in steps if s.node.op_type == "Concat" and len(s.reads) >= LEAST_POOLED)
    return {n for s in whole if poolings.get(s.writes[0]) and convolved.issuperset(s.reads) for n in s.reads}


def _wants_ddr(pooling: Placed, tiles: int) -> bool:
    """Whether a pooling alone reads a large whole, or one of a small plane of which a tile's share of rows is seven or
    more, and no fours."""
    work = pooling.steps[0] if pooling.steps else None
    if not isinstance(work, MacWork):
        return False
    if pooling.node.op_type in GLOBAL_POOLINGS:
        return bool(work.in_h > FEW_POOLED_ROWS)
    if work.in_h * work.in_w * work.in_c * work.input_bytes > LARGE_WHOLES.get(tiles, LARGE_WHOLES[0]):
        return True
    share = ceil(work.in_h / tiles)
    return bool(work.in_h <= SMALL_PLANE_ROWS and share >= UNEVEN_ROWS and share % ROWS_AT_ONCE > 0)


def _read_by_others(steps: Sequence[Placed], narrow: float) -> set[str]:
    """Parts of Concats of three and more, of which others read one too, on planes of up to `narrow` rows: no pooling
    copies them in place (poolings and convolutions of YOLOv5, v7, v8, another detector and VoVNet on NPU 5010, of 10 to
    28 rows: 9 of 9 in Intel's schedules; most of two parts stay)."""
    made = {n: s.only for s in steps for n in s.writes if s.node.op_type in IMAGE_OPS}
    reads = Counter(n for s in steps for n in dict.fromkeys(s.reads))
    found: set[str] = set()
    for step in steps:
        if (
            step.node.op_type == "Concat"
            and len(step.reads) >= LEAST_POOLED
            and any(reads[n] > 1 for n in step.reads)
        ):
            works = [made.get(n) for n in step.reads]
            if all(isinstance(w, MacWork) and w.out_h <= narrow for w in works):
                found.update(step.reads)
    return found


def _made_over(step: Placed, channels: bool) -> str:
    if step.engine in ("dsp", "dma"):
        return APART
    work = step.steps[0] if step.steps else None
    if isinstance(work, MacWork) and work.op == MacOp.PERMUTE_IMAGE:
        return APART
    if not channels or not isinstance(work, MacWork):
        return ""
    if step.node.op_type == "Add":
        return ROWS
    small = step.node.op_type in IMAGE_OPS and work.out_h / step.images <= SMALL_PLANE_ROWS
    if step.node.op_type in ENLARGING:
        return ENLARGED if small else ENLARGED_WIDE
    return CHANNELS if small and work.op == MacOp.CONVOLUTION else ""


def image_leaves(
    work: MacWork, height: int, width: int, tiles: int, rows_around: bool, batch: int = 1
) -> bool:
    """Whether an image that is turned for `work` reaches it through DDR though it would fit.

    The pass that turns it takes sixteen pixels at once: rows of whole sixteens stay rows, else all pixels are one
    line of sixteens, of which every tile has a share. It stays where it lies when that share is whole rows and the
    work is shared over rows, as a pooling is whose sixteens of channels are no equal shares (16 and 48 on two tiles,
    not 32 and 64), a convolution to sixteen channels or fewer, and a pooling of more than 28 rows of the images of a
    `batch` (2, 3 and 8 images of 32 and 64 channels of 40 x 40 and 56 x 56 on NPU 3720; not of 12, 24 and 28 rows);
    `rows_around`: the generation wants the rows around a tile's own on it, which such a share has not. (Single
    convolutions and poolings of tests/data/vendor_ops: they move in and out, or twice the input more.)"""
    if width % PIXELS_AT_ONCE == 0:
        return False
    pools = work.op in (MacOp.MAX_POOL, MacOp.AVERAGE_POOL)
    uneven = ceil_to(work.in_c, CHANNEL_BLOCK) // CHANNEL_BLOCK % tiles > 0 and pools and work.out_h >= tiles
    few = work.op == MacOp.CONVOLUTION and work.out_c <= CHANNEL_BLOCK
    in_turn = pools and batch > 1 and not rows_around
    small = height <= SMALL_PLANE_ROWS if in_turn else over_channels(work, height)
    if height * width % PIXELS_AT_ONCE or (small and not (uneven or few)):
        return True
    share = -(-height * width // PIXELS_AT_ONCE // tiles) * PIXELS_AT_ONCE
    return share % width != 0 or bool(rows_around and work.kernel_h > work.stride_h)


def padded_width(height: int, width: int) -> int:
    """Columns of an image that is turned: to whole sixteens, where all its pixels are none."""
    return width if height * width % PIXELS_AT_ONCE == 0 else ceil_to(width, PIXELS_AT_ONCE)


def through_ddr(made: str, read: str, readers: int) -> bool:
    """Whether a tensor that lies over `made` reaches a reader shared over `read` through DDR."""
    if ONE in (made, read) or PLANES in (made, read):
        return made != read
    if LINE in (made, read) or IMAGES in (made, read):
        return made != read
    if made in (SLABS, PARTS) or read in (COPIED, PARTS):
        return True
    if made == ADDED and read == ROWS:
        made = ROWS
    if read == KERNELS:
        made = read
    made, read = (CHANNELS if way == FIRST else way for way in (made, read))
    if made in INHERITED and made == read:
        return False
    if IMAGE in (made, read):
        return (made, read) == (IMAGE, GROUPS)
    return made != read or readers > 1
