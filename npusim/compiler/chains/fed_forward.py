"""Two products of many rows and what activates them between, cut together in strips of rows: what the first makes never
leaves the scratchpads (`slice_N` of MatMul, Gelu and MatMul in Intel's schedules of the feed-forwards of ConvNeXt, Swin
and small transformers).

On NPU 3720 and 4000 they are where the kernel does not fit beside its input: 4,096 x 64 by 256 on 3720, not 2,304 x 96
by 384; 4,096 x 96 by 384 on 4000, not 5,184 x 64 by 256; in as few strips as leave four of what is between inside (3 of
2.1 to 2.7 MB, 4 of 3.1 on 3720; 3 of 3.1 and 3.3, 4 of 4.2 and 4.7 on 4000). On NPU 5010, whose lookup unit activates,
two products are where what they read, hand on and make does not fit beside their weights, in as few strips as leave two
of the larger (4 of 4.2 and 4.7 MB; 3.1 MB, which fit one by one, move as many bytes). Both weights stand on every tile:
1,024 x 256 by 1,024 (1.1 MB of 2.0 on 3720) is cut so, 1,370 x 384 by 1,536 not; 640 x 256 by 1,024 is not on 5010,
800 rows of it are. Pixels of an image, shared over rows of it in front, cross DDR on their way (8 of 8). Of 21
feed-forwards of more rows made for it that do not fit all are cut so, those of 18 counted in as many strips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from itertools import pairwise

from npusim.compiler.cutting.strips import Cut, Machine
from npusim.compiler.lowering.lowered import multiplies_weights
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.work import MacWork, VectorWork

LEAST_ROWS = 768
MOST_STRIPS = 32
IMAGE_AXES = 4
WEIGHTS = 0.75  # of a tile: the weights of both products


def fed_forward(
    placed: Sequence[Placed],
    values: Mapping[str, Value],
    sizes: Mapping[str, float],
    outputs: Set[str],
    machine: Machine,
) -> dict[int, tuple[int, Cut]]:
    """Where such products begin: index of the first -> how many steps, and their cut."""
    readers = reading_steps(placed)
    candidates: dict[int, tuple[int, Cut]] = {}
    for k, first in enumerate(placed):
        if not _product(first):
            continue
        steps = placed[k : k + (3 if _activates(placed, k + 1) else 2)]
        alone = all(
            behind.reads == step.writes
            and len(readers[step.writes[0]]) == 1
            and step.writes[0] not in outputs
            for step, behind in pairwise(steps)
        )
        if len(steps) < 2 or not alone or not _product(steps[-1]):
            continue
        if strips := _strips(steps, sizes, machine):
            rows, again = first.reads[0], (1.0,) * len(steps)
            pixels = rows in values and len(values[rows].shape) == IMAGE_AXES
            candidates[k] = len(steps), Cut(strips, 1, again, ((rows, 1.0),), through=pixels)
    found: dict[int, tuple[int, Cut]] = {}
    taken: set[int] = set()
    # of groups that share a product, the one that hands on the most
    for k in sorted(candidates, key=lambda k: (-sizes[placed[k].writes[0]], k)):
        steps_cut = range(k, k + candidates[k][0])
        if taken.isdisjoint(steps_cut):
            found[k] = candidates[k]
            taken.update(steps_cut)
    return found


def _product(step: Placed) -> bool:
    """Whether a step multiplies many rows by weights."""
    work = step.only
    if not multiplies_weights(step.node.op_type, step.steps, step.fixed_bytes) or len(step.reads) != 1:
        return False
    assert isinstance(work, MacWork)
    plain = work.kernel_h * work.kernel_w == 1 and not step.padded
    return plain and work.out_h * work.out_w >= LEAST_ROWS


def _activates(placed: Sequence[Placed], k: int) -> bool:
    """Whether a step is a kernel that works element by element."""
    if k >= len(placed) or placed[k].one_dsp:
        return False
    kernel = placed[k].only
    return isinstance(kernel, VectorWork) and kernel.rows <= 1 and len(placed[k].reads) == 1


def _strips(steps: Sequence[Placed], sizes: Mapping[str, float], machine: Machine) -> int:
    """In how many strips they are cut; 0 where they fit one by one, or their weights are too large."""
    first, last = steps[0], steps[-1]
    weights = first.fixed_bytes + last.fixed_bytes
    if weights > WEIGHTS * machine.tile_bytes:
        return 0
    between, ends = sizes[first.writes[0]], (sizes[first.reads[0]], sizes[last.writes[0]])
    if len(steps) == 3:
        whole, piece, beside = 2 * between, 4 * between, 0.0
    else:
        beside = weights * machine.tiles
        whole, piece = between + sum(ends) + beside, 2 * (between + max(ends))
    if whole <= machine.resident:
        return 0
    return next((s for s in range(2, MOST_STRIPS) if piece / s + beside <= machine.resident), 0)
