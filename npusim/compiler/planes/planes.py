"""Which steps on planes that do not fit are cut together: convolutions, poolings, additions, activations in a row.

Cut one by one, each of them writes its plane to DDR and the next one reads it back. Cut together, a strip of the plane
passes through all of them, and what they hand on never leaves the scratchpads; where a window looks over the edge of
its strip, the rows there are computed twice. Intel's compiler does so (`VF:FULL_PREFETCHING` in its schedules: a
64-channel residual block at 180 x 180 in 6 strips on NPU 5010, expansion, depthwise and projection of a MobileNet in 2
or 3). Where a run of steps is cut apart follows from counts: compute with what is repeated, bytes with what is spilled;
the cheapest segments are taken. Strips are so many that every member could stand in the scratchpads twice, as there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from npusim.compiler.cutting.strip_price import price
from npusim.compiler.cutting.strips import MOST_TOGETHER, Cut, Machine, Member
from npusim.compiler.fuse.padding import BORDER
from npusim.compiler.layouts.folded_columns import NO_FOLDS, Folds
from npusim.compiler.lowering.lowered import is_elementwise_pass
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.planes.filled_pools import in_sixteens
from npusim.compiler.planes.image_chains import image_chains
from npusim.compiler.planes.image_stems import image_stem
from npusim.compiler.planes.pairs import behind_norm, image_by_image, problem_by_problem, summed
from npusim.compiler.planes.plane_members import member_of, need_of
from npusim.compiler.planes.scheduled import as_counted, in_front, may_belong, same_plane, segments
from npusim.compiler.planes.term_strips import over_terms
from npusim.compiler.sharing.distribution import SLABS
from npusim.compiler.sharing.pieces import (
    IMAGE_CONVOLUTIONS,
    weight_copies,
)
from npusim.compiler.sharing.whole_windows import need_beside_weights
from npusim.graph import Value


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
    if (nbytes > resident and need_of(step, sizes, machine) > resident) or _turned_through_ddr(step, machine):
        return True
    if not machine.turns:
        return False
    turned = step.reads_turned and nbytes + step.fixed_bytes * machine.tiles > resident
    filled = nbytes + _beside(step, machine) > resident >= nbytes
    return turned or (filled and need_of(step, sizes, machine) > 0.75 * resident)


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
        if run and step.node.attribute(BORDER):
            break  # rows of the other edge of its strip: what it reads lies in DDR
        follows = not run or run[-1].write in step.reads or (machine.as_scheduled and _reads_one(step, run))
        if not follows or (run and run[-1].write in outputs):
            break
        member = member_of(step, sizes, values, machine, placed[at + 1 : at + 2])
        if member is None or (machine.as_scheduled and run and not same_plane(run[-1], member)):
            break
        run.append(as_counted(member, machine) if machine.as_scheduled else member)
    return run


def _reads_one(step: Placed, run: Sequence[Member]) -> bool:
    """Whether a step is on a branch beside the last one: it reads what an earlier step of the run makes."""
    return any(m.write in step.reads for m in run)


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
