"""Weights of convolutions of which every tile fetches its own share: in how many transfers they cross.

Where the tiles share rows, all need all weights: weights and table lie behind one another in memory (`fused_constant`
in Intel's schedules) and cross at once. Where they share output channels, every tile fetches its own weights, and its
own table apart: of 1,399 convolutions that are shared so in its schedules of 201 networks 1,398 do, of 3,211 others
3,048 cross at once. So weights of a plane of seven rows are four transfers on NPU 3720 and eight on 4000 and 5010,
where the slices left over go in halves, with a latency each. The convolution begins with the first chunk, as any other:
made to wait for all, ResNet-34 takes 1.19 and 1.17 of Intel's time on NPU 3720 and 5010, and 0.99 and 1.01 so.

Shared over channels are convolutions of many weights beside their pixels (`MANY_WEIGHTS`: 87 % as in these schedules).
Products of up to 128 rows do the same there; here only one with nothing before it does, or several that read the same
rows (`alone`: 4 x 32 x 64 takes five loads and 4.1 us on NPU 3720, of 53 channels seven and 5.3; both products of a
SwiGLU of 5 x 128 x 72 on 5010 thirteen each), since totals of small transformers and of steps of
recurrences, whose other transfers are dearer here, would be a tenth higher (BERT of 100 tokens on NPU 5010 1.21 times
theirs, 1.30 with it). Of its channels that fill no sixteens a map of zeros crosses too, a third constant; convolutions'
are not counted."""

from __future__ import annotations

from math import ceil

from npusim.compiler.lowering.lowered import PRODUCTS
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.reasons import and_also
from npusim.compiler.sharing.distribution import CONVOLUTIONS, ROW_LIMIT
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

TILE_BY_TILE = "weights and table a slice a tile, as Intel's compiler does on several tiles"
SMALL_PIXELS = 128  # a plane whose weights take longer to arrive than to use
CONSTANTS = 2  # weights, and a table of 16 bytes a channel
MANY_WEIGHTS = {MacOp.CONVOLUTION: 300.0, MacOp.DEPTHWISE: 1.0}  # weights, or channels, a pixel of the result


def own_transfers(step: Placed, tiles: int, ports: int, alone: str = "") -> int:
    """In how many transfers the tiles fetch their own weights of a convolution, or of a product that is alone of its
    rows (`alone`: "shared" where the tiles share its channels, "all" whatever they share); 0 where these cross at once,
    for all. Of images of a batch one by one those of whole sixteens cross once, and a table for each image; others
    anew for each. Whether it is cut in time makes no difference: one that begins to fit whole is not slower for its
    latencies."""
    work = step.only
    if tiles == 1 or not step.fixed_bytes:
        return 0
    if alone and step.node.op_type in PRODUCTS and isinstance(work, MacWork):
        return _of_product(work, tiles, ports, alone)
    if step.node.op_type not in CONVOLUTIONS:
        return 0
    if not isinstance(work, MacWork) or work.op not in MANY_WEIGHTS:
        return 0
    many = many_weights(step, work)
    each = CONSTANTS * ceil(tiles / ports) * ports if many else 0
    if step.images > 1 and work.op == MacOp.CONVOLUTION and work.groups == 1:
        each = max(each, 1)
        return each * step.images if uneven_channels(work) else each + step.images
    return each


def uneven_channels(work: MacWork) -> bool:
    """Whether a work reads or makes channels that are no whole sixteens."""
    return bool(work.in_c % CHANNEL_BLOCK or work.out_c % CHANNEL_BLOCK)


def many_weights(step: Placed, work: MacWork) -> bool:
    """Whether the tiles share output channels, for the many weights beside their pixels."""
    depth = work.in_c * work.kernel_h * work.kernel_w if work.op == MacOp.CONVOLUTION else 1
    pixels = work.out_h / step.images * work.out_w
    return bool(work.op in MANY_WEIGHTS and work.out_c * depth > MANY_WEIGHTS[work.op] * pixels)


def _of_product(work: MacWork, tiles: int, ports: int, which: str) -> int:
    """Transfers of the constants of a product whose channels the tiles share: where each has sixteen of them (24
    channels of 16 rows on NPU 3720, not 25 and 32 on 5010)."""
    slices = ceil(tiles / ports) * ports
    shared = work.out_h * work.out_w <= ROW_LIMIT and ceil(work.out_c / CHANNEL_BLOCK) >= tiles
    if not shared and which != "all":
        return 0
    return (CONSTANTS + int(shared and work.out_c % CHANNEL_BLOCK > 0)) * slices


def fills_none(step: Placed, work: MacWork) -> bool:
    """Whether a convolution takes the images of a batch, whose channels fill no sixteens, one by one: image,
    weights and table cross for each, a slice a tile (`expand_act_channels/cluster_0` of 7 x 41 x 9 x 9, 9 x 40
    x 11 x 11 and 6 x 35 x 30 x 30 in Intel's schedules; of whole sixteens weights cross once)."""
    return (
        step.images > 1
        and work.op == MacOp.CONVOLUTION
        and work.in_c % CHANNEL_BLOCK > 0 < work.in_c // CHANNEL_BLOCK
    )


def with_transfers(step: Placed, reason: str, transfers: list[int]) -> str:
    """What a report says of a step whose weights arrive in so many transfers each: where planes are small."""
    work = step.only
    small = isinstance(work, MacWork) and work.out_h * work.out_w <= SMALL_PIXELS
    return and_also(reason, TILE_BY_TILE) if small and any([count > 1 for count in transfers]) else reason
