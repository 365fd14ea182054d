"""Convolutions over channels that are no whole sixteens and lie without padding.

What is joined, or made by a convolution that folds columns, lies one pixel behind the other. A convolution over it that
folds none itself wants whole sixteens: a pass of the MAC array over folded columns fills the channels up first, and
what it writes crosses DDR where it does not fit or the window's rows reach over the tiles' shares
(`pad_[0, 14, 0, 0]_expand_input/as_convolution` in Intel's schedules). An addition of the same tensor to what such a
convolution makes reads it filled up, too, unless its sum is read without padding. Read off graphs made for it (an
image of 3 or 4 planes joined to 32, 54 and 96 channels at 64 x 64 to 512 x 512, by 3 x 3 and 1 x 1; residual blocks of
42 and 50 channels) and the schedules of RFDN, MODNet and BGMv2 on three NPUs; the limits of 33 and 112 channels off few
of them. Of 35 channels, 320 x 320 cross and 96 x 96 stay on NPU 5010. There two of the graphs (35 channels of 320 x
320, 50 of 180 x 320) have pass and convolution cut together; 131 channels are joined with zeros in DDR instead. Both
are not followed."""

from __future__ import annotations

from math import gcd

from npusim.compiler.layouts.filling import filling, fills_up
from npusim.compiler.layouts.folded_columns import dense_sums, folded
from npusim.compiler.layouts.folded_works import convolves, over_columns, uneven
from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.lowering.place import Placed
from npusim.compiler.planes.filled_pools import Filled
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK

LEAST_CHANNELS = 32  # 24 are folded by nearly all that read them
MOST_CHANNELS = 112  # 99 are filled up by a pass, 131 joined with zeros
WHY = "channels that lie without padding are filled up to sixteens for a convolution"


class FilledColumns(str):
    """The name of what a pass over folded columns filled up. A type of its own, as those of poolings and windows."""

    __slots__ = ()


def filled_for_convolutions(
    steps: list[Placed], values: dict[str, Value], outputs: frozenset[str], tile_bytes: float
) -> list[Placed]:
    """The steps, a pass in front of each convolution that needs one."""
    dense: set[str] = set()  # uneven channels without padding
    filled: dict[str, str] = {}
    results = folded(steps, values, tile_bytes, outputs)
    sums = dense_sums(steps, values, results)
    found = list[Placed]()
    for step in steps:
        if len(step.writes) != 1 or not step.reads or step.writes[0] not in values:
            found.append(step)
            continue
        out, name = step.writes[0], step.reads[0]
        if isinstance(out, Filled):  # for a pooling of the same tensor
            if name in filled:
                continue
            filled[name] = out
        if uneven(values[out]) and (
            out in results
            or is_folded(step)
            or out in sums
            or step.node.op_type == "Concat"
            or (step.node.op_type not in ("Conv", "ConvTranspose") and dense.issuperset(step.reads))
        ):
            dense.add(out)
        if name in dense and out not in results and _wants(step, values):
            if name not in filled:
                fill = _fill(name, values)
                found.append(fill)
                filled[name] = fill.writes[0]
            step = step._replace(reads=(filled[name], *step.reads[1:]))
        elif (
            step.node.op_type in ("Add", "Sub")
            and out not in sums
            and not filled.keys().isdisjoint(step.reads)
            and any(n not in dense for n in step.reads)  # beside what is padded
        ):
            step = step._replace(reads=tuple(filled.get(n, n) for n in step.reads))
        found.append(step)
    return found


def _wants(step: Placed, values: dict[str, Value]) -> bool:
    """Whether a convolution wants whole sixteens of an image's uneven channels."""
    work = convolves(step)
    if (
        work is None
        or step.node.op_type != "Conv"
        or step.reads_turned
        or step.images > 1
        or not step.fixed_bytes
    ):
        return False
    shape = values[step.reads[0]].shape
    if len(shape) != 4 or not uneven(values[step.reads[0]]):
        return False
    return LEAST_CHANNELS < shape[1] <= MOST_CHANNELS


def _fill(name: str, values: dict[str, Value]) -> Placed:
    """The pass that fills up an image's channels: a convolution over folded columns."""
    image = values[name]
    _, channels, _, width = image.shape
    together = CHANNEL_BLOCK // gcd(channels, CHANNEL_BLOCK)
    fill = fills_up(image)
    if width % together == 0:
        fill = over_columns(fill, together)
    # a bit of map each, a table and a few bytes that are no zeros a result: 82,688 of 560 x 768, 47,872 of 432 x 512
    weights = fill.in_c * fill.out_c / 8 + 40.0 * fill.out_c
    return filling(name, image, FilledColumns(f"{name}/filled"), values, fill, float(weights), WHY)
