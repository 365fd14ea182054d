"""Poolings behind the convolution of a folded image that Intel's compiler 8.4 shares over channels: what they read
crosses DDR, or the image does.

On NPU 4000 a pooling of so many channels that every tile has sixteen is cheaper over channels than over rows, where its
input and result fit into one tile (each tile holds both whole), and goes so unless a window or a join wants its rows
next: in front of 1x1 and depthwise convolutions (ResNet-50, GoogLeNet, OSNet, ShuffleNet, SqueezeNet), not of the 3 x 3
of a ResNet-18 or the Concats of a DenseNet. Between a convolution over folded columns (image_columns), whose rows the
tiles share, and such a pooling the result is written and read back: 64 x 128 x 64 of 256 x 128 pixels by 7 x 7 and
3 x 3, 88 x 88, 80 x 80, 112 x 64. Where its folded columns are no eights (10 and 11: 160 x 160, 176 x 176, 192 x 160)
a window of seven goes over channels, too: its image crosses then, and its result stays. 66 schedules of eight kinds of
networks made for it, at 96 to 320 pixels, with 24, 32 and 64 channels, come out so; an image that is not folded (up to
128 to 144 pixels) never crosses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacWork

POOLINGS = ("MaxPool", "AveragePool")
TALL_WINDOW = 7  # rows
COLUMNS_AT_ONCE = 8
# In and out, of NPU 4000's tile; as many bytes in a larger scratchpad, where a network would else be slower.
MOST_BYTES = 1440 * 1024


def image_crosses(
    reader: Placed, readers: Mapping[str, Sequence[Node]], values: Mapping[str, Value], tiles: int
) -> bool:
    """Whether the image crosses that a convolution takes folded, since that goes over channels as the pooling behind
    it. `readers`: of each tensor."""
    work = reader.steps[0]
    tall = isinstance(work, MacWork) and _over_channels(work.kernel_h, work.in_w // CHANNEL_BLOCK)
    return tall and _pooled(reader.writes[0], readers, values, tiles)


def results_crossing(steps: Sequence[Placed], values: Mapping[str, Value], tiles: int) -> frozenset[str]:
    """Results of convolutions over folded images, by rows, that poolings read over channels."""
    made = [s for s in steps if is_folded(s) and s.writes]
    reading = reading_steps(steps) if made else {}
    readers = {name: [steps[k].node for k in at] for name, at in reading.items()}
    found = []
    for step in made:
        work = step.only
        if isinstance(work, MacWork) and not _over_channels(work.kernel_h, work.in_w):
            found += [n for n in step.writes if _pooled(n, readers, values, tiles)]
    return frozenset(found)


def _pooled(
    name: str, readers: Mapping[str, Sequence[Node]], values: Mapping[str, Value], tiles: int
) -> bool:
    """Whether image `name` has one reader, a pooling that the tiles share over channels."""
    if tiles == 1 or len(readers.get(name, ())) != 1:
        return False
    pooling, image = readers[name][0], values[name]
    if pooling.op_type not in POOLINGS or len(image.shape) != 4 or image.shape[0] > 1:
        return False
    made = pooling.outputs[0]
    together = image.npu_bytes + values[made].npu_bytes
    if image.shape[1] < CHANNEL_BLOCK * tiles or together >= MOST_BYTES:
        return False
    behind = readers.get(made, ())
    return bool(behind) and all(_takes_channels(n, values) for n in behind)


def _over_channels(rows: float, columns: float) -> bool:
    """Whether a convolution with so many rows of its window and folded columns goes over channels in front of such a
    pooling."""
    return rows >= TALL_WINDOW and columns % COLUMNS_AT_ONCE > 0


def _takes_channels(node: Node, values: Mapping[str, Value]) -> bool:
    """Whether a convolution is one of one tap, or of a window a channel."""
    if node.op_type != "Conv":
        return False
    weight = values[node.inputs[1]].shape
    return len(weight) == 4 and (weight[2] * weight[3] == 1 or weight[1] == 1)
