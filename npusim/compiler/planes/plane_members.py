"""A step on the plane of one image, as the choice of what is cut together sees it: window, strides, counts, bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from npusim.compiler.cutting.blocks import fitting_blocks
from npusim.compiler.cutting.fitted import Operands
from npusim.compiler.cutting.strips import Machine, Member
from npusim.compiler.layouts.folded_works import window_of_folded
from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.place_tables import SPREADING
from npusim.compiler.planes.filled_convolutions import FilledColumns
from npusim.compiler.planes.filled_pools import Filled, in_sixteens
from npusim.compiler.planes.pairs import KERNELS
from npusim.compiler.sharing.pieces import (
    IMAGE_CONVOLUTIONS,
    POOLINGS,
    scales_channels,
    works_in_place,
)
from npusim.compiler.sharing.whole_windows import need_beside_weights, runs_whole
from npusim.compiler.weights.prefetch import compute_bytes
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork, VectorWork, Work

# Of a window, that take as long as turning an image: 2.7 to 6.6 by the times of both on the three NPUs.
TURN_TAPS = 3
# Of an image whose columns are folded into channels, or which is padded.
IMAGE_CHANNELS, PADDED_CHANNELS = 4, 16
# Of what stays, that a convolution of rows of channels takes which begins a group: 0.93 does not on NPU 3720, 0.99
# does; on 5010 0.83 does not, 0.89 does (few schedules).
HARDLY_FITS, HARDLY_FITS_TOGETHER = 0.96, 0.86
# Kernels that take the result of a folded image with its columns in channels, and so go with its convolution on NPU
# 3720 and 4000 (5 of 5 stems, ESPCN); Swish, PRelu, Sigmoid, HardSwish, Elu, Softplus, HardSigmoid, Exp, Abs and Mish
# do not (0 of 14).
SEES_FOLDED = ("Tanh",)
WINDOW_OPS = frozenset([*IMAGE_CONVOLUTIONS, "MaxPool", "AveragePool"])
ON_PLANES = WINDOW_OPS | {*SPREADING}
WINDOWS = (MacOp.CONVOLUTION, MacOp.DEPTHWISE, MacOp.MAX_POOL, MacOp.AVERAGE_POOL)


def member_of(
    step: Placed,
    sizes: Mapping[str, float],
    values: Mapping[str, Value],
    machine: Machine,
    behind: Sequence[Placed] = (),
) -> Member | None:
    """A step on the plane of one image; None for anything else. `behind`: the step next to it."""
    pools = machine.turns and step.reads_turned and len(step.steps) > 1 and all(map(_pools, step.steps))
    if (
        (len(step.steps) != 1 and not pools)
        or len(step.writes) != 1
        or _seen_otherwise(step, sizes, machine)
        or step.padded
        or step.one_dsp
    ):
        return None
    spreads = step.reads_turned and machine.turns and step.node.op_type in SPREADING
    if spreads or step.node.repeats != 1 or step.times or not step.reads:
        return None
    # A pass that fills channels up is cut with no other, nor is a pooling behind one, as in Intel's schedules.
    fills = isinstance(step.reads[0], Filled) or isinstance(step.writes[0], FilledColumns)
    if fills or step.writes[0] in machine.by_themselves:
        return None
    image = _is_image(step, values) and not (machine.turns and _alone(step))
    # a padded one goes along: vgg11_232
    if image and not machine.turns and _stands_alone(step, sizes, machine, behind):
        return None
    shape, work = values[step.writes[0]].shape, step.steps[0]
    if len(shape) not in (3, 4) or shape[0] != 1:
        return None
    if shape[1] == 1 and machine.image_alone and isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION:
        return None  # written channels first: 10 of 10 in Intel's schedules of NPU 3720 and 4000
    height, width = (shape[2], shape[3]) if len(shape) == 4 else (shape[2], 1)
    window, strides, turn = (1, 1), (1.0, 1.0), False
    if isinstance(work, MacWork) and step.node.op_type == "MemPermute":
        turn = machine.turns and work.op == MacOp.PERMUTE_IMAGE
        if not turn:
            return None
    elif pools and isinstance(work, MacWork):  # what a strip is pooled to waits inside for the next pooling
        # of a whole plane; where one axis is pooled, the other is cut
        if height * width == 1 or work.in_w > 1:
            height, width = ceil(work.out_h), ceil(work.out_w)
            strides = (work.in_h / height, work.in_w / width)
    elif isinstance(work, MacWork):
        if work.op in WINDOWS and step.node.op_type in WINDOW_OPS and work.groups == 1:
            window = int(work.kernel_h), int(work.kernel_w)
            strides = float(work.stride_h), float(work.stride_w)
            if own := window_of_folded(step, work, values[step.reads[0]].shape, width):
                window, strides = own
            elif window != (1, 1) and not step.reads_turned and (work.out_h, work.out_w) != (height, width):
                return None
        elif work.op == MacOp.CONVOLUTION and step.node.op_type in SPREADING and work.groups == 1:
            source = values[step.reads[0]].shape
            if len(source) != 4 or (work.out_h, work.out_w) != (height, width):
                return None
            window = ceil(work.kernel_h * source[2] / height), ceil(work.kernel_w * source[3] / width)
            strides = source[2] / height, source[3] / width
        elif work.op != MacOp.ELTWISE and (work.op != MacOp.DEPTHWISE or work.kernel_h * work.kernel_w > 1):
            return None
    elif not isinstance(work, VectorWork) or work.kernel not in KERNELS or work.rows > 1:
        return None
    uneven = isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION and not step.reads_turned
    uneven = uneven and (values[step.reads[0]].shape[1] % CHANNEL_BLOCK > 0 or shape[1] % CHANNEL_BLOCK > 0)
    compute = compute_bytes(step, machine.tiles, machine.dsps) * (TURN_TAPS if turn else 1)
    return Member(
        step.reads, step.writes[0], height, width, window, strides, compute, need_of(step, sizes, machine),
        step.fixed_bytes,
        isinstance(work, VectorWork), turn or pools or step.node.op_type in ON_PLANES or scales_channels(step), image,
        turn, 0 if isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION else shape[1],
        ceil(shape[1] / CHANNEL_BLOCK), _cost_alone(step, sizes, machine), uneven, image and is_folded(step),
    )  # fmt: skip


def _stands_alone(
    step: Placed, sizes: Mapping[str, float], machine: Machine, behind: Sequence[Placed]
) -> bool:
    """Whether the convolution of an image goes with no step behind it."""
    if machine.image_alone:
        seen = any(s.node.op_type in SEES_FOLDED and s.reads == step.writes for s in behind)
        return is_folded(step) and not seen
    return need_of(step, sizes, machine) <= machine.room or runs_whole(step, machine)


def need_of(step: Placed, sizes: Mapping[str, float], machine: Machine) -> float:
    need = sum([sizes[n] for n in step.reads]) + sum([sizes[n] for n in step.writes])
    if (
        works_in_place(step)
        and not (machine.as_scheduled and step.engine == "dsp")
        and not scales_channels(step)
        and step.writes
        and any(sizes[n] == sizes[step.writes[0]] for n in step.reads)
    ):
        need -= sizes[step.writes[0]]
    return need_beside_weights(step, need * in_sixteens(step), machine) if machine.as_scheduled else need


def _seen_otherwise(step: Placed, sizes: Mapping[str, float], machine: Machine) -> bool:
    """Whether a step sees what it reads in another shape. A large convolution of rows of channels does not count: they
    lie as the image's channels do (LayerNorm, 1x1 and depthwise of Restormer, 32 to 64 channels at 64 to 128 pixels:
    both together in 3 to 8 strips in 12 of 12 that do not fit or hardly, each by itself in 12 of 12 where it fits)."""
    if step.reshaped.isdisjoint(step.reads):
        return False
    share = HARDLY_FITS if machine.image_alone else HARDLY_FITS_TOGETHER
    return (
        step.node.op_type not in IMAGE_CONVOLUTIONS
        or need_of(step, sizes, machine) <= share * machine.resident
    )


def _pools(work: Work) -> bool:
    return isinstance(work, MacWork) and work.op in POOLINGS


def _cost_alone(step: Placed, sizes: Mapping[str, float], machine: Machine) -> float:
    """What the blocks of a convolution behind a turned image cost whose terms must be cut; 0 for any other step."""
    work = step.only
    if (
        not machine.turns
        or not step.reads_turned
        or not isinstance(work, MacWork)
        or work.op != MacOp.CONVOLUTION
    ):
        return 0.0
    reads, writes = (sum([sizes[n] for n in names]) for names in (step.reads, step.writes))
    if reads + writes <= machine.room:
        return 0.0
    room = machine.room / machine.tiles
    found = fitting_blocks(work, Operands(reads, step.fixed_bytes, writes), machine.tiles, room)
    return 0.0 if found is None or found.blocks.terms == 1 else found.cost


def _alone(step: Placed) -> bool:
    """Whether a step needs no channel but its own."""
    return isinstance(step.only, MacWork) and step.only.op != MacOp.CONVOLUTION


def _is_image(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a convolution reads an image of so few channels that its columns are folded into them."""
    shape, most = values[step.reads[0]].shape, PADDED_CHANNELS if step.reads_turned else IMAGE_CHANNELS
    return step.node.op_type in WINDOW_OPS and len(shape) == 4 and shape[1] <= most
