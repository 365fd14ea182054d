"""Which way each op is run: the compiler profile picks among the lowerings the op offers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from npusim.compiler.lowering.asking import Asking
from npusim.compiler.lowering.batched_lines import lines_at_once
from npusim.compiler.lowering.choosing import STRIDED, Chooser
from npusim.compiler.lowering.filled_lines import pooled_in_columns
from npusim.compiler.lowering.image_order import CONVOLUTIONS, GLOBAL_POOLS, POOLS, ImageOrder
from npusim.compiler.lowering.lowered import (
    dsp_tiles,
    on_every_tile,
    padded_activations,
    stored_share,
)
from npusim.compiler.lowering.neighbours import same_extents
from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.target import Target
from npusim.compiler.lowering.uneven_passes import SUMS
from npusim.compiler.lowering.works import of_zeros
from npusim.graph import Graph, Node
from npusim.ops.registry import lowerings
from npusim.work import Work

NONE: frozenset[str] = frozenset()
VIEWS = ("view", "broadcast_view", "fused")
TURNED = ("turned_filled", "turned")


class Placed(NamedTuple):
    """A node with its lowering chosen.

    `reads`, `writes`: activation tensors by root name (views looked through). `fixed_bytes`: weights and other
    constants it needs in the scratchpad. `engine` is the engine of most of its work.
    `dsp_tiles`: over how many tiles its kernels may spread (a large number: all).
    `reshaped`: those of `reads` that it sees in another shape than they were made in.
    `times`: how many times in a row each of `steps` runs (a recurrence over time steps); empty: once.
    `padded`: activations that do not fill sixteens of channels or fours of rows and are copied with padding for it.
    `sharing`: over what the tiles share it, where its kind does not say (npusim.compiler.sharing.distribution).
    `images`: how many images of a batch a convolution takes one after another.
    `stored`: bytes of its weights in memory over `fixed_bytes`, which shape the plan (compressed: below 1); `memory`:
    where they come from. `reads_turned`: whether the first input was turned for it by a pass at the graph's edge.
    `on_every_tile`: its kernel is not shared, every tile runs all of it."""

    node: Node
    lowering: str
    steps: tuple[Work, ...]
    engine: str
    reason: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    fixed_bytes: float
    macs: float
    one_dsp: bool = False
    dsp_tiles: int = 1_000
    reshaped: frozenset[str] = frozenset()
    padded: tuple[str, ...] = ()
    sharing: str = ""
    times: tuple[int, ...] = ()
    images: int = 1
    stored: float = 1.0
    memory: str = "ddr"
    reads_turned: bool = False
    on_every_tile: bool = False

    @property
    def only(self) -> Work | None:
        """Its work, where that is a single one."""
        return self.steps[0] if len(self.steps) == 1 else None


class Placer:
    """Places nodes in order; remembers which tensors are views of which."""

    def __init__(self, graph: Graph, target: Target) -> None:
        profile, generation = target.profile, target.generation
        self.graph = graph
        self.profile = profile
        self.generation = generation
        self.tile_bytes = target.tile_bytes
        self.tiles = target.tiles
        self.one_kernel = generation in profile.groups_over_tiles
        self.narrow = {*profile.dsp.one_tile.get(generation, ()), *profile.dsp.outer_axes_only}
        self.alias: dict[str, str] = {}
        self.part_of: dict[str, str] = {}
        self.absorbed: set[str] = set()  # transposed tensors that their reader takes as they lie
        self.on_mac_array: set[str] = set()
        self.image_order = ImageOrder(graph, self.root)
        self.reshaped: set[str] = set()
        self.chooser = Chooser(graph, target, self.image_order, self.on_mac_array)
        self.asking = Asking(graph, target)
        # By the identity of what `lowerings` answered, which stays alive in the entry.
        self._works: dict[tuple[object, ...], tuple[Any, ...]] = {}
        self.supposed = any(value.contents is not None for value in graph.values.values())

    def root(self, name: str) -> str:
        """The tensor that has the bytes of `name`: another name of it, or the part of a larger one (`part_of`)."""
        if name not in self.alias:
            return name
        found = self.alias[name]
        while found in self.alias:
            found = self.alias[found]
        while (further := self.alias[name]) != found:  # so that a long chain of views is walked once
            self.alias[name], name = found, further
        return found

    def whole(self, name: str) -> str:
        """The tensor in which the bytes of `name` lie."""
        return edge_of(self.root(name), self.part_of)

    def place(self, node: Node) -> Placed | None:
        """The node placed; None for a view (it runs nowhere). Raises UnknownOp when it has no rule."""
        ways = lowerings(node, self.graph)
        chosen, reason = self.chooser.choose(node, ways)
        values = self.graph.values
        if chosen.name in VIEWS or (not chosen.steps and chosen.name != STRIDED):
            source = next((n for n in node.inputs if n and not values[n].constant), None)
            if source is not None:
                if node.op_type == "Transpose" or source in self.absorbed:
                    self.absorbed.update(node.outputs)
                for name in filter(None, node.outputs):
                    part = chosen.name == "view" and values[name].elements < values[source].elements
                    (self.part_of if part else self.alias)[name] = self.root(source) if part else source
                    if part:
                        self.image_order.cut(name, self.whole(source))
                    same = same_extents(values[source].shape, values[name].shape)
                    same = same or (chosen.name == "fused" and self.image_order.same_form(source, name))
                    if source in self.reshaped or not same:
                        self.reshaped.add(name)
            return None
        if "npusim.rows" in node.metadata:
            reason = f"{reason}; {node.metadata['npusim.rows']}"
        sources = node.attribute("contraction_of") or node.inputs
        reads: list[str] = []
        for name in sources:
            if name and not (value := values[name]).constant and 0 not in value.shape:
                reads.append(self.root(name))
        if len(reads) > 1:
            reads = list(dict.fromkeys(reads))
        key: tuple[object, ...] = (id(ways), chosen.name)
        if self.supposed:  # of equal nodes, what is supposed of their tensors may differ
            key += tuple([n and values[n].contents for n in node.inputs])
        if node.op_type in SUMS:  # those of what enters the graph are filled up otherwise
            key += (set(self.graph.inputs).issuperset(node.inputs),)
        if key not in self._works:
            self._works[key] = (*self.asking.of(node, ways, chosen), ways)
        steps, times, engine, kernels, fixed, one, macs, _ = self._works[key]
        if self.supposed:
            reason += of_zeros(steps)
        if engine == "mac_array":
            self.on_mac_array.update(node.outputs)
        self.image_order.note(node, reads, engine, steps)
        images = values[node.inputs[0]].shape[0] if node.op_type in (CONVOLUTIONS if fixed else POOLS) else 1
        if (
            images > 1
            and self.generation in self.profile.memory.lines_at_once
            and node.op_type not in GLOBAL_POOLS
        ):
            found = lines_at_once(steps, values[node.inputs[0]], values[node.outputs[0]])
            one_by_one = found is steps or pooled_in_columns(values[node.inputs[0]].shape[2], steps[0])
            steps, images = found, images if one_by_one else 1
        return Placed(
            node=node,
            lowering=chosen.name,
            steps=steps,
            engine=engine,
            reason=reason,
            reads=tuple(reads),
            writes=tuple([n for n in node.outputs if n and n in values and 0 not in values[n].shape]),
            fixed_bytes=fixed,
            macs=macs * node.repeats,
            one_dsp=one,
            padded=padded_activations(steps, tuple(reads), node, self.graph, self.one_kernel, fixed),
            reshaped=self._reshaped(node, reads, sources),
            dsp_tiles=dsp_tiles(node, kernels, self.profile, self.generation, self.graph)
            if kernels & self.narrow
            else 1_000,
            times=times,
            images=images,
            stored=stored_share(steps) if self.supposed else 1.0,
            memory=self._memory(node) if self.supposed else "ddr",
            on_every_tile=engine == "dsp" and on_every_tile(node, steps, self.graph),
        )

    def _reshaped(self, node: Node, reads: list[str], sources: Iterable[str]) -> frozenset[str]:
        """Those of `reads` that the node sees in another shape than they were made in."""
        seen = frozenset(self.root(n) for n in sources if n in self.reshaped) if self.reshaped else NONE
        return seen | self.image_order.seen_otherwise(node, reads) if self.image_order.planes else seen

    def _memory(self, node: Node) -> str:
        """Where the node's weights are supposed to lie."""
        values = (self.graph.values[n] for n in node.inputs if n)
        return next(
            (v.contents.memory for v in values if v.constant and v.contents and v.contents.memory), "ddr"
        )
