"""Convolutions whose columns Intel's compiler 8.4 folds into channels, because these fill no sixteens.

24 channels are padded to 32 where image and result fit into one tile. Where they do not, two columns are one of 48
channels and make one of twice the results, half as wide (1x48x70x17 by 288x48x1x1 in its schedules of 24 to 144
channels on 140 x 140), whether it is the image's channels or the result's that fill none (96 to 24 on 128 x 128 as 192
to 48). How many columns, and where none, for windows too: npusim.compiler.layouts.folded_works. Nor is what the graph
hands out folded. What one convolution hands to another is padded by both or by none: one that reads uneven channels of
a convolution that fits or may not be folded (24 to 144 on 80 x 80 behind 96 to 24 on NPU 3720) reads them padded, and
one that makes them for a convolution alone that may not is not folded; windows of single channels, additions and
kernels between two do not matter. Of 145 such convolutions of one tap about or above a tile's size, of 22 networks and
20 made for it on three NPUs, all come out so.

A window over each channel of the result, or in front of it, reads columns that are no whole groups, so no strip of
columns passes from one to the other: they are cut apart, and what is between them crosses DDR (1.4 times a MobileNet's
channels at 224 pixels on NPU 3720 and 5010, MobileNet-v2 at 512 on 3720 and 4000). NPU 5010 cuts both along rows where
their result is larger than all tiles (MobileNet-v2 at 512; but not 56 to 336 on 96 x 96). Windows that are both folded
go together (52 to 52 twice on 180 x 320 in 11 strips on NPU 3720), so does one behind a folded image (24 channels of
512 x 512, six layers in six strips on 5010).

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
from math import gcd
from typing import NamedTuple

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.cutting.strips import Member
from npusim.compiler.layouts.folded_works import (
    AS_THEY_ARE,
    columns_of,
    convolves,
    padded_bytes,
    uneven,
    worked,
)
from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.widened import Widened
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork, VectorWork

ON_CHANNELS = (MacOp.CONVOLUTION, MacOp.DEPTHWISE, MacOp.MAX_POOL, MacOp.AVERAGE_POOL)

PADDED_INSIDE = 64  # channels, by a convolution
ZEROS_COST = 0.5  # of the time of as many weights without zeros, in pieces of its schedules
FEW_WEIGHTS = 32  # times the bytes of its weights: squares of the smaller side, of more channels


class Columns(NamedTuple):
    """How many columns of an image a convolution folds; `padded`: their channels filled up."""

    together: int
    padded: bool = False


class Folds(NamedTuple):
    """Results of convolutions whose columns are folded; what crosses DDR for it, what a pass pads, and what a pass of
    its own fills up for depthwise windows (npusim.compiler.layouts.filled_windows): (tensor, what its reader makes);
    `dense`: images of uneven channels that lie without padding."""

    results: Mapping[str, Columns] = {}
    crossing: frozenset[tuple[str, str]] = frozenset()
    padded: frozenset[tuple[str, str]] = frozenset()
    filled: frozenset[tuple[str, str]] = frozenset()
    dense: frozenset[str] = frozenset()

    def noted(self, m: Member) -> Member:
        """A member of a chain, with what is known of it."""
        refilled = any([(n, m.write) in self.crossing or (n, m.write) in self.padded for n in m.reads])
        fills = isinstance(m.write, Widened)
        folds = m.write in self.results or fills
        compute = m.compute * ZEROS_COST if folds else m.compute
        return m._replace(folds=m.folds or folds, fills=fills, refilled=refilled, compute=compute)

    def worked(self, placed: Sequence[Placed]) -> list[Placed]:
        """The steps, those that are folded with the work that they are."""
        return [
            worked(s, *self.results[s.writes[0]]) if len(s.writes) == 1 and s.writes[0] in self.results else s
            for s in placed
        ]


NO_FOLDS = Folds()


def folds_of(
    placed: Sequence[Placed],
    values: Mapping[str, Value],
    tile_bytes: float,
    outputs: Set[str],
    kernels: bool = False,
    scored: Set[str] = frozenset(),
) -> Folds:
    """Which columns are folded, and what that brings about. `outputs`: of the graph; `scored`: results of steps that
    are cut together around a softmax, whose columns stay (the last convolution of 320 scores a pixel on 64 x 64, NPU
    5010); `kernels`: a DSP kernel in front of a folded convolution takes channels without padding, too (NPU 3720:
    HardSwish behind windows of 12 channels of 160 x 160 in a PicoDet, of 72 of 96 x 96, reads them from DDR; on 4000
    it does not)."""
    results = folded(placed, values, tile_bytes, outputs | scored)
    sums = dense_sums(placed, values, results)
    if not results and not sums:
        return NO_FOLDS
    dense, crossing, padded, filled = _refilled(placed, values, results, sums, kernels)
    return Folds(results, frozenset(crossing), frozenset(padded), frozenset(filled), frozenset(dense))


def _refilled(
    placed: Sequence[Placed],
    values: Mapping[str, Value],
    results: Mapping[str, Columns],
    sums: Set[str],
    kernels: bool,
) -> tuple[Set[str], list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, str]]]:
    """What lies without its padding; of that and of what is read so, the other way: what crosses DDR for it, what a
    pass pads, and what a pass fills up for a depthwise window of few channels."""
    dense: set[str] = set()  # without padding
    padded: set[str] = set()
    images: set[str] = set()  # results of folded images, without padding for who reads them so
    behind: set[str] = set()  # results of kernels that take the padding of what they read
    found: list[tuple[str, str]] = []
    inside: list[tuple[str, str]] = []
    filled: list[tuple[str, str]] = []
    folded_reads = {n for s in placed if any(n in results for n in s.writes) for n in s.reads}
    for step in placed:
        if len(step.writes) != 1 or not step.reads:
            continue
        name, out = step.reads[0], step.writes[0]
        work = step.only if step.engine == "mac_array" else None
        if out in results:
            dense.add(out)
            if name in padded - images and not results[out].padded:
                found.append((name, out))
        elif isinstance(work, MacWork) and work.op in ON_CHANNELS:
            padded.add(out)
            if is_folded(step):
                images.add(out)
            if name in dense and values[name].shape[1] > PADDED_INSIDE:
                (inside if _large_beside_weights(values[name]) else found).append((name, out))
            elif name in dense and work.op == MacOp.DEPTHWISE and work.kernel_h * work.kernel_w > 1:
                filled.append((name, out))
        elif kernels and step.engine == "dsp" and name in padded and out in folded_reads:
            dense.add(out)
            found.append((name, out))
        elif out in sums and behind.issuperset(step.reads):
            dense.add(out)
            found += [(n, out) for n in step.reads]
        elif (out in sums and results) or not dense.isdisjoint(step.reads):
            dense.add(out)
            found += [(n, out) for n in step.reads if n in padded]
        elif isinstance(step.only, VectorWork) and step.only.rows == 1 and len(step.reads) == 1:
            behind.update([out] if name in padded | behind else [])
        elif step.engine == "mac_array" and not padded.isdisjoint(step.reads):
            padded.add(out)
        for known in (dense, padded, behind):
            if not uneven(values[out]):
                known.discard(out)
    return dense, found, inside, filled


def dense_sums(
    placed: Sequence[Placed], values: Mapping[str, Value], results: Mapping[str, Columns]
) -> set[str]:
    """Sums of uneven channels that a convolution reads whose columns are folded, or that are joined: no padding is
    carried through them, so what they add is cut out of its padding (50 channels of 180 x 320 in an RFDN on three
    NPUs: of the sums of a block those that a 1 x 1 distils from, not the last, which 3 x 3 alone reads). What kernels
    hand to a sum that is joined is cut out of it whether any columns are folded or not (24 channels of YOLOX-tiny and
    RTMDet-tiny behind Swish on NPU 3720; five CSP blocks drawn behind ReLU are added with their padding)."""
    readers = reading_steps(placed)
    return {
        s.writes[0]
        for s in placed
        if s.engine == "mac_array" and s.node.op_type in ("Add", "Sub") and len(s.writes) == 1
        and uneven(values[s.writes[0]])
        and any([_as_it_lies(placed[k], results) for k in readers.get(s.writes[0], ())])
    }  # fmt: skip


def _as_it_lies(step: Placed, results: Mapping[str, Columns]) -> bool:
    """Whether a step takes an image without padding."""
    folds = len(step.writes) == 1 and step.writes[0] in results and not results[step.writes[0]].padded
    return folds or step.node.op_type == "Concat"


def _large_beside_weights(image: Value) -> bool:
    """Whether an image, as a square of its smaller side, is large beside the weights of the pass that pads its
    channels, folding columns."""
    channels, side = image.shape[1], min(image.shape[2:])
    together = CHANNEL_BLOCK // gcd(channels, CHANNEL_BLOCK)
    weights = together**2 * channels * ceil_to(channels, CHANNEL_BLOCK) * image.dtype.npu_bytes
    return bool(channels * side**2 * image.dtype.npu_bytes >= FEW_WEIGHTS * weights)


def folded(
    placed: Sequence[Placed], values: Mapping[str, Value], tile_bytes: float, outputs: Set[str]
) -> dict[str, Columns]:
    """Results of convolutions whose columns are folded, and how many are."""
    # Of convolutions that do not fit: columns, as far as they themselves are concerned.
    may: dict[str, int] = {}
    for step in placed:
        work = convolves(step)
        if work is None or len(step.writes) != 1 or not step.reads:
            continue
        if padded_bytes(work) / step.images < tile_bytes:
            continue
        own = columns_of(step, work, values[step.reads[0]].shape)
        may[step.writes[0]] = own if outputs.isdisjoint(step.writes) else 0
    if not any(may.values()):
        return {}
    makers = {n: s for s in placed for n in s.writes}
    readers = reading_steps(placed)
    found = {}
    for name, columns in may.items():
        step = makers[name]
        work = convolves(step)
        assert work is not None
        padded = _handed_padded(step, makers, may, values)
        if padded:
            columns = columns and columns_of(step, work, values[step.reads[0]].shape, padded)
        if columns and not _read_padded([placed[k] for k in readers.get(name, ())], name, may, values):
            found[name] = Columns(columns, padded)
    return found


def _handed_padded(
    step: Placed, makers: Mapping[str, Placed], may: Mapping[str, int], values: Mapping[str, Value]
) -> bool:
    """Whether a convolution gets uneven channels from one that may not be folded, with their padding."""
    maker = makers.get(step.reads[0])
    if maker is None or convolves(maker) is None or not uneven(values[step.reads[0]]):
        return False
    large = maker.reads_turned and step.reads[0] in may
    return not large and not is_folded(maker) and not may.get(step.reads[0], 0)


def _read_padded(
    reads: Sequence[Placed], name: str, may: Mapping[str, int], values: Mapping[str, Value]
) -> bool:
    """Whether a convolution alone reads uneven channels that may not be folded."""
    if len(reads) != 1 or convolves(reads[0]) is None or not uneven(values[name]):
        return False
    return values[name].shape[1] != AS_THEY_ARE and not any(may.get(n, 0) for n in reads[0].writes)
