"""Steps that take the images of a batch one after another, where Intel's compiler calls no function for each."""

from __future__ import annotations

from collections.abc import Sequence, Set

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import IMAGES, SLABS
from npusim.compiler.weights.own_weights import many_weights
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

IMAGE_RANK = 4
FEW_CHANNELS = 4  # a window takes these as they are
IN_TURN = (MacOp.CONVOLUTION, MacOp.DEPTHWISE, MacOp.MAX_POOL, MacOp.AVERAGE_POOL)


def takes_images(step: Placed) -> bool:
    """Whether a step takes images of a batch one by one. Those of one pixel are rows of a product, and tiles that take
    an image each (npusim.compiler.layouts.images_on_tiles) take all at once."""
    if (
        step.images <= 1
        or step.sharing == IMAGES
        or len(step.reads) != 1
        or len(step.writes) != 1
        or step.times
    ):
        return False
    works = [w for w in step.steps if isinstance(w, MacWork) and w.op in IN_TURN and w.groups == 1]
    pixels = [max(w.in_h, w.out_h) / step.images * max(w.in_w, w.out_w) for w in works[:1]]
    pools = all(w.op == MacOp.AVERAGE_POOL for w in works)
    return len(works) == len(step.steps) and (len(works) == 1 or pools) and pixels > [1.0]


def scales_images(step: Placed) -> bool:
    """Whether a step scales the channels of images, beside such steps."""
    one = len(step.reads) == 1 == len(step.writes)
    return one and step.lowering == "scale_shift" and isinstance(step.only, MacWork)


def crosses_alone(step: Placed, outputs: Set[str]) -> bool:
    """Whether what such a step reads and makes crosses DDR where it is in no chain. A single op is planned apart, but
    for one whose images are filled up."""
    work = step.only
    alone = step.reads_turned and not outputs.isdisjoint(step.writes)
    if alone and not _filled_alone(step):
        return False
    return takes_images(step) and not (isinstance(work, MacWork) and work.op == MacOp.DEPTHWISE)


def turns_images(step: Placed, behind: Sequence[Placed], outputs: Set[str]) -> bool:
    """Whether a step turns images for one that takes them one by one."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.PERMUTE_IMAGE or step.sharing == SLABS:
        return False
    return bool(behind) and behind[0].reads == step.writes and crosses_alone(behind[0], outputs)


def convolves_sixteens(step: Placed) -> bool:
    """Whether a step is a convolution of whole sixteens of channels: on NPU 4000 and 5010 all images of a batch are
    turned, and written to DDR, before the first passes it (`batch_permute_15` in front of `slice_15`: eight times in
    ResNet-18 and ten in lc0 of 16 images, in towers of 12 and 24: four graphs, eight schedules). Those of O-Net's stem
    and poolings are turned one by one."""
    work = step.only
    return isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION and work.in_c % CHANNEL_BLOCK == 0


def uneven_channels(step: Placed) -> bool:
    """Whether a convolution reads or makes channels that are no whole sixteens."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION:
        return False
    return bool(work.in_c % CHANNEL_BLOCK > 0 or work.out_c % CHANNEL_BLOCK > 0)


def columns_beside(reader: Placed) -> int:
    """How many columns of an image become channels for a convolution whose window is as wide as its stride; 1 for
    others."""
    work = reader.only
    if not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION or work.groups > 1:
        return 1
    return int(work.kernel_w) if work.kernel_w == work.stride_w else 1


def fills_channels(
    reader: Placed, images: Value, outputs: Set[str], by_transfers: bool, pools: bool = False
) -> bool:
    """Whether images of a batch whose channels are no whole sixteens are copied within the DDR with such for a
    convolution (`expand_input` of 1, 3 and 24 channels in Intel's schedules on all NPUs: 4.2 MB of 128 patches of 32 x
    32, 1.2 of 16 faces of 48 x 48, 3.2 of 16 images of 24 x 56 x 56), but one whose window is as wide as its stride:
    the columns of a window become channels inside, and are filled up there (`expand_input/as_convolution`, patches of
    4 of 2 and 8 images at 224 and 64 pixels, of 8 of 3 and 4 images). Four channels and fewer of a convolution whose
    result the graph hands out are not (`_filled_alone`).
    `pools`: the reader is a pooling, for which they always are. `by_transfers`: the DMA turns planes
    whose pixels are no whole sixteens.
    """
    if columns_beside(reader) > 1:
        return False
    uneven = images.shape[0] > 1 and len(images.shape) == IMAGE_RANK and images.shape[1] % CHANNEL_BLOCK > 0
    if not uneven or pools:
        return uneven
    if reader.node.op_type != "Conv" or int(reader.node.attribute("group", 1)) > 1:
        return False
    if outputs.isdisjoint(reader.writes):
        return True
    return _filled_alone(reader) and _in_ddr(reader, images, by_transfers)


def _filled_alone(step: Placed) -> bool:
    """Whether images are filled up for a convolution whose result the graph hands out, too: those of more channels than
    a window takes as they are (10 images of 15 x 96 x 96, 13 of 93 x 48 x 48, 5 of 38 x 128 x 128 and 8 of 24 x 40 x 40
    by themselves; not 4 of 3 x 224 x 224), and no pixels are left out (4 of 74 x 96 x 96 by one tap at a stride of 2
    are turned first)."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION or work.kernel_w < work.stride_w:
        return False
    return bool(work.in_c > FEW_CHANNELS and work.in_c % CHANNEL_BLOCK > 0)


def _in_ddr(reader: Placed, images: Value, by_transfers: bool) -> bool:
    """Whether they are copied within the DDR: where the array turns them, or the DMA for tiles that share rows. Those
    that it turns for tiles that share channels get their zeros inside (`expand_input/copy_to_cmx`)."""
    work = reader.only
    many = isinstance(work, MacWork) and many_weights(reader, work)
    return images.shape[2] * images.shape[3] % CHANNEL_BLOCK == 0 or (by_transfers and not many)
