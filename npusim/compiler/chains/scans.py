"""What element-wise steps hand on inside; above all in an unrolled scan, state = decay * state + update.

Intel's schedules of Mamba (states [1, 1536, 16], [1, 1280, 16], [1, 1024, 16]) and RWKV layers (8 heads of 64 x 64):
on NPU 4000 and 5010 a state stays for all that read it, be the readers kernels, products or additions; on NPU 3720 the
product of decay and state does, and the state crosses DDR. A state of two axes stays where kernels and sums share it
alike (`doublings.shared_alike`: 1,536 channels on three tiles, not 3,072, 1,280 or 1,024); its product crosses DDR on
NPU 4000."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from npusim.compiler.chains.doublings import doubled, shared_alike, shared_in_sixteens
from npusim.compiler.lowering.lowered import batch_of, is_elementwise_pass
from npusim.compiler.lowering.place import Placed
from npusim.compiler.rules.memory_rules import Memory
from npusim.graph import Value
from npusim.work import VectorWork

LEAST_STEPS = 3  # in a row, of what is called a scan
ROWS_A_TILE = 64  # that an element-wise step hands on inside on NPU 4000


def staying(
    steps: list[Placed],
    values: Mapping[str, Value],
    memory: Memory,
    generation: str,
    tiles: int,
    part_of: Mapping[str, str],
) -> frozenset[str]:
    """Tensors of unrolled scans that stay in the scratchpads for whoever reads them."""
    states_stay = generation in memory.scan_states_stay
    products_stay = generation in memory.scan_products_stay
    if not (states_stay or products_stay):
        return frozenset()
    maker = {name: step for step in steps for name in step.writes}
    found: set[str] = set()
    scans = _scans(steps, maker, values, states_stay)
    for state, product in scans:
        extents = [n for n in values[state].shape if n > 1]
        heads = len(extents) > 2
        if not states_stay or heads or shared_alike(values[state], tiles):
            found |= {product} if products_stay or (heads and states_stay) else set()
            found |= {state} if states_stay else set()
        elif products_stay and product and shared_in_sixteens(values[product], tiles):
            found.add(product)
    found |= _beside(steps, {state for state, _ in scans}, values, states_stay)
    sums, beside = doubled(steps, maker, part_of)
    found |= sums
    if products_stay:
        found |= {n for n in beside if not states_stay or shared_alike(values[n], tiles)}
    return frozenset(found - {""})


def handed_on(
    steps: list[Placed],
    values: Mapping[str, Value],
    memory: Memory,
    generation: str,
    tiles: int,
    whole: Collection[str],
) -> frozenset[str]:
    """What one element-wise step makes and another reads where it lies, its only reader. On NPU 4000 where a tile has
    `ROWS_A_TILE` of its first axis at least, and not in a scan (Intel's schedules of Mamba-2 layers and S4D steps: 64
    and 128 of 256 and 512 stay, 32 of 128 do not). `whole`: tensors that others are parts of."""
    if generation not in memory.elementwise_stay:
        return frozenset()
    maker = {name: step for step in steps if _elementwise(step) for name in step.writes if name not in whole}
    readers = _readers(steps)
    found = {name for name in maker if len(used := readers[name]) == 1 and _elementwise(used[0])}
    if generation in memory.scan_states_stay:
        first = {name: next((n for n in values[name].shape if n > 1), 1) for name in found}
        found = {name for name in found if first[name] >= ROWS_A_TILE * tiles}
        makers = {n: s for s in steps for n in s.writes}
        found -= {product for _, product in _scans(steps, makers, values, False)}
    return frozenset(found)


def _elementwise(step: Placed) -> bool:
    """Whether a step multiplies or adds activations element by element, in one work."""
    return (is_elementwise_pass(step.steps) and not step.padded) or _multiplies(step)


def _scans(
    steps: list[Placed], maker: Mapping[str, Placed], values: Mapping[str, Value], sums: bool
) -> list[tuple[str, str]]:
    """Of each time step the state it makes, and the product that went into it ("" if none). `sums`: the sum between
    product and state too, where two updates are added (RWKV-7: decay * state + state by a - b + outer product)."""
    depth: dict[str, int] = {}
    before: dict[str, str] = {}
    products: dict[str, str] = {}
    between: dict[str, str] = {}
    for step in steps:
        if not _adds(step):
            continue
        state = step.writes[0]
        depth[state] = 0
        inner = next((n for n in step.reads if sums and n in depth and _equal(n, state, values)), "")
        for name in (*step.reads, *(maker[inner].reads if inner else ())):
            made = maker.get(name)
            if made is None or not _multiplies(made) or values[name].elements != values[state].elements:
                continue
            products.setdefault(state, name)
            past = next((n for n in made.reads if n in depth and _equal(n, state, values)), None)
            if past is not None and depth[past] + 1 > depth[state]:
                depth[state], before[state], products[state] = depth[past] + 1, past, name
                if name not in step.reads:
                    between[state] = inner
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    for state in reversed(depth):
        if state in seen or depth[state] < LEAST_STEPS:
            continue
        at: str | None = state
        while at is not None and at not in seen:
            seen.add(at)
            found.append((at, products.get(at, "")))
            found += [(between[at], "")] if at in between else []
            at = before.get(at)
    return found


def _beside(steps: list[Placed], states: set[str], values: Mapping[str, Value], sums: bool) -> set[str]:
    """Of scans by heads: updates that products make for the additions, and (`sums`) what else is added to a state."""
    found: set[str] = set()
    if not states:
        return found
    readers = _readers(steps)
    scaled = {name for step in steps if _multiplies(step) for name in step.writes}
    for step in steps:
        if len(step.writes) != 1 or len([n for n in values[step.writes[0]].shape if n > 1]) < 3:
            continue
        name = step.writes[0]
        batch = batch_of(step.steps[:1]) is not None
        added = sums and _adds(step) and not states.isdisjoint(step.reads)
        if added:  # the state and a bonus of its update, in RWKV-6
            found |= {n for n in step.reads if n in scaled and len(readers[n]) == 1}
        if added or (batch and any(_adds(s) and not states.isdisjoint(s.writes) for s in readers[name])):
            found.add(name)
    return found


def _readers(steps: list[Placed]) -> defaultdict[str, list[Placed]]:
    """The steps that read each tensor."""
    readers: defaultdict[str, list[Placed]] = defaultdict(list)
    for step in steps:
        for name in step.reads:
            readers[name].append(step)
    return readers


def _adds(step: Placed) -> bool:
    return step.node.op_type == "Add" and is_elementwise_pass(step.steps)


def _multiplies(step: Placed) -> bool:
    work = step.only
    pass_ = step.node.op_type == "Mul" and is_elementwise_pass(step.steps)
    return pass_ or (isinstance(work, VectorWork) and work.kernel == "mul")


def _equal(one: str, other: str, values: Mapping[str, Value]) -> bool:
    return values[one].elements == values[other].elements
