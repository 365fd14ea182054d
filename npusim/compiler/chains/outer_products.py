"""Products of activations that are larger than both of their operands, and the kernel that reads them alone.

In front of an unrolled scan, decays are steps [C, L, 1] times rates [C, 1, N], updates steps times [1, L, N] times
inputs [C, L, 1] (Mamba, Vim, Caduceus). In Intel's schedules of NPU 3720, 4000 and 5010 the tiles share both kernels
alike, over L, whatever else they read, from 8 tokens on (5 on NPU 5010; of fewer, 4 to 7 and 4, they share the
product over C, the exponential over L, and both cross DDR): a decay is made whole, and stays for its exponential,
where a tile has room for its share three times (as if operands had the result's size: 0.39 MB on 4000 and 0.26 on
5010 are, 0.79 on 3720 and 0.52 on 5010 are cut and cross DDR); the two products of an update are cut together (`VF`
of Multiply and Multiply) where they do not fit, in so many pieces that four stand inside, and what the first makes
never leaves the scratchpads: all nine graphs drawn for it on three NPUs, and the slow path of Mamba-130M to 790M at
32 to 128 tokens.

A batch of outer products that is one of the MAC array (a token of several sequences) stays for its kernel where the
tiles share the problems evenly, or have two and more each: 4 and 8 on four tiles, 8 on three, not 4 on three."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from itertools import pairwise
from math import ceil

from npusim.compiler.cutting.split import Blocks
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import ROWS
from npusim.graph import Value
from npusim.work import MacWork, VectorWork

AS_IF_EQUAL = 3  # tensors of the result's size that a product is counted with: both operands and itself
PIECES_INSIDE = 4  # of what two products make


def next_to_reader(
    steps: list[Placed], values: Mapping[str, Value], outputs: Set[str], tokens: int
) -> list[Placed]:
    """The steps, outer products of so many tokens and more right in front of the product that alone reads them."""
    alone = _read_alone(steps, values, outputs, tokens, _one_kernel)
    moved = {k: reader for k, reader in alone.items() if _multiplies(steps[reader]) and reader > k + 1}
    if not moved:
        return steps
    before: dict[int, list[int]] = {}
    for k, reader in moved.items():
        before.setdefault(reader, []).append(k)
    order: list[Placed] = []
    for k, step in enumerate(steps):
        if k not in moved:
            order += [steps[i] for i in before.get(k, ())]
            order.append(step)
    return order


def made_whole(
    steps: Sequence[Placed],
    values: Mapping[str, Value],
    sizes: Mapping[str, float],
    outputs: Set[str],
    wholes: Collection[str],
    room: float,
    tiles: int,
    tokens: int,
) -> frozenset[str]:
    """Results that stay for the kernel that alone reads them. `room`: bytes of all scratchpads; `wholes`: tensors that
    others are parts of; `tokens`: from how many on the tiles share both over these."""
    made = [steps[k].writes[0] for k in _read_alone(steps, values, outputs, tokens, _one_kernel)]
    found = {n for n in made if AS_IF_EQUAL * sizes[n] <= room}
    by_array = _read_alone(steps, values, outputs, 0, _by_problem)
    found |= {steps[k].writes[0] for k in by_array if _problems_alike(steps[k], tiles)}
    return frozenset(found - set(wholes))


def cut_together(
    steps: Sequence[Placed],
    values: Mapping[str, Value],
    sizes: Mapping[str, float],
    outputs: Set[str],
    room: float,
    tokens: int,
) -> dict[int, int]:
    """Where two products of so many tokens that do not fit are cut together: index of the first -> pieces."""
    alone = _read_alone(steps, values, outputs, tokens, _one_kernel)
    found: dict[int, int] = {}
    for k, (step, behind) in enumerate(pairwise(steps)):
        if alone.get(k) == k + 1 and _multiplies(behind) and k - 1 not in found:
            both = sum(sizes[n] for n in {*step.reads, *step.writes, *behind.reads, *behind.writes})
            if both > room:
                found[k] = ceil(PIECES_INSIDE * sizes[step.writes[0]] / room)
    return found


def in_pieces(k: int, first: Placed, second: Placed, pieces: int, scratchpad: Scratchpad) -> list[Residence]:
    """The residences of the two: their operands stay or arrive, what the second makes leaves piece by piece."""
    sizes, found = scratchpad.sizes, []
    moving = PIECES_INSIDE * sizes[first.writes[0]] / pieces
    operands = [n for n in dict.fromkeys((*first.reads, *second.reads)) if n not in first.writes]
    for step in (first, second):
        r = Residence()
        scratchpad.cross_tiles(step, ROWS, r)
        if step is first:
            scratchpad.make_room(k, step, r, sum(sizes[n] for n in operands) + moving)
        names = [n for n in step.reads if n in operands and scratchpad.holder(n) is None]
        r.loads = [(n, sizes[n], pieces) for n in names]
        r.pieces, r.blocks = pieces, Blocks(rows=pieces)
        r.held_bytes = min(scratchpad.used_bytes + moving, scratchpad.resident_bytes)
        r.reason = f"two products cut together in {pieces} pieces: what the first makes stays inside"
        found.append(r)
    found[0].destination, found[1].destination = "next", "ddr"
    found[1].follows = frozenset(first.writes)
    return found


def _read_alone(
    steps: Sequence[Placed],
    values: Mapping[str, Value],
    outputs: Set[str],
    tokens: int,
    made: Callable[[Placed], bool],
) -> dict[int, int]:
    """Indices of products (`made`) larger than both operands, and of the kernel that alone reads each, as it lies."""
    readers = reading_steps(steps)
    found: dict[int, int] = {}
    for k, step in enumerate(steps):
        if not made(step):
            continue
        name = step.writes[0]
        large = values[name].elements
        behind = readers.get(name, [])
        if any(values[n].elements >= large for n in step.reads) or len(behind) != 1 or name in outputs:
            continue
        if tokens and (len(values[name].shape) < 2 or values[name].shape[-2] < tokens):
            continue
        reader = steps[behind[0]]
        kernel = reader.steps[0] if reader.steps else None
        plain = isinstance(kernel, VectorWork) and kernel.rows <= 1 and not reader.one_dsp
        if plain and name not in reader.reshaped and values[reader.writes[0]].elements == large:
            found[k] = behind[0]
    return found


def _one_kernel(step: Placed) -> bool:
    return _multiplies(step) and step.only is not None


def _by_problem(step: Placed) -> bool:
    """Whether a step is a batch of outer products of the MAC array, columns by rows."""
    return step.node.op_type == "MatMul" and bool(step.node.attribute("contraction_of", ()))


def _problems_alike(step: Placed, tiles: int) -> bool:
    """Whether the tiles share a batch's problems as a kernel does its first axis: evenly, or two and more a tile."""
    work = step.steps[-1]
    if not isinstance(work, MacWork) or work.groups < tiles:
        return False
    return bool(work.groups % tiles == 0 or work.groups >= 2 * tiles)


def _multiplies(step: Placed) -> bool:
    """Whether a step is a product of activations by a kernel; a pass may turn its result for a scan."""
    first, behind = (step.steps[0], step.steps[1:]) if step.steps else (None, ())
    kernel = isinstance(first, VectorWork) and first.kernel == "mul" and not step.one_dsp
    return kernel and all(isinstance(w, MacWork) for w in behind)
