"""Images of one channel whose columns are not folded: fifteen channels of zeros come beside it for a convolution.

Rows of whole sixteens are the terms of a convolution of sixteen columns to sixteen channels each, inside
(`expand_input/as_convolution` in Intel's schedules); other rows of more than eight sixteens are filled up to them in
DDR first, and what the convolution makes is written there, to be read without them. Shorter rows are not worth it:
their zeros are loaded beside the image on NPU 3720, copied beside it in DDR on 4000. NPU 5010 spreads out what its
transfers load. Intel's schedules of 18 graphs of 41 to 229 columns and 60 to 901 rows: 113, 121 one way, 129, 135, 145
the other, whatever the rows."""

from __future__ import annotations

from npusim.compiler.cutting.split import PIXELS_AT_ONCE
from npusim.compiler.lowering.laid_anew import permuted, transferred
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.uneven_passes import MANY_COLUMNS
from npusim.compiler.sharing.distribution import IMAGE, SLABS
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, one_tap
from npusim.work import MacOp, MacWork, MoveWork

IMAGE_RANK = 4  # [N,C,H,W]


def grey_image(value: Value, step: Placed) -> bool:
    """Whether a convolution that is not cut into slices reads an image `[1,1,H,W]`."""
    work = step.only
    window = (
        isinstance(work, MacWork)
        and work.op == MacOp.CONVOLUTION
        and step.node.op_type in ("Conv", "FusedConv")
    )
    return (
        window and len(value.shape) == IMAGE_RANK and value.shape[:2] == (1, 1) and min(value.shape[2:]) > 1
    )


def pads_rows(value: Value) -> bool:
    """Whether the rows of an image are filled up to whole sixteens in DDR first."""
    columns = value.shape[3]
    return columns % PIXELS_AT_ONCE > 0 and columns > MANY_COLUMNS


def filled(name: str, source: Value, wide: Value) -> Placed:
    """The step that makes `wide`, `[1,16,H,W]`, of `source`: image `name`, or what its rows were filled up to."""
    why = "an image of one channel is written beside fifteen of zeros"
    rows, columns = source.shape[2:]
    node = Node(f"{name}/layout", "MemPermute", (source.name,), (wide.name,))
    if columns % PIXELS_AT_ONCE == 0:
        size, wanted = min(wide.dtype.npu_bytes, 2.0), CHANNEL_BLOCK**2
        places = columns // PIXELS_AT_ONCE
        work = one_tap(MacOp.CONVOLUTION, rows, places, wanted, size, terms=CHANNEL_BLOCK)
        return permuted(node, (work,), why, IMAGE if source.name == name else SLABS)
    return transferred(node, MoveWork(wide.npu_bytes), why)
