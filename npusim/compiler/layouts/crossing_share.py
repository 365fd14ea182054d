"""What of an image of the graph crosses DDR where one op alone works on it and the laws of size hold.

Intel's compiler turns such an image as a whole: where it does not fit beside itself turned, or its channels or pixels
are no whole sixteens, it crosses DDR once or twice more (256 x 118 x 118 in front of 1x1 at stride 2: 23.2 and 31.1 MB
on NPU 3720 and 5010 for an image of 7.1; 566 and 230 us). The step in size is one of 2.5 to 4 times, so profiles that
keep the law of doubling (`turns_in_strips`) took none of it and were 2 to 4 times too cheap.

Here a share of the image, or line, crosses, which grows with it: half of what is turned where that fills half of all
scratchpads, less with more of them or with more tiles. An image that is no whole sixteens crosses by so much more that
it is not dearer than twice the image, which is whole ones. No schedule has such a share: it is the line between
Intel's two cases that doubling permits, read off the ops of tests/vendor: of 3,055 on NPU 3720 and 5010 261 -> 178 are
off by more than two, 1,858 -> 1,972 within 25 %; bytes of images that stay there are up to 1.8 times too many here."""

from dataclasses import replace

from npusim.compiler.cutting.split import PIXELS_AT_ONCE
from npusim.compiler.lowering.laid_anew import whole
from npusim.compiler.lowering.place import Placed
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.ops.slicing import WINDOW_LIMITS
from npusim.work import MoveWork

#: Of an image far larger than the scratchpads: all of it would cost 2.4 times as much as half of it.
MOST_SHARE = 0.8
#: Of an image whose channels or pixels are no whole sixteens.
UNEVEN_SHARE = 0.4
#: A share of what is turned that is not worth its two transfers.
LEAST_SHARE = 0.03


def share_copied(
    name: str, image: Value, channels: int, values: dict[str, Value], room: float, reader: Placed
) -> list[Placed]:
    """The step that copies a share of an image [1,C,H,W] or a line [1,C,L] of the graph, an image one column wide, in
    front of the pass that turns it to `channels` for `reader`, by two transfers, one a port; none of a small share, of
    a batch, or where each slice of a long window is turned by itself. `name`: the image behind what else is made of it;
    edges of a pooling that were made so make up for pixels that are no whole sixteens. `room`: bytes of all
    scratchpads."""
    whole_image = name == image.name
    nbytes = 0.0 if reader.lowering in WINDOW_LIMITS else crossing_bytes(image, channels, room, whole_image)
    if not nbytes:
        return []
    out = f"{image.name}/crossed"
    values[out] = replace(values[name], name=out)
    why = "of an image of the graph that is turned a share is written out and read again"
    step = whole(Node(out, "Pad", (name,), (out,)), values, why)
    return [step._replace(steps=(MoveWork(nbytes / 2, "ddr", "ddr"),) * 2)]


def crossing_bytes(image: Value, channels: int, room: float, filled: bool = True) -> float:
    """What crosses, 0 where it is not worth its transfers. `filled`: what is no whole sixteens by so much more."""
    if len(image.shape) not in (3, 4) or image.shape[0] > 1:
        return 0.0
    _, own, height, width = (*image.shape, 1)[:4]
    turned = image.npu_bytes * max(channels / own, 1)
    share = turned / (turned + room / 2)
    uneven = filled and (own % CHANNEL_BLOCK or height * width % PIXELS_AT_ONCE)
    if not uneven and share < LEAST_SHARE:
        return 0.0
    return MOST_SHARE * share * turned + (UNEVEN_SHARE * image.npu_bytes if uneven else 0.0)
