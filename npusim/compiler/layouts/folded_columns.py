"""Convolutions of one tap whose columns Intel's compiler 8.4 folds into channels, because these fill no sixteens.

24 channels are padded to 32 where image and result fit into one tile. Where they do not, two columns are one of 48
channels and make one of twice the results, half as wide (1x48x70x17 by 288x48x1x1 in its schedules of 24 to 144
channels on 140 x 140), whether it is the image's channels or the result's that fill none (96 to 24 on 128 x 128 as 192
to 48). Neither where the columns are no whole groups (81), nor what the graph hands out. What one convolution hands to
another is padded by both or by none: so one that reads uneven channels of a convolution that fits is not folded (24 to
144 on 80 x 80 behind 96 to 24 on NPU 3720), nor one that makes them for a convolution alone that cannot be (24 to 24 by
3 x 3; 24 to 144 that the graph hands out); windows, additions and kernels between two do not matter. Of 145
such convolutions about or above a tile's size, of 22 networks and 20 made for it on three NPUs, all come out so.

A window over the result, or in front of it, reads columns that are no whole pairs, so no strip of columns passes from
one to the other: they are cut apart, and what is between them crosses DDR (1.4 times a MobileNet's channels at 224
pixels on NPU 3720 and 5010, MobileNet-v2 at 512 on 3720 and 4000). NPU 5010 cuts both along rows where their result
is larger than all tiles (MobileNet-v2 at 512; but not 56 to 336 on 96 x 96). The array's time for zeros is not counted.

Uneven channels lie one pixel behind the other where folded convolutions read and write them, and with their padding
where any other does. Who reads the one as the other gets it from DDR, written without its padding (72 channels on 96 x
96 of MobileNet-v3 between its folded convolutions and its windows: 1,327 KB four times, on all NPUs; 40 on 160 x 160 of
windows of DBNet, 24 on 80 x 80 of additions, or of what is added to a folded one's). Up to 64 channels are padded
inside by a pass of the array (`expand_input/as_convolution` of 8, 24, 36, 40, 58; not of 72, 120), and more of an image
whose smaller side squared has 32 times the weights of that pass (72 of 104, 108 and 112 x 112, 33.8 times, of 104 x 112
and 104 x 128; not of 96 and 100 x 100, nor 120 of 96 and 112 x 112, up to 31.3, nor 72 of 96 x 104 to 96 x 128, either
way round: 17 of 17 made for it on three NPUs, whatever their area)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import gcd, lcm
from typing import NamedTuple

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.cutting.strips import Member
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

ON_CHANNELS = (MacOp.CONVOLUTION, MacOp.DEPTHWISE, MacOp.MAX_POOL, MacOp.AVERAGE_POOL)

PADDED_INSIDE = 64  # channels, by a convolution
FEW_WEIGHTS = 32  # times the bytes of its weights: squares of the smaller side, of more channels


class Folds(NamedTuple):
    """Results of convolutions whose columns are folded; what crosses DDR for it, and what a pass pads: (tensor, what
    its reader makes)."""

    results: frozenset[str] = frozenset()
    crossing: frozenset[tuple[str, str]] = frozenset()
    padded: frozenset[tuple[str, str]] = frozenset()

    def noted(self, m: Member) -> Member:
        """A member of a chain, with what is known of it."""
        refilled = any([(n, m.write) in self.crossing or (n, m.write) in self.padded for n in m.reads])
        return m._replace(folds=m.write in self.results, refilled=refilled)


NO_FOLDS = Folds()


def folds_of(
    placed: Sequence[Placed],
    values: Mapping[str, Value],
    tile_bytes: float,
    outputs: Set[str],
    kernels: bool = False,
) -> Folds:
    """Which columns are folded, and what that brings about. `outputs`: of the graph; `kernels`: a DSP kernel in front
    of a folded convolution takes channels without padding, too (NPU 3720: HardSwish behind windows of 12 channels of
    160 x 160 in a PicoDet, of 72 of 96 x 96, reads them from DDR; on 4000 it does not)."""
    results = folded(placed, values, tile_bytes, outputs)
    if not results:
        return NO_FOLDS
    crossing, padded = _refilled(placed, values, results, kernels)
    return Folds(frozenset(results), frozenset(crossing), frozenset(padded))


def _refilled(
    placed: Sequence[Placed], values: Mapping[str, Value], results: Set[str], kernels: bool
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What lies without its padding and is read with it, or the other way: what crosses DDR for it, and what a pass
    pads."""
    dense: set[str] = set()  # without padding
    padded: set[str] = set()
    found: list[tuple[str, str]] = []
    inside: list[tuple[str, str]] = []
    folded_reads = {n for s in placed if not results.isdisjoint(s.writes) for n in s.reads}
    for step in placed:
        if len(step.writes) != 1 or not step.reads:
            continue
        name, out = step.reads[0], step.writes[0]
        work = step.only if step.engine == "mac_array" else None
        on_plane = isinstance(work, MacWork) and work.op in ON_CHANNELS
        if out in results:
            dense.add(out)
            if name in padded:
                found.append((name, out))
        elif on_plane:
            padded.add(out)
            if name in dense and values[name].shape[1] > PADDED_INSIDE:
                (inside if _large_beside_weights(values[name]) else found).append((name, out))
        elif kernels and step.engine == "dsp" and name in padded and out in folded_reads:
            dense.add(out)
            found.append((name, out))
        elif not dense.isdisjoint(step.reads):
            dense.add(out)
            found += [(n, out) for n in step.reads if n in padded]
        elif step.engine == "mac_array" and not padded.isdisjoint(step.reads):
            padded.add(out)
        for known in (dense, padded):
            if not _uneven(out, values):
                known.discard(out)
    return found, inside


def _large_beside_weights(image: Value) -> bool:
    """Whether an image, as a square of its smaller side, is large beside the weights of the pass that pads its
    channels, folding columns."""
    channels, side = image.shape[1], min(image.shape[2:])
    together = CHANNEL_BLOCK // gcd(channels, CHANNEL_BLOCK)
    weights = together**2 * channels * ceil_to(channels, CHANNEL_BLOCK) * image.dtype.npu_bytes
    return bool(channels * side**2 * image.dtype.npu_bytes >= FEW_WEIGHTS * weights)


def folded(
    placed: Sequence[Placed], values: Mapping[str, Value], tile_bytes: float, outputs: Set[str]
) -> set[str]:
    """Results of convolutions whose columns are folded."""
    found: dict[str, Placed] = {}
    large: set[str] = set()
    for step in placed:
        work = convolves(step)
        if work is None or len(step.writes) != 1 or _padded_bytes(work) < tile_bytes:
            continue
        large.update(step.writes)
        if _may_fold(step, work, values, tile_bytes) and outputs.isdisjoint(step.writes):
            found[step.writes[0]] = step
    if not found:
        return set()
    makers = {n: s for s in placed for n in s.writes}
    readers = reading_steps(placed)
    left = {}
    for name, step in found.items():
        maker = makers.get(step.reads[0])
        fits = maker is not None and convolves(maker) is not None and step.reads[0] not in large
        if not (fits and _uneven(step.reads[0], values)):
            left[name] = step
    for name, step in reversed(list(left.items())):  # what one hands to another is folded if that is
        reads = [placed[k] for k in readers.get(name, ())]
        alone = (
            len(reads) == 1 and convolves(reads[0]) is not None and left.keys().isdisjoint(reads[0].writes)
        )
        if alone and not _uneven(step.reads[0], values):
            del left[name]
    return set(left)


def convolves(step: Placed) -> MacWork | None:
    """The work of a convolution over all channels."""
    work = step.only
    return work if isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION and work.groups == 1 else None


def _uneven(name: str, values: Mapping[str, Value]) -> bool:
    shape = values[name].shape
    return len(shape) == 4 and shape[1] % CHANNEL_BLOCK > 0


def _may_fold(step: Placed, work: MacWork, values: Mapping[str, Value], tile_bytes: float) -> bool:
    """Whether a convolution has one tap, and so many channels that some columns of them fill sixteens; its weights
    among them fit into a tile (728 to 728 on 24 x 24 is not folded)."""
    taps = work.kernel_h * work.kernel_w * work.stride_h * work.stride_w
    if taps > 1 or step.reads_turned or not step.fixed_bytes or not step.reads:
        return False
    shape = values[step.reads[0]].shape
    together = lcm(*(CHANNEL_BLOCK // gcd(int(n), CHANNEL_BLOCK) for n in (work.in_c, work.out_c)))
    weights = together**2 * work.in_c * work.out_c * work.input_bytes
    return len(shape) == 4 and together > 1 and shape[3] % together == 0 and weights < tile_bytes


def _padded_bytes(work: MacWork) -> float:
    image = work.in_h * work.in_w * ceil_to(work.in_c, CHANNEL_BLOCK) * work.input_bytes
    made = work.out_h * work.out_w * ceil_to(work.out_c, CHANNEL_BLOCK) * work.output_bytes
    return float(image + made)
