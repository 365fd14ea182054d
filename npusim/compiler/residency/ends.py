"""Kernels behind convolutions whose result leaves the graph, plane by plane, on NPU 3720 and 4000.

Channels that fill no sixteens are cut out of their padding in DDR, where the kernel reads them (Sigmoid of 8, 20, 21,
40 and 255 channels of 20 to 128 rows: twice the image more than of 32 and 80 channels, which stay). On NPU 4000 the
kernel takes 2, 3, 5 and 6 channels by rows as they lie, copied within the tiles (1, 4, 8, 12 and those above by
channels). What such a kernel makes of whole sixteens goes through DDR to the conversion to float32, which shares its
rows another way, as does a convolution's result that others read, too; what a kernel makes of other channels stays for
it (`converted_to_f32`, the same graphs with float32 results). A lone convolution's is converted as it is written, but
for one of 8 bits (MoveNet quantised, and four drawn stems with a 1x1 convolution behind them)."""

from __future__ import annotations

from collections.abc import Set
from math import ceil

from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.compiler.sharing.distribution import CONVOLUTIONS
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork, VectorWork

EVENLY = 0.8  # of what the largest share of the channels would be on all tiles: 6 of 8 are not, 21 of 24 are
CUT_OUT = "input through DDR, where its channels are cut out of their padding for the graph's caller"
CONVERTED = "input through DDR: its kernel shares rows over the tiles another way than the conversion"
ELEMENTWISE = ("Sigmoid", "Tanh", "HardSigmoid", "Exp", "Clip", "Swish", "HardSwish", "Softplus", "Elu")


def ends(
    steps: list[Placed], makers: dict[str, Placed], scratchpad: Scratchpad, outputs: Set[str]
) -> dict[tuple[str, str], str]:
    """(a tensor, what its reader makes) -> why it reaches that one through DDR."""
    found: dict[tuple[str, str], str] = {}
    converts = [s for s in steps if s.node.op_type == "Convert" and s.engine == "dsp"]
    leaving = set(outputs).union(*(s.reads for s in converts if not outputs.isdisjoint(s.writes)))
    for step in steps:
        before = makers.get(step.reads[0]) if len(step.reads) == 1 else None
        if before is None or not _kernel(step) or leaving.isdisjoint(step.writes):
            continue
        channels = _channels(before)
        alone = all(s in converts for s in _readers(step, steps, scratchpad))
        if (
            channels % CHANNEL_BLOCK == 0
            or not alone
            or scratchpad.generation not in scratchpad.memory.shared_as_made
        ):
            continue
        if not scratchpad.rows_around or _by_channels(channels, scratchpad.tiles):
            found[before.writes[0], step.writes[0]] = CUT_OUT
            scratchpad.shared_otherwise.add(before.writes[0])  # it crosses for this alone
    cut_out = {made for _, made in found}
    for convert in converts:
        made = makers.get(convert.reads[0])
        if made is None or outputs.isdisjoint(convert.writes) or convert.reads[0] in cut_out:
            continue
        if _kernel(made):
            source = makers.get(made.reads[0])
        else:  # a lone reader is part of a convolution of floats
            apart = len(_readers(made, steps, scratchpad)) > 1 or _of_8_bits(made)
            source = made if apart else None
        if source is not None and _channels(source):
            found[convert.reads[0], convert.writes[0]] = CONVERTED
    return found


def _kernel(step: Placed) -> bool:
    return step.engine == "dsp" and step.node.op_type in ELEMENTWISE and isinstance(step.only, VectorWork)


def _channels(step: Placed) -> float:
    """Of the plane that a convolution of one image makes; none of another step."""
    work = step.only
    if not isinstance(work, MacWork) or step.node.op_type not in CONVOLUTIONS or step.images > 1:
        return 0.0
    plane = work.op == MacOp.CONVOLUTION and min(work.out_h, work.out_w) > 1
    return work.out_c if plane else 0.0


def _of_8_bits(step: Placed) -> bool:
    work = step.only
    return isinstance(work, MacWork) and work.input_bytes <= 1


def _readers(step: Placed, steps: list[Placed], scratchpad: Scratchpad) -> list[Placed]:
    return [steps[k] for k in scratchpad.uses.get(step.writes[0], ())]


def _by_channels(channels: float, tiles: int) -> bool:
    """Whether four tiles share a kernel's channels: one, or where their shares are nearly even."""
    return channels == 1 or channels >= EVENLY * tiles * ceil(channels / tiles)
