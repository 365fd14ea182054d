"""Columns of a wide image of few channels folded into channels: what a first convolution becomes.

Sixteen columns of a row lie side by side in memory, so an image of 3 channels is one of 48, a sixteenth as wide, with
nothing padded. The convolution makes the results of sixteen columns at once, each from its own few of them: most of
its weights are zeros, which are left out in memory (1x48x112x14 by 512x48x3x2 in Intel's schedules of 224 pixels, 32
channels, stride 4). With their zeros they are 2^20 at most, as over any folded columns
(npusim.compiler.layouts.folded_works): 7 x 7 to 64 channels and 3 x 3 to 128 (1.03 and 0.88 million) are folded on
NPU 4000 and 5010, 5 x 5 to 96 (1.11), 7 x 7 to 80, 3 x 3 to 256, 9 x 9 to 64 and four larger ones are padded to 16
channels; images of 6 channels, whose sixteen columns would be too many, in eights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from npusim.compiler.cutting.split import weight_bytes
from npusim.compiler.layouts.folded_works import has_many_weights, over_columns
from npusim.compiler.lowering.image_order import CONVOLUTIONS, POOLS
from npusim.compiler.lowering.place import Placed
from npusim.graph import Node, Value
from npusim.ops.convolution import PICKS
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

# A 3 x 3 over a folded image with so many results is shared over channels at so many columns. NPU 3720: 44 single
# convolutions at a stride of two, 160 to 384 pixels, and 30 networks in its schedules; 192 and 512 results are not.
# NPU 5010: 24 channels at 208, 224, 240 pixels, not at 192, 256, 288, 320, 384, nor 16, 32, 40, 48, 64 at 224 and 256,
# nor any on NPU 4000.
SMALL_WINDOW = 3
ON_ARRAY = (*POOLS, "Add", "Concat", "Slice", "Split")
CHANNELS_AT_COLUMNS = {
    "3720": {128: (14, 22), 256: (13, 16), 320: (12, 16), 384: (12, 15)},
    "5010": {192: (13, 15)},
}
# Behind these: so many steps, to so many channels; what takes more of the scratchpads is cut.
FURTHEST, WIDENED, MOST_SHARE = 10, 64, 0.9
ALONG = (*CONVOLUTIONS, "MaxPool", "AveragePool")
FEW_RESULTS = {"3720": 128, "5010": 192}  # that stay in rows, by what reads them, at up to so many columns:
FEW_AT_COLUMNS = 20
# About as dear either way: shared over channels for kernels and convolutions of one tap alone. NPU 3720, 32 channels at
# 208 and 224 pixels: EfficientNet-B0, v2-B0, ReXNet, RegNetX and 16 of 16 graphs made for it; RegNetY (one of two),
# MobileNets, MnasNet, FastDepth and poolings not; windows over all channels, with which it is three of five, not; nor
# 12 channels of 208 columns to 16 without a stride.
EVEN_AT_COLUMNS = {"3720": {256: 14}}


def folds(reader: Placed, image: Value, leaves: bool, tile_bytes: float) -> bool:
    """Whether a convolution takes `image` folded: where, padded to 16 channels, it would not fit into one tile.

    Intel's schedules: 3 channels to 64 at 96 x 96 (1,474,560 bytes and weights) are folded on NPU 4000 (1,474,560
    usable), to 32 at 160 x 160 with stride 2 are not; on NPU 3720 those at 128 x 128 are, at 96 x 96 not. Each of its
    strides must make a result: without padding (7 x 7 and 3 x 3 at a stride of 2 over 224 and 256 columns, as in
    SqueezeNet and Inception: 111 or 127 of 128) no image is folded on any NPU. `leaves`: what leaves the graph at once
    is written channels first, and not folded."""
    work = reader.steps[0]
    if len(reader.steps) > 1 or not isinstance(work, MacWork):
        return False
    if work.kernel_w == work.stride_w > 1 and not reader.node.attribute(PICKS):
        return False
    if work.op != MacOp.CONVOLUTION or work.groups > 1 or len(image.shape) != 4 or leaves:
        return False
    batch, channels, height, width = image.shape
    if channels >= CHANNEL_BLOCK or width % CHANNEL_BLOCK or CHANNEL_BLOCK % int(work.stride_w):
        return False
    if work.out_w * work.stride_w != width:
        return False
    if not columns_of_image(work):
        return False
    padded = CHANNEL_BLOCK * height * width * work.input_bytes
    made = work.out_h * work.out_w * work.out_c * work.output_bytes / batch
    wide = replace(work, in_c=CHANNEL_BLOCK, weight_groups=1)
    return bool(padded + made + weight_bytes(wide) > tile_bytes)


def reads_grey(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a convolution reads an image of one channel, which nothing needs to turn: 3 x 3 over 160 x 160 and 9 x 9
    over 240 x 240 are folded as they lie in Intel's schedules of a denoiser and of SRCNN."""
    image = step.node.op_type in CONVOLUTIONS and step.fixed_bytes and step.reads
    return bool(image) and values[step.reads[0]].shape[1:2] == (1,)


def folded(reader: Placed) -> Placed:
    """The convolution over the folded image (`folds`)."""
    work = reader.steps[0]
    assert isinstance(work, MacWork)
    begin = reader.node.attribute("pads")
    left = int(begin[1]) if begin else None
    wide = over_columns(replace(work, weight_groups=1), columns_of_image(work), left=left)
    return reader._replace(steps=(wide,), fixed_bytes=weight_bytes(wide))


def columns_of_image(work: MacWork) -> int:
    """How many columns of an image a convolution folds: sixteen, or half as many and half of these while what it makes
    of them has too many weights, in whole sixteens of channels; 0 where none is few enough."""
    columns = CHANNEL_BLOCK
    while columns >= max(2, work.stride_w) and work.in_c * columns % CHANNEL_BLOCK == 0:
        if not has_many_weights(over_columns(work, columns)):
            return columns
        columns //= 2
    return 0


def crosses(
    reader: Placed,
    readers: Mapping[str, Sequence[Node]],
    values: Mapping[str, Value],
    generation: str,
    room: float,
) -> bool:
    """Whether a folded image reaches its convolution through DDR on NPU 3720 and 5010, which share small windows with
    some numbers of results over channels there, not over rows. `readers`: of each tensor; `room`: of all tiles. A
    depthwise window keeps few results in rows on 3720 (16 channels of 112 x 112 and 128 x 128; not 32 or 48, nor 16 in
    front of HardSwish), a convolution over all channels alone on 5010 (1x1 of 24 to 16, 3 x 3 of RepViT; in front of an
    addition, a depthwise window or a pooling they cross)."""
    wide = folded(reader)
    work = wide.steps[0]
    assert isinstance(work, MacWork)
    if not over_channels(wide, generation):
        return False
    behind = readers.get(reader.writes[0], ())
    if work.in_w <= EVEN_AT_COLUMNS.get(generation, {}).get(int(work.out_c), 0):
        strided = isinstance(first := reader.steps[0], MacWork) and first.stride_w > 1
        return strided and bool(behind) and all(_by_channels_too(node, values) for node in behind)
    if (
        generation == "3720"
        and work.out_c <= FEW_RESULTS[generation]
        and _widens(reader.writes[0], readers, values, room)
    ):
        return False
    if (
        work.in_w > FEW_AT_COLUMNS
        or len(behind) != 1
        or behind[0].op_type != "Conv"
        or work.out_c > FEW_RESULTS[generation]
    ):
        return True
    weight = values[behind[0].inputs[1]].shape
    alone = len(weight) == 4 and weight[1] == 1 and weight[2] * weight[3] > 1
    return alone if generation == "5010" else not alone


def _widens(
    name: str, readers: Mapping[str, Sequence[Node]], values: Mapping[str, Value], room: float
) -> bool:
    """Whether one reader behind the other, none of which is cut, a convolution of one tap makes 64 channels or more for
    a window or pooling that takes each by itself: these are shared over channels at first, then all in front are laid
    over rows with them (NPU 3720: 1x1 to 64 and 96 channels behind a stem of 16 at 224 to 320 pixels in 7 of 7 graphs
    made for it, YuNet; not to 32 or 48 channels, nor in front of a 3 x 3 or what does not fit, 0 of 6)."""
    wide = False
    for _ in range(FURTHEST):
        nodes = readers.get(name, ())
        if len(nodes) != 1 or nodes[0].op_type not in ALONG:
            return False
        node = nodes[0]
        made = node.outputs[0]
        if values[name].npu_bytes + values[made].npu_bytes > MOST_SHARE * room:
            return False
        weight = values[node.inputs[1]].shape if node.op_type in CONVOLUTIONS else ()
        single = not weight or weight[1] == 1
        if wide and single:
            return True
        wide = not single and weight[2:] == (1, 1) and weight[0] >= WIDENED
        name = made
    return False


def _by_channels_too(reader: Node, values: Mapping[str, Value]) -> bool:
    """Whether a reader is a kernel or a convolution of one tap."""
    if reader.op_type in CONVOLUTIONS:
        return prod(values[reader.inputs[1]].shape[2:]) == 1
    return reader.op_type not in ON_ARRAY


def over_channels(step: Placed, generation: str) -> bool:
    """Whether a generation shares the convolution over a folded image over channels: its image comes from DDR, and its
    result goes there for readers that are shared over rows."""
    work = step.steps[0]
    assert isinstance(work, MacWork)
    least, most = CHANNELS_AT_COLUMNS.get(generation, {}).get(int(work.out_c), (1, 0))
    return bool(work.kernel_h <= SMALL_WINDOW and least <= work.in_w <= most)


def is_folded(step: Placed) -> bool:
    """Whether a step is a convolution over a folded image: Intel's compiler shares its rows over the tiles."""
    work = step.only
    if not isinstance(work, MacWork) or not step.reads_turned:
        return False
    return bool(work.weight_groups > 1) and int(step.node.attribute("group", 1)) == 1
