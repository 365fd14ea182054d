"""Into how many equal pieces a step is cut, so that two of them fit: the one computing and the one arriving."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from npusim.compiler.place import Placed
from npusim.compiler.split import largest_cut, weight_bytes
from npusim.errors import DoesNotFit
from npusim.work import MacOp, MacWork, VectorWork

GEMMS = ("MatMul", "Gemm", "FusedMatMul", "Einsum")
ROW_KERNELS = frozenset(["softmax", "log_softmax", "mvn", "rmsnorm", "topk", "cumsum"])  # need whole rows
IN_PLACE_KERNELS = frozenset(["softmax", "mvn", "rmsnorm"])
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cut:
    """`pieces` over 'rows' or 'channels'; `fixed_traffic`: bytes of weights fetched when they are read again for
    every block of rows (0: once)."""

    over: str
    pieces: int
    fixed_traffic: float = 0.0


def works_in_place(step: Placed) -> bool:
    """Whether its result may be written over an input of the same size."""
    if len(step.steps) != 1 or len(step.writes) != 1:
        return False
    work = step.steps[0]
    if isinstance(work, VectorWork):
        return work.rows <= 1 or work.kernel in IN_PLACE_KERNELS
    scale = isinstance(work, MacWork) and work.op == MacOp.DEPTHWISE and work.kernel_h == 1
    return scale or (isinstance(work, MacWork) and work.op == MacOp.ELTWISE)


def most_pieces(step: Placed, over: str) -> float:
    """Into how many pieces a step can be cut at most. A kernel that needs whole rows cannot cut a row; one that
    runs on one DSP walks through DDR by itself."""
    limit = float("inf")
    for work in step.steps:
        if isinstance(work, MacWork):
            # A product of two activations is cut over channels too: its right side arrives in pieces as well.
            right_moves = work.op == MacOp.CONVOLUTION and step.fixed_bytes < weight_bytes(work)
            also = largest_cut(work, "channels") if right_moves and over == "rows" else 1
            limit = min(limit, largest_cut(work, over) * also)
        elif isinstance(work, VectorWork) and work.kernel in ROW_KERNELS and not step.one_dsp:
            limit = min(limit, max(1, work.independent))
    return limit


def product_pieces(step: Placed, activation_bytes: float, tiles: int, tile_bytes: float) -> int:
    """Pieces over channels of a matrix product, so that two pieces of its weights fit in every tile beside the
    tile's share of activations (weights are on every tile when rows are split). 1: they fit uncut.

    Intel's schedules: 768 x 768 in 2 pieces on NPU 3720, 768 x 3072 in 6 to 12 (facts on whole networks, 3.2)."""
    work = step.steps[0]
    if step.node.op_type not in GEMMS or not step.fixed_bytes or not isinstance(work, MacWork):
        return 1
    room = tile_bytes - activation_bytes / tiles
    if work.out_h * work.out_w == 1 or work.op != MacOp.CONVOLUTION or room <= 0:
        return 1
    return min(ceil(2 * step.fixed_bytes / room), largest_cut(work, "channels"))


def streamed(step: Placed, arriving: float, leaving: float, inside: float, capacity: float) -> Cut:
    """The cut of a step whose inputs arrive and outputs leave piece by piece.

    `inside`: bytes of inputs that stay where they are."""
    room, fixed = capacity - inside, step.fixed_bytes
    if fixed <= room / 2:
        cut = Cut("rows", ceil(2 * (arriving + leaving) / (room - fixed)))
    elif arriving <= room / 2:
        cut = Cut("channels", ceil(2 * (fixed + leaving) / (room - arriving)))
    else:  # weights and activations are both too large: weights again for every block of rows
        blocks = ceil(3 * arriving / room)
        cut = Cut("rows", blocks * ceil(6 * (fixed + leaving / blocks) / room), fixed * blocks)
    limit = most_pieces(step, cut.over) * (most_pieces(step, "channels") if cut.fixed_traffic else 1)
    return Cut(cut.over, max(1, int(min(max(2, cut.pieces), limit))), cut.fixed_traffic)


def check_fits(step: Placed, reads: float, writes: float, capacity: float) -> None:
    """Raises DoesNotFit when not even the smallest piece fits: one row of the inputs, the weights of 16 channels."""
    rows, channels = most_pieces(step, "rows"), most_pieces(step, "channels")
    if not step.fixed_bytes:
        channels = 1.0
    smallest = reads / rows + step.fixed_bytes / channels + writes / (rows * channels)
    if smallest > capacity:
        raise DoesNotFit(
            f"'{step.node.name}' needs {_size(smallest)} for one piece, the scratchpads hold {_size(capacity)}; "
            "raise scratchpad.capacity_bytes or tiles, or cut the op"
        )


def _size(nbytes: float) -> str:
    return f"{nbytes / MIB:.2f} MiB" if nbytes >= MIB / 10 else f"{nbytes / 1024:.1f} KiB"
