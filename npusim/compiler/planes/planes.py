"""Which steps on planes that do not fit are cut together: convolutions, poolings, additions, activations in a row.

Cut one by one, each of them writes its plane to DDR and the next one reads it back. Cut together, a strip of the plane
passes through all of them, and what they hand on never leaves the scratchpads; where a window looks over the edge of
its strip, the rows there are computed twice. Intel's compiler does so (`VF:FULL_PREFETCHING` in its schedules: a
64-channel residual block at 180 x 180 in 6 strips on NPU 5010, expansion, depthwise and projection of a MobileNet in 2
or 3). Where a run of steps is cut apart follows from counts: compute with what is repeated, bytes with what is spilled;
the cheapest segments are taken. Strips are so many that every member could stand in the scratchpads twice, as there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import ceil

from npusim.compiler.cutting.blocks import fitting_blocks
from npusim.compiler.cutting.fitted import Operands
from npusim.compiler.cutting.strips import MOST_TOGETHER, Cut, Machine, Member, price
from npusim.compiler.layouts.folded_columns import NO_FOLDS, Folds
from npusim.compiler.layouts.folded_works import window_of_folded
from npusim.compiler.layouts.image_columns import is_folded
from npusim.compiler.lowering.lowered import is_elementwise_pass
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.place_tables import SPREADING
from npusim.compiler.planes.filled_pools import Filled, in_sixteens
from npusim.compiler.planes.image_chains import image_chains
from npusim.compiler.planes.image_stems import image_stem
from npusim.compiler.planes.pairs import KERNELS, behind_norm, image_by_image, problem_by_problem, summed
from npusim.compiler.planes.scheduled import as_counted, in_front, may_belong, same_plane, segments
from npusim.compiler.planes.term_strips import over_terms
from npusim.compiler.sharing.distribution import SLABS
from npusim.compiler.sharing.pieces import (
    IMAGE_CONVOLUTIONS,
    POOLINGS,
    scales_channels,
    weight_copies,
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
WINDOW_OPS = frozenset([*IMAGE_CONVOLUTIONS, "MaxPool", "AveragePool"])
ON_PLANES = WINDOW_OPS | {*SPREADING}
WINDOWS = (MacOp.CONVOLUTION, MacOp.DEPTHWISE, MacOp.MAX_POOL, MacOp.AVERAGE_POOL)


def plane_chains(
    placed: Sequence[Placed],
    sizes: Mapping[str, float],
    values: Mapping[str, Value],
    outputs: Set[str],
    machine: Machine,
    lone: Set[int],
    folds: Folds = NO_FOLDS,
) -> dict[int, tuple[int, Cut]]:
    """Where chains begin: index of the first step -> how many steps, and their cut. `lone`: steps for which the laws of
    size hold (npusim.compiler.lowering.lone_images). `folds`: columns folded into channels."""
    by_law = machine._replace(as_scheduled=machine.as_scheduled and not machine.turns)
    of_network = machine._replace(turns=False)
    machines = [by_law if k in lone else of_network for k in range(len(placed))]
    readers = reading_steps(placed)
    found: dict[int, tuple[int, Cut]] = {}
    if machine.images_in_turn:
        found = image_chains(placed, readers, sizes, outputs, machine)
    all_bytes = [sum([sizes[n] for n in s.reads]) + sum([sizes[n] for n in s.writes]) for s in placed]
    all_bytes = [
        need_beside_weights(s, n * in_sixteens(s), m) if m.as_scheduled else n
        for n, s, m in zip(all_bytes, placed, machines, strict=True)
    ]
    through = any(_turned_through_ddr(s, m) for s, m in zip(placed, machines, strict=True))
    sums = machine.least_sum < max(all_bytes, default=0.0)
    if max(all_bytes, default=0.0) <= machine.resident and not (through or machine.turns or sums):
        return found
    large = [_large(s, n, sizes, m) for s, n, m in zip(placed, all_bytes, machines, strict=True)]
    k = 0
    while k < len(placed):
        near = any(large[k : k + 1 + max(1, in_front(machines[k]))])
        run = _run(k, placed, large, sizes, values, outputs, machines[k]) if near else []
        part: list[tuple[int, int, Cut]] = []
        if len(run) > 1 and machines[k].as_scheduled:
            run = [folds.noted(m) for m in run]
            part = segments(k, run, readers, sizes, machines[k])
        elif len(run) > 1:
            part = _segments(k, run, readers, outputs, sizes, machines[k])
        for start, length, cut in part:
            found[k + start] = (length, cut)
        k += max(1, len(run))
    for k in range(len(placed) - 1):
        both = placed[k], placed[k + 1]
        pair = behind_norm(*both, readers, sizes, outputs, machine)
        pair = pair or image_by_image(*both, readers, sizes, machine)
        if machine.turns and machine.one_kernel:  # else a batch's operands cross DDR however small they are
            pair = pair or problem_by_problem(*both, readers, sizes, outputs, machine)
        if pair is not None and _free(found, k, 2):
            found[k] = (2, pair)
    for k in range(len(placed) - 2 if sums else 0):
        three = placed[k], placed[k + 1], placed[k + 2]
        strips = summed(*three, readers, sizes, outputs, machine, placed[max(0, k - 2) : k])
        if strips is None and machine.image_stems:
            strips = image_stem(*three, readers, outputs, machine)
        if strips is not None and _free(found, k, 3):
            found[k] = (3, strips)
    return found


def _free(found: Mapping[int, tuple[int, Cut]], k: int, length: int) -> bool:
    """Whether so many steps from `k` on are in no group yet."""
    return not any(a < k + length and k < a + n for a, (n, _) in found.items())


def _large(step: Placed, nbytes: float, sizes: Mapping[str, float], machine: Machine) -> bool:
    """Whether a step of so many bytes is cut."""
    resident = machine.resident
    if (nbytes > resident and _need(step, sizes, machine) > resident) or _turned_through_ddr(step, machine):
        return True
    if not machine.turns:
        return False
    turned = step.reads_turned and nbytes + step.fixed_bytes * machine.tiles > resident
    filled = nbytes + _beside(step, machine) > resident >= nbytes
    return turned or (filled and _need(step, sizes, machine) > 0.75 * resident)


def _beside(step: Placed, machine: Machine) -> float:
    """Bytes of weights that must stand beside a convolution's plane, or it is cut though its plane fits."""
    if step.node.op_type not in IMAGE_CONVOLUTIONS:
        return 0.0
    return min(step.fixed_bytes * weight_copies(step, machine.tiles), machine.resident / 4)


def _turned_through_ddr(step: Placed, machine: Machine) -> bool:
    """Whether an image that a pass turns crosses DDR behind it however small it is."""
    return machine.turns and step.node.op_type == "MemPermute" and step.sharing == SLABS


def _run(
    k: int,
    placed: Sequence[Placed],
    large: Sequence[bool],
    sizes: Mapping[str, float],
    values: Mapping[str, Value],
    outputs: Set[str],
    machine: Machine,
) -> list[Member]:
    """Steps from `k` on that hand a plane on to the next, which cannot stay: one of the two must be cut."""
    run: list[Member] = []
    for at in range(k, min(k + 4 * MOST_TOGETHER, len(placed))):
        step = placed[at]
        goes_on = large[at - 1] or large[at] or (is_elementwise_pass(step.steps) and large[at - 2])
        if run and not (may_belong(at, k, large, machine) if machine.as_scheduled else goes_on):
            break
        follows = not run or run[-1].write in step.reads or (machine.as_scheduled and _reads_one(step, run))
        if not follows or (run and run[-1].write in outputs):
            break
        member = _member(step, sizes, values, machine)
        if member is None or (machine.as_scheduled and run and not same_plane(run[-1], member)):
            break
        run.append(as_counted(member, machine) if machine.as_scheduled else member)
    return run


def _reads_one(step: Placed, run: Sequence[Member]) -> bool:
    """Whether a step is on a branch beside the last one: it reads what an earlier step of the run makes."""
    return any(m.write in step.reads for m in run)


def _need(step: Placed, sizes: Mapping[str, float], machine: Machine) -> float:
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


def _member(
    step: Placed,
    sizes: Mapping[str, float],
    values: Mapping[str, Value],
    machine: Machine,
) -> Member | None:
    """A step on the plane of one image; None for anything else."""
    pools = machine.turns and step.reads_turned and len(step.steps) > 1 and all(map(_pools, step.steps))
    if (
        (len(step.steps) != 1 and not pools)
        or len(step.writes) != 1
        or step.reshaped & set(step.reads)
        or step.padded
        or step.one_dsp
    ):
        return None
    spreads = step.reads_turned and machine.turns and step.node.op_type in SPREADING
    if spreads or step.node.repeats != 1 or step.times or not step.reads:
        return None
    if isinstance(step.reads[0], Filled) or step.writes[0] in machine.by_themselves:  # there, too
        return None
    image = _is_image(step, values) and not (machine.turns and _alone(step))
    alone = is_folded(step) if machine.image_alone else _need(step, sizes, machine) <= machine.room
    if image and not alone and not machine.image_alone:
        alone = runs_whole(step, machine)
    if image and not machine.turns and alone:  # a padded one goes along: vgg11_232
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
        step.reads, step.writes[0], height, width, window, strides, compute, _need(step, sizes, machine),
        step.fixed_bytes,
        isinstance(work, VectorWork), turn or pools or step.node.op_type in ON_PLANES or scales_channels(step), image,
        turn, 0 if isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION else shape[1],
        ceil(shape[1] / CHANNEL_BLOCK), _cost_alone(step, sizes, machine), uneven,
    )  # fmt: skip


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


def _segments(
    k: int,
    run: list[Member],
    readers: Mapping[str, list[int]],
    outputs: Set[str],
    sizes: Mapping[str, float],
    machine: Machine,
) -> list[tuple[int, int, Cut]]:
    """The cheapest way to part a run: (first member, how many, their cut) of those of several steps."""
    best: list[tuple[float, int, Cut | None]] = [(0.0, 0, None)]
    for end in range(1, len(run) + 1):
        options = []
        for start in range(end - 1, max(-1, end - 1 - MOST_TOGETHER), -1):
            inner = {m.write for m in run[start : end - 1]}
            if any(not k + start < r < k + end for name in inner for r in readers[name]):
                continue
            if inner and not any(m.on_plane for m in run[start:end]):
                continue
            cost, cut = price(run[start:end], inner, sizes, machine)
            cost, cut = min((cost, cut), over_terms(run[start:end], sizes, machine), key=lambda one: one[0])
            options.append((best[start][0] + cost, start, cut))
        best.append(min(options, key=lambda option: option[0]))
    found, end = [], len(run)
    while end:
        _, start, cut = best[end]
        if cut is not None:
            found.append((start, end - start, cut))
        end = start
    return found[::-1]
