"""Convolutions of one tap whose columns Intel's compiler 8.4 folds into channels, because these fill no sixteens.

24 channels are padded to 32 where image, result and weights fit into one tile. Where they do not, nor what the
convolution needs that made the image, two columns are one of 48 channels and make one of twice the results, half as
wide (1x48x70x17 by 288x48x1x1 in its schedules of 24 to 144 channels on 140 x 140); a maker that fits writes its
channels padded already. So 24 to 144 on 112 x 112 are folded behind 48 to 24 on NPU 3720, 4000 and 5010, behind 24 to
24 not on 3720; on 80 x 80 behind 96 to 24 not on 3720; 56 to 336 on 96 x 96 on all; 40 to 240 on 80 x 80 behind 40 to
40 on none.

A window over the result reads columns that are no whole pairs, so no strip of columns passes from one to the other:
expansion and window of a MobileNet's block are cut apart, and what is between them crosses DDR (1.4 times the channels
at 224 pixels on NPU 3720 and 5010, EfficientNet-Lite at 280 on 3720 and 4000). NPU 5010 cuts both along rows where
their result is larger than all tiles (EfficientNet-Lite at 280; but not 56 to 336 on 96 x 96). The array's time for
the zeros is not counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd

from npusim.compiler.place import Placed
from npusim.compiler.split import ceil_to
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork


def folded(placed: Sequence[Placed], values: Mapping[str, Value], tile_bytes: float) -> set[str]:
    """Results of convolutions whose columns are folded."""
    found: set[str] = set()
    large: set[str] = set()  # results of what does not fit into one tile, and of additions of these
    for step in placed:
        work = step.only
        if not isinstance(work, MacWork) or not step.writes:
            continue
        if work.op == MacOp.ELTWISE:
            fits = large.isdisjoint(step.reads)
        else:
            fits = _padded_bytes(step, work) <= tile_bytes
            if not fits and _may_fold(step, work, values) and step.reads[0] in large:
                found.update(step.writes)
        if not fits:
            large.update(step.writes)
    return found


def _may_fold(step: Placed, work: MacWork, values: Mapping[str, Value]) -> bool:
    """Whether a convolution has one tap, and so many channels that some columns of them fill sixteens."""
    taps = work.kernel_h * work.kernel_w * work.stride_h * work.stride_w
    if (
        work.op != MacOp.CONVOLUTION
        or work.groups > 1
        or taps > 1
        or step.reads_turned
        or not step.fixed_bytes
    ):
        return False
    shape, together = values[step.reads[0]].shape, CHANNEL_BLOCK // gcd(int(work.in_c), CHANNEL_BLOCK)
    return len(shape) == 4 and together > 1 and shape[3] % together == 0


def _padded_bytes(step: Placed, work: MacWork) -> float:
    image = work.in_h * work.in_w * ceil_to(work.in_c, CHANNEL_BLOCK) * work.input_bytes
    made = work.out_h * work.out_w * ceil_to(work.out_c, CHANNEL_BLOCK) * work.output_bytes
    return float(image + made + step.fixed_bytes)
