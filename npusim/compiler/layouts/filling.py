"""A pass of the MAC array that fills an image's channels up to sixteens, for a reader that wants whole ones."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import IMAGE
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork


def fills_up(image: Value) -> MacWork:
    """The convolution of one tap from the channels of an image, [1,C,H,W], to whole sixteens of them."""
    _, channels, height, width = image.shape
    even = int(ceil_to(channels, CHANNEL_BLOCK))
    return MacWork(MacOp.CONVOLUTION, height, width, even, channels, height, width)


def filling(
    name: str,
    image: Value,
    out: str,
    values: dict[str, Value],
    work: MacWork,
    weights_bytes: float,
    why: str,
    op_type: str = "Pad",
) -> Placed:
    """The pass that does `work` on the tensor `name`, which lies as `image`; what it makes is entered into `values` as
    `out`."""
    _, channels, height, width = image.shape
    even = int(ceil_to(channels, CHANNEL_BLOCK))
    values[out] = replace(image, name=out, shape=(1, even, height, width))
    node = Node(out, op_type, (name,), (out,))
    return Placed(
        node, "mac_array", (work,), "mac_array", why, (name,), (out,), weights_bytes, 0.0, sharing=IMAGE
    )
