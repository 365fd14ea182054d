"""Kernels behind convolutions whose result leaves the graph, plane by plane, on NPU 3720 and 4000.

Channels that fill no sixteens are cut out of their padding in DDR, where the kernel reads them (Sigmoid of 8, 20, 21,
40 and 255 channels of 20 to 128 rows: twice the image more than of 32 and 80 channels, which stay). On NPU 4000 the
kernel takes 2, 3, 5 and 6 channels by rows as they lie, copied within the tiles (1, 4, 8, 12 and those above by
channels). What such a kernel makes of whole sixteens goes through DDR to the conversion to float32, which shares its
rows another way; what it makes of others stays for it (`converted_to_f32`, the same graphs with float32 results)."""

from __future__ import annotations

from collections.abc import Set
from math import ceil

from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Scratchpad
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
    for step in steps:
        before = makers.get(step.reads[0]) if len(step.reads) == 1 else None
        if before is None or step.engine != "dsp" or step.node.op_type not in ELEMENTWISE:
            continue
        work = before.only
        if (
            not isinstance(work, MacWork)
            or work.op != MacOp.CONVOLUTION
            or not isinstance(step.only, VectorWork)
        ):
            continue
        if before.images > 1 or work.out_h == 1 or work.out_w == 1:
            continue
        readers = [steps[k] for k in scratchpad.uses.get(step.writes[0], ())]
        converts = [s for s in readers if s.node.op_type == "Convert" and s.engine == "dsp"]
        if len(converts) < len(readers) or not (converts or step.writes[0] in outputs):
            continue
        if work.out_c % CHANNEL_BLOCK == 0:
            found |= {(step.writes[0], s.writes[0]): CONVERTED for s in converts}
        elif not scratchpad.rows_around or _by_channels(work.out_c, scratchpad.tiles):
            found[before.writes[0], step.writes[0]] = CUT_OUT
            scratchpad.of_folded.add(before.writes[0])  # it crosses for this alone
    return found


def _by_channels(channels: float, tiles: int) -> bool:
    """Whether four tiles share a kernel's channels: one, or where their shares are nearly even."""
    return channels == 1 or channels >= EVENLY * tiles * ceil(channels / tiles)
