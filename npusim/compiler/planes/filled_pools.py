"""Windows of channels that are no whole sixteens.

Poolings of large images: a pass of the MAC array fills the channels up to sixteens first, through DDR
(`expand_input/as_convolution` in Intel's schedules of NPU 3720 and 4000: 24 channels of 256 x 256, 320 x 320 and
352 x 352, 40 of 160 x 160 on 3720; where both images fit into the scratchpads, as 40 of 160 x 160 on 4000, none). So
are fewer than sixteen where they lie without padding: what a convolution makes whose columns are folded (8 and 12 of
320 x 480), and an image of the graph that is folded for a convolution, too (ENet, CGNet: 3 of 360 x 480 and 512 x 512,
six times their bytes; not 224 x 224)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from npusim.compiler.layouts.filling import filling, fills_up
from npusim.compiler.layouts.folded_works import columns_of, convolves, padded_bytes
from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.layouts.images import is_image
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.widened import reads_widened
from npusim.compiler.sharing.pieces import POOLINGS
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

WHY = "channels of a large image are filled up to sixteens for a pooling"


class Filled(str):
    """The name of what is filled up. A type of its own, for a tensor of the graph may be called so, too."""

    __slots__ = ()


def filled_up(steps: list[Placed], values: dict[str, Value], tiles: int, tile_bytes: float) -> list[Placed]:
    """The steps, a pass in front of each pooling that needs one. `tile_bytes`: of each tile's scratchpad."""
    made = set[str]()
    makers = {n: s for s in steps for n in s.writes}
    folded = {s.reads[0] for s in steps if s.reads_turned and is_folded(s)}  # images of the graph
    found = list[Placed]()
    for step in steps:
        name = step.reads[0] if step.reads else ""
        few = name in folded if step.reads_turned else _folds(makers.get(name), values, tile_bytes)
        found += _filled(step, values, tiles * tile_bytes, made, few)
    return found


def _folds(maker: Placed | None, values: Mapping[str, Value], tile_bytes: float) -> bool:
    """Whether a convolution folds columns, so that its channels lie without padding."""
    work = convolves(maker) if maker is not None else None
    if maker is None or work is None or padded_bytes(work) / maker.images < tile_bytes:
        return False
    if maker.reads_turned:
        return is_folded(maker)
    return columns_of(maker, work, values[maker.reads[0]].shape) > 0


def _filled(
    step: Placed, values: dict[str, Value], room: float, made: set[str], without_padding: bool
) -> list[Placed]:
    """The step; `without_padding`: fewer channels than sixteen lie so in front of it."""
    work = step.only
    # A Transpose is a pooling of one tap.
    pools = isinstance(work, MacWork) and work.op in POOLINGS and step.node.op_type != "Transpose"
    if not pools or (step.reads_turned and not without_padding):
        return [step]
    name = step.reads[0]
    source = values[step.node.inputs[0]]
    image = source if step.reads_turned else values[name]  # a first reader that is not folded had it padded
    if not is_image(image) or image.shape[0] != 1 or image.shape != source.shape:
        return [step]
    channels = image.shape[1]
    fill = fills_up(image)
    even = int(fill.out_c)
    if (
        (channels < CHANNEL_BLOCK and not without_padding)
        or even == channels
        or image.npu_bytes * (1 + even / channels) <= room
    ):
        return [step]
    out = Filled(f"{name}/filled")
    known = out in made
    made.add(out)
    if step.reads_turned:
        values[name] = replace(values[name], shape=image.shape)
    weights = float(even * (2 * even + CHANNEL_BLOCK))
    own = filling(name, image, out, values, fill, weights, WHY)
    reads = (out, *step.reads[1:])
    step = step._replace(reads=reads, reads_turned=False)
    return [step] if known else [own, step]


def in_sixteens(step: Placed) -> float:
    """What a depthwise window holds over the bytes of its image and result: of channels that are no whole sixteens it
    takes these filled up (`pad_[0, 8, 0, 0]_expand_input` of 72 channels in Intel's schedules)."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.DEPTHWISE or work.kernel_h * work.kernel_w == 1:
        return 1.0
    share = float(-(-work.out_c // CHANNEL_BLOCK) * CHANNEL_BLOCK / work.out_c)
    if not reads_widened(step):
        return share
    read, made = work.in_h * work.in_w * share, work.out_h * work.out_w
    return float((read + made * share) / (read + made))
