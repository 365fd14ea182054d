"""Which way each op is run: the compiler profile picks among the lowerings the op offers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from npusim.compiler.lowering.image_order import CONVOLUTIONS, POOLS, ImageOrder
from npusim.compiler.lowering.lowered import (
    PRODUCTS,
    dsp_tiles,
    fits_a_kernel,
    fixed_bytes,
    main_engine,
    on_every_tile,
    padded_activations,
    stored_share,
)
from npusim.compiler.lowering.negated import apart
from npusim.compiler.lowering.neighbours import NEIGHBOURS_MATTER, readers_of, same_extents
from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.relaid import RELAID, relaid
from npusim.compiler.lowering.taps_apart import tap_by_tap
from npusim.compiler.lowering.works import folded, in_a_rectangle, in_one_column, in_wide_rows, with_types
from npusim.compiler.rules.conditions import CONDITIONS
from npusim.compiler.rules.profile import CompilerProfile
from npusim.errors import UnknownOp
from npusim.graph import Graph, Node
from npusim.ops.recurrent import shared_alike
from npusim.ops.registry import lowerings, macs_of
from npusim.work import Lowering, MacOp, MacWork, VectorWork, Work

NONE: frozenset[str] = frozenset()
VIEWS = ("view", "broadcast_view", "fused")
TURNED = ("turned_filled", "turned")
# Turned by the MAC array: 4 on 2 tiles, 6 on 3, 8 on 4, not 2, 4, 4 (Intel's schedules).
LEAST_PARTS_A_TILE = 2
STRIDED = "strided"  # no task of its own, but its result is another tensor


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

    def __init__(
        self,
        graph: Graph,
        profile: CompilerProfile,
        generation: str,
        one_dsp: frozenset[str],
        lookup_unit: bool,
        tile_bytes: float,
        tiles: int,
    ) -> None:
        self.graph = graph
        self.tiles = tiles
        self.graph_outputs = frozenset(graph.outputs)
        self.profile = profile
        self.generation = generation
        self.one_dsp = one_dsp
        self.lookup_unit = lookup_unit
        self.tile_bytes = tile_bytes
        self.wide_rows = generation in profile.rows_of_eight
        self.one_kernel = generation in profile.groups_over_tiles
        self.narrow = {*profile.dsp.one_tile.get(generation, ()), *profile.dsp.outer_axes_only}
        self.alias: dict[str, str] = {}
        self.part_of: dict[str, str] = {}
        self.absorbed: set[str] = set()  # transposed tensors that their reader takes as they lie
        self.on_mac_array: set[str] = set()
        self.image_order = ImageOrder(graph, self.root)
        self.reshaped: set[str] = set()
        # By the identity of what `lowerings` answered, which stays alive in the entry.
        self._choices: dict[tuple[int, str], tuple[Lowering, str, tuple[Lowering, ...]]] = {}
        self._works: dict[tuple[object, ...], tuple[Any, ...]] = {}
        self.supposed = any(value.contents is not None for value in graph.values.values())
        self.readers = readers_of(graph)

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
        chosen, reason = self._choose(node, ways)
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
        if key not in self._works:
            self._works[key] = (*self._works_of(node, ways, chosen), ways)
        steps, times, engine, kernels, fixed, one, macs, _ = self._works[key]
        if engine == "mac_array":
            self.on_mac_array.update(node.outputs)
        self.image_order.note(node, reads, engine, steps)
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
            images=values[node.inputs[0]].shape[0]
            if node.op_type in (CONVOLUTIONS if fixed else POOLS)
            else 1,
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

    def _works_of(
        self, node: Node, ways: tuple[Lowering, ...], chosen: Lowering
    ) -> tuple[tuple[Work, ...], tuple[int, ...], str, set[str], float, bool, float]:
        """What a lowering asks of the engines, the same for all nodes that `lowerings` answered alike: works and their
        times, the engine of most of it, its kernels, bytes of constants, whether one DSP runs it, and its MACs."""
        keeps_types = not chosen.steps or chosen.name == "native_reduce"  # writes 1 of many: its own sizes
        steps, times = folded(chosen.steps)
        if chosen.name in RELAID and self.profile.relayout_by_pass:
            pads = self.generation in self.profile.pads_images
            tiles = self.tiles if self.generation in self.profile.pools_over_channels else 0
            copies = self.generation in self.profile.memory.padded_by_copy
            steps = relaid(steps, self.graph.values[node.inputs[0]], pads, tiles, self.tile_bytes, copies)
        here = self.generation in self.profile.memory.negated_apart
        if here and set(self.graph.inputs).issuperset(node.inputs):  # in networks fewer cross
            steps = apart(node, steps, self.graph.values[node.outputs[0]].shape, self.tiles)
        if chosen.name == "one_kernel":
            steps = shared_alike(steps, self.tiles)
        if not keeps_types:
            steps = with_types(steps, node, self.graph)
        if self.profile.rows_in_any_rectangle and node.op_type in PRODUCTS:
            steps = tuple(in_a_rectangle(s) if isinstance(s, MacWork) else s for s in steps)
        if self.wide_rows and node.op_type in PRODUCTS:
            steps = tuple(in_wide_rows(s) if isinstance(s, MacWork) else s for s in steps)
        first = steps[0] if steps and self.one_kernel and node.op_type in PRODUCTS else None
        if isinstance(first, MacWork) and first.op == MacOp.CONVOLUTION and fits_a_kernel(first):
            rows = first.out_h * first.out_w
            if rows > 4 and first.out_h % 1 != 0 and not self._fixed(node, steps):
                steps = (in_one_column(first), *steps[1:])
        kernels = {s.kernel for s in steps if isinstance(s, VectorWork)}
        one = bool(kernels & self.one_dsp) and kernels <= self.one_dsp
        macs = 0.0 if "contraction_of" in node.attributes else macs_of(ways)
        engine = main_engine(steps) if steps else "none"
        # The convolution in front of poolings has a table of a few KB.
        fixed = 0.0 if chosen.name in RELAID else self._fixed(node, steps)
        return steps, times, engine, kernels, fixed, one, macs

    def _fixed(self, node: Node, steps: tuple[Work, ...]) -> float:
        """Bytes of a node's constants as the scratchpad holds them."""
        written_out = node.op_type in self.profile.writes_out
        return fixed_bytes(node, steps, self.graph, self.tile_bytes, written_out)

    def _choose(self, node: Node, ways: tuple[Lowering, ...]) -> tuple[Lowering, str]:
        """The first lowering of the profile's order that the op offers and whose condition holds. Equal nodes ask for
        one answer, which `lowerings` remembers: where no condition looks around, one choice does for all of them."""
        if node.op_type in NEIGHBOURS_MATTER or self.profile.conditional(node.op_type):
            return self._chosen(node, ways)
        key = (id(ways), node.op_type)
        if key not in self._choices:
            self._choices[key] = (*self._chosen(node, ways), ways)
        return self._choices[key][:2]

    def _chosen(self, node: Node, ways: tuple[Lowering, ...]) -> tuple[Lowering, str]:
        profile = self.profile
        by_name = {way.name: way for way in ways}
        readers = self.readers.get(node.outputs[0], set())
        leaves = node.outputs[0] in self.graph_outputs
        if node.op_type == "Expand" and (leaves or not {op for op, _ in readers} <= set(profile.broadcasts)):
            by_name.pop("broadcast_view", None)
        if not self.lookup_unit:
            by_name.pop("mac_array_table", None)
        if (filled := by_name.get("turned_filled")) and _parts(filled) < LEAST_PARTS_A_TILE * self.tiles:
            del by_name["turned_filled"]
        inner = node.op_type == "Transpose" and node.outputs[0] not in self.graph_outputs
        if inner and readers and readers <= profile.transposed_reads:
            return Lowering("fused", ()), "its reader takes the operand in this order"
        if self.image_order.moves_nothing(node):
            return Lowering("fused", ()), "the image lies in this order"
        for rule in (profile.rule(node.op_type), profile.default):
            for name in rule.generations.get(self.generation, rule.order):
                condition = rule.only_if.get(f"{name}@{self.generation}") or rule.only_if.get(name)
                if name not in by_name:
                    continue
                images = name == "mac_array" and self.image_order.multiplies_planes(node)
                if condition and not (images or CONDITIONS[condition](node, self.graph, self.on_mac_array)):
                    continue
                if self.generation in profile.memory.taps_by_weights:
                    name = tap_by_tap(name, by_name, self.tile_bytes)
                why = (rule.why.get(name) or profile.default.why.get(name, "")).format(op=node.op_type)
                if name == "dma" and node.op_type in profile.strided and "dsp" not in by_name:
                    why = f"{node.op_type}: its neighbours write and read it with strides"
                    return Lowering(STRIDED, ()), why
                return by_name[name], why
        if not ways:
            raise UnknownOp(
                f"'{node.op_type}' (node '{node.name}') offers no way to run; "
                f"compiler profile {profile.name} cannot place it"
            )
        return ways[0], profile.default.why.get(ways[0].name, "")


def _parts(way: Lowering) -> float:
    """Parts of a tensor that passes of the MAC array turn one by one."""
    parts = (w.in_h for w in way.steps if isinstance(w, MacWork) and w.op == MacOp.PERMUTE_PARTS)
    return float(max(parts, default=0))
