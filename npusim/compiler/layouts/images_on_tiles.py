"""A batch of as many images as there are tiles, where no function is called for each: every tile takes an image.

In Intel's schedules of MobileNet-v2, EfficientNet-B0, ResNet-18 and -34, RepVGG and YOLOv8 over two images on NPU 3720
convolutions over all channels and poolings are `SplitOverBatch`: weights are read once and lie on both tiles, whole
images follow one another inside, and no channels are filled up in DDR. Windows for each channel share rows (or
channels) of both images, so what passes between them and the others crosses DDR. A pass that turns a batch for sums is
shared over images, too, where it makes few channels, or more than a tile takes; else over channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from npusim.compiler.layouts.images_in_turn import IMAGE_RANK, takes_images
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import IMAGES, PARTS
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

#: A turning pass is shared over images where it makes few channels of little (64 and 96 of 14 x 14, 64 of 512), and
#: where what it reads has no room on every tile beside a share of what it makes (64 x 64 x 64, 96 x 56 x 56; 64 x 48 x
#: 64 has): 120 of 126 in schedules of seven networks.
FEW_CHANNELS, FEW_ELEMENTS, WHOLE_ROOM = 96, 2**15, 0.75
MOST_CHANNELS = 8192  # of a pass; more (pixels of 128 x 128) go in pieces, through DDR
LEAST_STEPS = 2  # a convolution or pooling alone takes images one by one


def on_tiles(step: Placed, tiles: int) -> bool:
    """Whether every tile takes an image of a step's batch."""
    work = step.steps[0] if step.steps else None
    depthwise = isinstance(work, MacWork) and work.op == MacOp.DEPTHWISE
    return step.images == tiles > 1 and takes_images(step) and not depthwise


def images_on_tiles(
    placed: Sequence[Placed], values: Mapping[str, Value], tiles: int, tile_bytes: float, once: bool = False
) -> list[Placed]:
    """The steps, with the sharing of those that take an image a tile, of sums and kernels of such batches and of the
    passes that turn them. `once`: windows for each channel take the time of one image, as Intel's compiler prices two
    (32 x 112 x 112 of each 34 us, half of what one by one takes)."""
    if sum(on_tiles(s, tiles) for s in placed) < LEAST_STEPS:
        return list(placed)
    return [_counted_once(_shared(s, values, tiles, tile_bytes), tiles if once else 1) for s in placed]


def _shared(step: Placed, values: Mapping[str, Value], tiles: int, tile_bytes: float) -> Placed:
    if on_tiles(step, tiles):
        return step._replace(sharing=IMAGES)
    shape = values[step.writes[0]].shape if len(step.writes) == 1 else ()
    if len(shape) != IMAGE_RANK or shape[0] != tiles or shape[2] * shape[3] == 1:
        return step
    if step.engine == "dsp" and not step.sharing:
        return step._replace(sharing=PARTS)
    work = step.only
    if not isinstance(work, MacWork):
        return step
    if step.lowering == "mac_permute" and work.op in (MacOp.PERMUTE, MacOp.PERMUTE_IMAGE):
        return _turned(step, work, shape, tile_bytes)
    if work.op == MacOp.ELTWISE and all(values[n].shape == shape for n in step.reads):
        return step._replace(sharing=IMAGES)
    return step


def _counted_once(step: Placed, images: int) -> Placed:
    """A window for each channel of so many images as one of one image."""
    work = step.only
    if images == 1 or step.images != images or not isinstance(work, MacWork) or work.op != MacOp.DEPTHWISE:
        return step
    one = replace(work, out_h=work.out_h / images, in_h=work.in_h / images)
    return step._replace(steps=(one,), images=1)


def _turned(step: Placed, work: MacWork, shape: tuple[int, ...], tile_bytes: float) -> Placed:
    """A pass that turns a batch: a row an image, whose pixels, or channels, are columns."""
    batch, channels, height, width = shape
    columns, made = height * width, channels
    if work.op == MacOp.PERMUTE_IMAGE:
        columns, made = made, columns
    if made % CHANNEL_BLOCK:  # the DMA turns these
        return step._replace(sharing=IMAGES)
    elements = columns * made
    alike = work.input_bytes * elements * (batch + 1) > WHOLE_ROOM * tile_bytes
    apart = alike or (made <= FEW_CHANNELS and elements <= FEW_ELEMENTS)
    turned = replace(
        work, op=MacOp.PERMUTE, out_h=batch, in_h=batch, out_w=columns, in_w=columns, out_c=made, in_c=made
    )
    return step._replace(steps=(turned,), sharing=IMAGES if apart and made <= MOST_CHANNELS else PARTS)


def image_a_tile(step: Placed) -> bool:
    """Whether the tiles share whole images: also of a pass of too many channels, whose pieces go through DDR."""
    work = step.only
    large = isinstance(work, MacWork) and work.op == MacOp.PERMUTE and work.out_c > MOST_CHANNELS
    return step.sharing == IMAGES or (step.sharing == PARTS and large)
