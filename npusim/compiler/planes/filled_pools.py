"""Windows of channels that are no whole sixteens.

Poolings of large images: a pass of the MAC array fills the channels up to sixteens first, through DDR
(`expand_input/as_convolution` in Intel's schedules of NPU 3720 and 4000: 24 channels of 256 x 256, 320 x 320 and
352 x 352, 40 of 160 x 160 on 3720; where both images fit into the scratchpads, as 40 of 160 x 160 on 4000, none)."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.layouts.images import is_image
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import IMAGE
from npusim.compiler.sharing.pieces import POOLINGS
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

WHY = "channels of a large image are filled up to sixteens for a pooling"


class Filled(str):
    """The name of what is filled up. A type of its own, for a tensor of the graph may be called so, too."""

    __slots__ = ()


def filled_up(steps: list[Placed], values: dict[str, Value], room: float) -> list[Placed]:
    """The steps, a pass in front of each pooling that needs one. `room`: bytes of all scratchpads."""
    made = set[str]()
    return [one for step in steps for one in _filled(step, values, room, made)]


def _filled(step: Placed, values: dict[str, Value], room: float, made: set[str]) -> list[Placed]:
    work = step.only
    # A Transpose is a pooling of one tap.
    pools = isinstance(work, MacWork) and work.op in POOLINGS and step.node.op_type != "Transpose"
    if not pools or step.reads_turned:
        return [step]
    name = step.reads[0]
    image = values[name]
    if not is_image(image) or image.shape[0] != 1 or image.shape != values[step.node.inputs[0]].shape:
        return [step]
    _, channels, height, width = image.shape
    even = -(-channels // CHANNEL_BLOCK) * CHANNEL_BLOCK
    if channels < CHANNEL_BLOCK or even == channels or image.npu_bytes * (1 + even / channels) <= room:
        return [step]
    out = Filled(f"{name}/filled")
    known = out in made
    made.add(out)
    values[out] = replace(image, name=out, shape=(1, even, height, width))
    fill = MacWork(MacOp.CONVOLUTION, height, width, even, channels, height, width)
    node = Node(out, "Pad", (name,), (out,))
    weights = float(even * (2 * even + CHANNEL_BLOCK))
    own = Placed(node, "mac_array", (fill,), "mac_array", WHY, (name,), (out,), weights, 0.0, sharing=IMAGE)
    reads = (out, *step.reads[1:])
    return [step._replace(reads=reads)] if known else [own, step._replace(reads=reads)]


def in_sixteens(step: Placed) -> float:
    """What a depthwise window holds over the bytes of its image and result: of channels that are no whole sixteens it
    takes these filled up (`pad_[0, 8, 0, 0]_expand_input` of 72 channels in Intel's schedules)."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.DEPTHWISE or work.kernel_h * work.kernel_w == 1:
        return 1.0
    return float(-(-work.out_c // CHANNEL_BLOCK) * CHANNEL_BLOCK / work.out_c)
