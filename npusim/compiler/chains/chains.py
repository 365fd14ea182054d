"""Steps that are cut together, so that what they hand on never leaves the scratchpads (vertical fusion).

Attention whose scores do not fit runs head by head in strips of rows: the MAC array makes a strip of scores, the DSPs
take its softmax while the array makes the next strip, and the second product follows. Time is that of the busier
engine and one strip; traffic is Q, K, V and the result. A chain is a property of the plan: equal pieces, each step
following the one before it piece by piece; the schedule knows nothing of it. Evidence: `VF_PIPELINING` in schedules of
Intel's compiler (docs/compiler.md)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from math import ceil
from typing import NamedTuple

from npusim.compiler.cutting.split import Blocks
from npusim.compiler.lowering.lowered import convolutions_of
from npusim.compiler.lowering.neighbours import making_steps, reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.pieces import convolution_of
from npusim.work import MacOp, MacWork, VectorWork

#: Bytes of a head's scores from which on a mask is added head by head (Intel's schedules: 2 MiB of 1,024 tokens are
#: large, 0.5 MiB of 512 are not). No question of what fits: more scratchpad would else send the scores through DDR.
LARGE_SCORES = 1 << 20
STRIPS_HELD = 3  # of scores: one being made, one in the softmax, one in the second product
SOFTMAX = frozenset(["softmax"])
BETWEEN = frozenset(["mul", "div", "add", "sub"])
GUARDS = frozenset(["IsNaN", "Where"])  # of a softmax, against rows that are masked whole


class Strips(NamedTuple):
    """`blocks` of the first product; keys and values cross from DDR `key_reads` times."""

    blocks: Blocks
    key_reads: int

    @property
    def reason(self) -> str:
        heads = "one by one" if self.blocks.rows > 1 else f"in {self.blocks.groups} groups"
        again = f"; keys and values read {self.key_reads} times" if self.key_reads > 1 else ""
        return f"heads {heads}, {self.blocks.rows} strips of rows each, scores stay inside{again}"


class Attention(NamedTuple):
    """Two products of `groups` heads around a softmax; `first` and `second` as in their steps. `turned`: their right
    sides are turned head by head, which whole heads go to a tile for."""

    first: MacWork
    second: MacWork
    turned: bool = False

    @property
    def score_bytes(self) -> float:
        """Bytes of the scores of all heads."""
        return float(self.first.result_bytes)

    @property
    def small_heads(self) -> bool:
        """Whether a mask is added, and a guard taken, for all heads at once."""
        return bool(self.score_bytes < LARGE_SCORES * self.first.groups)

    def strips(self, tiles: int, tile_bytes: float) -> Strips | None:
        """As many heads at a time as fit whole, else one head in as few strips of rows as leave room for its keys and
        values: on every tile, or spread over the tiles, or read again for each strip. None when a row does not fit."""
        f, groups = self.first, int(self.first.groups)
        keys = f.in_c * f.out_c * f.weight_bytes
        kept = keys + self.second.in_c * self.second.out_c * self.second.weight_bytes
        row = f.out_w * f.out_c * f.output_bytes * STRIPS_HELD / tiles
        scores = f.out_h * row * tiles
        # Keys or values as they came lie beside: each tile turns a share of them, or those of its own heads.
        at_once = int(tile_bytes // (kept * (1 + self.turned / tiles) + row * f.out_h))
        if self.turned:
            at_once = max(at_once, tiles * int(tile_bytes // (1.5 * kept + scores)))
        if at_once >= 1:
            return Strips(Blocks(groups=ceil(groups / min(groups, at_once))), 1)
        again = kept / tiles > tile_bytes / 2
        rows = int(max(tile_bytes - kept, tile_bytes / 2) // row)
        if rows < 1:
            return None
        strips = ceil(f.out_h / min(f.out_h, rows))
        return Strips(Blocks(groups=groups, rows=strips), strips if again else 1)


def attention_of(steps: tuple[Placed, ...] | list[Placed]) -> Attention | None:
    """The attention that steps (or the works of one step) are: product, element-wise steps, softmax, product."""
    if sum([len(s.steps) for s in steps]) < 3:
        return None
    works = [w for s in steps for w in s.steps if not turns_operand(s)]
    products = convolutions_of(works)
    kernels = [w.kernel for w in works if isinstance(w, VectorWork)]
    if len(products) != 2 or works[-1] is not products[1] or not SOFTMAX & set(kernels):
        return None
    first, second = products
    fits_together = first.out_c == second.in_c and first.groups == second.groups
    turned = len(steps) > 1 and any(map(turns_operand, steps))
    return Attention(first, second, turned) if works[0] is first and fits_together else None


def guarded_of(steps: tuple[Placed, ...] | list[Placed]) -> Attention | None:
    """The first half of an attention whose softmax is guarded, that steps are: product, element-wise steps, softmax.
    As an attention without values."""
    first = convolution_of(steps[0]) if len(steps) > 1 and is_softmax(steps[-1]) else None
    return None if first is None else Attention(first, replace(first, in_c=0))


def is_softmax(step: Placed) -> bool:
    """Whether a step is one softmax kernel."""
    return isinstance(step.only, VectorWork) and step.only.kernel in SOFTMAX


def turns_operand(step: Placed) -> bool:
    """Whether a step is the pass that turns the right side of a batch of products."""
    work = step.only
    return step.node.op_type == "MemPermute" and isinstance(work, MacWork) and work.op == MacOp.PERMUTE


def find_chains(
    placed: list[Placed],
    sizes: Mapping[str, float],
    room: float,
    outputs: Set[str],
    by_heads: Set[str] = frozenset(),
    turns: tuple[int, float] | None = None,
    apart: Set[str] = frozenset(),
    guarded: bool = False,
) -> tuple[list[Placed], dict[int, int]]:
    """The steps with members of a chain side by side, and where chains begin: index -> number of steps.

    `sizes`: bytes of every tensor; `room`: what may stay in the scratchpads; `by_heads`: results of softmaxes that are
    taken head by head though all would fit. `turns`: tiles, and bytes of one, where passes that turn keys and values
    are members too, of chains whose keys and values fit head by head. `apart`: masked scores of another kind
    (npusim.compiler.chains.masked). `guarded`: large heads whose softmax is guarded against NaN are cut together up to
    it, what it makes crosses DDR to the guard."""
    readers = reading_steps(placed)
    maker = making_steps(placed)
    chains = []
    for k, step in enumerate(placed):
        if not is_softmax(step) or step.one_dsp or not step.writes or not apart.isdisjoint(step.reads):
            continue
        large = 2 * sizes[step.writes[0]] > room or step.writes[0] in by_heads
        if large or turns is not None:
            chain = attention_around(k, placed, readers, maker, sizes, outputs)
            longer = _with_turns(chain, placed, readers, maker, sizes, room, turns) if chain and turns else ()
            if guarded and large and not chain:
                chain = _guarded_around(k, placed, readers, maker, sizes, outputs)
            if longer or (chain and large):
                chains.append(longer or chain)
    if not chains:
        return placed, {}
    moved = {k: chain[-1] for chain in chains for k in chain[:-1]}
    members = {chain[-1]: chain for chain in chains}
    order: list[Placed] = []
    starts: dict[int, int] = {}
    for k, step in enumerate(placed):
        if k in moved:
            continue
        if k in members:
            starts[len(order)] = len(members[k])
            order += [placed[i] for i in members[k][:-1]]
        order.append(step)
    return order, starts


def attention_around(
    k: int,
    placed: list[Placed],
    readers: Mapping[str, list[int]],
    maker: Mapping[str, int],
    sizes: Mapping[str, float],
    outputs: Set[str],
) -> tuple[int, ...]:
    """Indices of product, what stands between, softmax `k` and product; empty when something else reads the scores."""
    chain = _scores_around(k, placed, readers, maker, sizes, outputs)
    result = placed[k].writes[0]
    after = readers.get(result, [])
    if not chain or len(after) != 1 or result in outputs:
        return ()
    last = placed[after[0]]
    if convolution_of(last) is None or last.reads[0] != result:
        return ()
    chain = (*chain, after[0])
    return chain if attention_of([placed[i] for i in chain]) else ()


def _guarded_around(
    k: int,
    placed: list[Placed],
    readers: Mapping[str, list[int]],
    maker: Mapping[str, int],
    sizes: Mapping[str, float],
    outputs: Set[str],
) -> tuple[int, ...]:
    """Indices of product, what stands between and softmax `k`, of large heads that a guard reads; else empty."""
    result = placed[k].writes[0]
    if {placed[i].node.op_type for i in readers.get(result, [])} != GUARDS or result in outputs:
        return ()
    chain = _scores_around(k, placed, readers, maker, sizes, outputs)
    whole = guarded_of([placed[i] for i in chain]) if chain else None
    return chain if whole is not None and whole.first.groups > 1 and not whole.small_heads else ()


def _scores_around(
    k: int,
    placed: list[Placed],
    readers: Mapping[str, list[int]],
    maker: Mapping[str, int],
    sizes: Mapping[str, float],
    outputs: Set[str],
) -> tuple[int, ...]:
    """Indices of product, what stands between and softmax `k`."""
    chain = [k]
    while convolution_of(placed[chain[0]]) is None:
        head = placed[chain[0]]
        largest = max(head.reads, key=lambda n: sizes[n], default="")
        made = maker.get(largest)
        if made is None or readers[largest] != [chain[0]] or largest in outputs:
            return ()
        step = placed[made]
        if convolution_of(step) is None and not _element_wise(step):
            return ()
        chain.insert(0, made)
    return tuple(chain)


def _with_turns(
    chain: tuple[int, ...],
    placed: list[Placed],
    readers: Mapping[str, list[int]],
    maker: Mapping[str, int],
    sizes: Mapping[str, float],
    room: float,
    turns: tuple[int, float],
) -> tuple[int, ...]:
    """A chain and the passes that turn its keys and values; empty where there are none, or all of it fits."""
    added = set()
    most = 0.0
    for k in (chain[0], chain[-1]):
        for name in placed[k].reads:
            made = maker.get(name)
            turns_here = made is not None and made not in chain and turns_operand(placed[made])
            if made is not None and turns_here and placed[made].sharing and readers[name] == [k]:
                added.add(made)
                both = sizes[name] + sizes[placed[made].reads[0]]
                rest = sum(sizes[n] for n in (*placed[k].reads, *placed[k].writes))
                most = max(most, both + sizes[placed[chain[-1]].reads[0]], rest)
    found = tuple(sorted(added.union(chain)))
    whole = attention_of([placed[i] for i in found])
    if not added or most <= room or whole is None:
        return ()
    strips = whole.strips(*turns)
    return found if strips is not None and strips.key_reads == 1 else ()


def _element_wise(step: Placed) -> bool:
    """One pass that hands on as many elements as it reads."""
    if len(step.steps) != 1 or len(step.writes) != 1 or step.reshaped or step.padded:
        return False
    work = step.steps[0]
    if isinstance(work, VectorWork):
        return work.kernel in BETWEEN and work.rows <= 1
    scale = isinstance(work, MacWork) and work.op == MacOp.DEPTHWISE and work.kernel_h * work.kernel_w == 1
    return scale or (isinstance(work, MacWork) and work.op == MacOp.ELTWISE)
