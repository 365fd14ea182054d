"""Windows whose taps lie apart, with so many channels that they are taken tap by tap.

A window that is too long once it is spread out with zeros is cut between its taps (npusim.ops.slicing.dilated). Intel's
compiler 8.4 does so only where the weights of the largest part, zeros counted, for sixteen results fit into one
tile: taps 12 apart of 272 channels are windows of 13 x 13 and less on NPU 5010, 1.47 of 1.47 MB, of 288, 512, 1,024 and
2,048 nine convolutions of one tap; taps 9 apart of 448 on 4000 and 5010 and of 576 on 3720 are windows of 10 x 10, of
480 and 640 they are not; 5 x 5 taps 4 apart of 512 are windows of 9 x 9, of 1,024 twenty-five convolutions. A
depthwise window counts as one over all channels (512 with taps 12 apart: nine). 20 of 20 made for it; one that is not
cut is spread out whatever it takes (15 x 15 of 1,024 channels). Taps are the faster of the two, so twice the channels
may cost a third: only profiles that follow Intel's compiler to the letter do so (`taps_by_weights`)."""

from __future__ import annotations

from collections.abc import Mapping

from npusim.ops.counting import CHANNEL_BLOCK
from npusim.ops.slicing import DILATED_LIMITS, TAP_BY_TAP
from npusim.work import Lowering, MacOp, MacWork


def tap_by_tap(name: str, ways: Mapping[str, Lowering], tile_bytes: float) -> str:
    """`name`, or the lowering to take in its place where its parts have too many weights."""
    if name not in DILATED_LIMITS or TAP_BY_TAP not in ways:
        return name
    parts = [w for w in ways[name].steps if isinstance(w, MacWork) and w.op != MacOp.ELTWISE]
    largest = max((_dense_bytes(part) for part in parts), default=0.0)
    return TAP_BY_TAP if len(parts) > 1 and largest > tile_bytes else name


def _dense_bytes(part: MacWork) -> float:
    """Weights of a part for sixteen results, zeros counted; a depthwise one's as if it were over all channels."""
    channels = part.out_c if part.op == MacOp.DEPTHWISE else part.in_c
    return float(CHANNEL_BLOCK * channels * part.kernel_h * part.kernel_w * part.weight_bytes)
