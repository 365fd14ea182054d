"""Depthwise windows of channels that lie without padding: a pass of the array fills these up to sixteens first.

Up to 64 uneven channels that a convolution over folded columns made lie one pixel behind the other
(npusim.compiler.layouts.folded_columns); a depthwise window wants whole sixteens. Intel's compiler 8.4 writes a
convolution of one tap in front of it (`pad_[0, 8, 0, 0]_expand_input/as_convolution`: 24 channels of 208 x 208 as
1x48x35x104 by 64x48x1x1), once for all windows that read the image (four of an ESPNet v2). So both images stand in the
scratchpads, and where they do not fit, the pass is cut: with the convolution in front of it, over columns as that is,
while what it makes crosses DDR to the window (NPU 3720 and 4000), or with the window in strips of rows (5010). It runs
whole to a tile's last bytes, as windows do (36 channels of 150 x 152 on NPU 3720). Read off schedules of a PicoDet at
416, an ESPNet v2 and seven graphs made for it (20, 24, 36, 40, 56, 58 channels on 120 x 160 to 240 x 240, 3 x 3 and 5 x
5, strides of one and two) on three NPUs: the pass is there in 21 of 25 and here in the same ones; what it makes crosses
DDR, or not, in 20 of 21 as there. Not known: where pass and window hardly stand beside each other (20 channels of 200 x
160 on 5010 cross DDR whole). Behind an image's own convolution none is planned (12 channels of a PicoDet have one)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import gcd

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.layouts.filling import filling
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.widened import Widened
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

WHY = "channels that lie without padding are filled up to sixteens for a window"


def filled_windows(
    placed: Sequence[Placed],
    filled: Set[tuple[str, str]],
    values: dict[str, Value],
    sizes: dict[str, float],
    chains: Mapping[int, int],
) -> tuple[list[Placed], dict[int, int]]:
    """The steps, with a pass in front of the first window of each image of `filled` (tensor, what its reader makes),
    and where chains begin among them. The new tensors are entered into `values` and `sizes` (bytes)."""
    steps: list[Placed] = []
    starts: dict[int, int] = {}
    made: set[Widened] = set()
    for k, step in enumerate(placed):
        if step.reads and step.writes and (step.reads[0], step.writes[0]) in filled:
            out = Widened(f"{step.reads[0]}/filled")
            if out not in made:
                made.add(out)
                steps.append(_pass(step.reads[0], out, values))
                sizes[out] = values[out].npu_bytes
            step = step._replace(reads=(out, *step.reads[1:]))
        if k in chains:
            starts[len(steps)] = chains[k]
        steps.append(step)
    return steps, starts


def _pass(name: str, out: Widened, values: dict[str, Value]) -> Placed:
    """A convolution of one tap over folded columns that fills up an image's channels; its result becomes a value."""
    image = values[name]
    _, channels, height, width = image.shape
    even = int(ceil_to(channels, CHANNEL_BLOCK))
    together = CHANNEL_BLOCK // gcd(channels, CHANNEL_BLOCK)
    if width % together:
        together = 1
    columns = width // together
    work = MacWork(MacOp.CONVOLUTION, height, columns, even * together, channels * together, height, columns)
    # A weight a channel that is not zero, the others as a bit each, stored with some of them; and the table.
    stored = float(even * (2 * channels + CHANNEL_BLOCK) * together)
    return filling(name, image, out, values, work, stored, WHY, "Conv")
