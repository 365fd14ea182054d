"""Which of the lowerings that an op offers is taken: the first of the profile's order whose condition holds."""

from __future__ import annotations

from npusim.compiler.lowering.image_order import ImageOrder
from npusim.compiler.lowering.neighbours import NEIGHBOURS_MATTER, readers_of
from npusim.compiler.lowering.taps_apart import tap_by_tap
from npusim.compiler.lowering.target import Target
from npusim.compiler.rules.conditions import CONDITIONS
from npusim.errors import UnknownOp
from npusim.graph import Graph, Node
from npusim.work import Lowering, MacOp, MacWork

# Turned by the MAC array: 4 on 2 tiles, 6 on 3, 8 on 4, not 2, 4, 4 (Intel's schedules).
LEAST_PARTS_A_TILE = 2
STRIDED = "strided"  # no task of its own, but its result is another tensor


class Chooser:
    """Chooses for the nodes of a graph, in order. `on_mac_array`: tensors that the MAC array made so far, and
    `image_order` what is known of their order: both grow meanwhile."""

    def __init__(
        self,
        graph: Graph,
        target: Target,
        image_order: ImageOrder,
        on_mac_array: set[str],
    ) -> None:
        self.graph = graph
        self.graph_outputs = frozenset(graph.outputs)
        self.target = target
        self.image_order = image_order
        self.on_mac_array = on_mac_array
        self.readers = readers_of(graph)
        # By the identity of what `lowerings` answered, which stays alive in the entry.
        self._choices: dict[tuple[int, str], tuple[Lowering, str, tuple[Lowering, ...]]] = {}

    def choose(self, node: Node, ways: tuple[Lowering, ...]) -> tuple[Lowering, str]:
        """The first lowering of the profile's order that the op offers and whose condition holds. Equal nodes ask for
        one answer, which `lowerings` remembers: where no condition looks around, one choice does for all of them."""
        if node.op_type in NEIGHBOURS_MATTER or self.target.profile.conditional(node.op_type):
            return self._chosen(node, ways)
        key = (id(ways), node.op_type)
        if key not in self._choices:
            self._choices[key] = (*self._chosen(node, ways), ways)
        return self._choices[key][:2]

    def _chosen(self, node: Node, ways: tuple[Lowering, ...]) -> tuple[Lowering, str]:
        profile = self.target.profile
        by_name = {way.name: way for way in ways}
        readers = self.readers.get(node.outputs[0], set())
        leaves = node.outputs[0] in self.graph_outputs
        if node.op_type == "Expand" and (leaves or not {op for op, _ in readers} <= set(profile.broadcasts)):
            by_name.pop("broadcast_view", None)
        if not self.target.lookup_unit:
            by_name.pop("mac_array_table", None)
        if (filled := by_name.get("turned_filled")) and _parts(
            filled
        ) < LEAST_PARTS_A_TILE * self.target.tiles:
            del by_name["turned_filled"]
        inner = node.op_type == "Transpose" and node.outputs[0] not in self.graph_outputs
        if inner and readers and readers <= profile.transposed_reads:
            return Lowering("fused", ()), "its reader takes the operand in this order"
        if self.image_order.moves_nothing(node):
            return Lowering("fused", ()), "the image lies in this order"
        for rule in (profile.rule(node.op_type), profile.default):
            for name in rule.generations.get(self.target.generation, rule.order):
                condition = rule.only_if.get(f"{name}@{self.target.generation}") or rule.only_if.get(name)
                if name not in by_name:
                    continue
                images = name == "mac_array" and self.image_order.multiplies_planes(node)
                if condition and not (images or CONDITIONS[condition](node, self.graph, self.on_mac_array)):
                    continue
                if self.target.generation in profile.memory.taps_by_weights:
                    name = tap_by_tap(name, by_name, self.target.tile_bytes)
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
