"""All nodes of a graph placed on engines, with what is added at the graph's edge."""

from __future__ import annotations

from dataclasses import dataclass, replace

from npusim.arch.hardware import Hardware
from npusim.compiler.edges import Edges
from npusim.compiler.guard import BREAKS, TaskBudget, broken
from npusim.compiler.layouts.lines import Lines
from npusim.compiler.layouts.pixel_lists import Lists
from npusim.compiler.layouts.scan_slices import ScanSlices
from npusim.compiler.layouts.state_sums import StateSums
from npusim.compiler.layouts.turned import stays_copied, turned_by_steps
from npusim.compiler.lowering.place import Placed, Placer
from npusim.compiler.lowering.target import Target
from npusim.compiler.plan import Unpriced
from npusim.compiler.planes.filled_convolutions import filled_for_convolutions
from npusim.compiler.planes.filled_pools import filled_up
from npusim.compiler.rules.profile import CompilerProfile
from npusim.compiler.stages.site import Site
from npusim.errors import UnknownOp
from npusim.graph import Graph, Node, Value


@dataclass(frozen=True)
class AtFirst:
    """The steps as they are placed one by one, and what no rule knows."""

    steps: list[Placed]
    site: Site
    padded: set[str]  # inputs that are loaded with padding
    unpriced: list[Unpriced]


def placed_one_by_one(
    graph: Graph,
    hw: Hardware,
    generation: str,
    profile: CompilerProfile,
    allow_unmodelled: bool,
    max_memory_bytes: float | None = None,
) -> AtFirst:
    """All nodes placed.

    Raises UnknownOp (an op without a rule, unless `allow_unmodelled`), TooLarge (more tasks than
    `max_memory_bytes` hold), DoesNotFit, BadArgument."""
    one_dsp = frozenset(profile.dsp.one_dsp)
    tile_bytes = float(hw.scratchpad.capacity_bytes)
    lookup, tiles = bool(hw.mac_array.lookup_unit), int(hw.tiles)
    placer = Placer(graph, Target(profile, generation, one_dsp, lookup, tile_bytes, tiles))
    edges = Edges(graph, placer, profile, generation, tiles)
    if profile.memory.as_scheduled:
        edges.lines = Lines(edges)
    one_kernel = generation in profile.groups_over_tiles
    edges.sums = StateSums(edges, one_kernel)
    edges.scans = ScanSlices(edges, one_kernel)
    tasks = TaskBudget(len(graph.values), max_memory_bytes)
    placed: list[Placed] = []
    unpriced: list[Unpriced] = []
    for node in graph.nodes:
        try:
            step = placer.place(node)
        except UnknownOp:
            if not allow_unmodelled:
                raise
            unpriced.append(Unpriced(node, _node_bytes(node, edges.values)))
            source = next((n for n in node.inputs if n and not graph.values[n].constant), None)
            if source is not None:  # its readers wait for what it reads; without that, for nothing
                placer.alias.update((name, source) for name in node.outputs if name)
            continue
        except BREAKS as error:
            raise broken(graph, error, node) from error
        if step is not None:
            tasks.take(node, len(step.steps))
            step = stays_copied(step, edges.values, tile_bytes)
            for one in turned_by_steps(step, placer, edges.values, one_kernel):
                placed += edges.before(one)
    if profile.memory.as_scheduled and generation in profile.pads_images:
        placed = filled_up(placed, edges.values, tiles, tile_bytes)
    ends, outputs = edges.behind(placed)
    if profile.memory.planes_as_scheduled:
        placed = filled_for_convolutions(placed, edges.values, frozenset(outputs), tile_bytes)
    fused = replace(graph, values=edges.values, outputs=outputs)
    lists = Lists(placer.image_order.lists, placer.image_order.listed_rows)
    lines = edges.lines.as_images if edges.lines else frozenset()
    site = Site(hw, profile, generation, fused, placer.part_of, lists, lines)
    return AtFirst(placed + ends, site, edges.padded, unpriced)


def _node_bytes(node: Node, values: dict[str, Value]) -> float:
    return sum(values[n].npu_bytes for n in (*node.inputs, *node.outputs) if n and n in values)
