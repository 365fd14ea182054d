"""What a node asks of the engines once its lowering is chosen: works in the form this compiler gives them."""

from __future__ import annotations

from npusim.compiler.lowering.lowered import PRODUCTS, fits_a_kernel, fixed_bytes, main_engine
from npusim.compiler.lowering.negated import apart
from npusim.compiler.lowering.relaid import RELAID, relaid
from npusim.compiler.lowering.target import Target
from npusim.compiler.lowering.uneven_norms import rows_side_by_side
from npusim.compiler.lowering.uneven_passes import filled_up, summed_uneven
from npusim.compiler.lowering.works import folded, in_a_rectangle, in_one_column, in_wide_rows, with_types
from npusim.graph import Graph, Node
from npusim.ops.recurrent import shared_alike, shared_and_cut
from npusim.ops.registry import macs_of
from npusim.work import Lowering, MacOp, MacWork, VectorWork, Work


class Asking:
    """Asks for nodes of a graph."""

    def __init__(self, graph: Graph, target: Target) -> None:
        self.graph = graph
        self.target = target
        self.wide_rows = target.generation in target.profile.rows_of_eight
        self.uneven_filled = target.generation in target.profile.memory.uneven_filled
        self.one_kernel = target.generation in target.profile.groups_over_tiles

    def of(
        self, node: Node, ways: tuple[Lowering, ...], chosen: Lowering
    ) -> tuple[tuple[Work, ...], tuple[int, ...], str, set[str], float, bool, float]:
        """What a lowering asks of the engines, the same for all nodes that `lowerings` answered alike: works and their
        times, the engine of most of it, its kernels, bytes of constants, whether one DSP runs it, and its MACs."""
        keeps_types = not chosen.steps or chosen.name == "native_reduce"  # writes 1 of many: its own sizes
        steps, times = folded(chosen.steps)
        if chosen.name in RELAID and self.target.profile.relayout_by_pass:
            pads = self.target.generation in self.target.profile.pads_images
            tiles = (
                self.target.tiles if self.target.generation in self.target.profile.pools_over_channels else 0
            )
            copies = self.target.generation in self.target.profile.memory.padded_by_copy
            steps = relaid(
                steps, self.graph.values[node.inputs[0]], pads, tiles, self.target.tile_bytes, copies
            )
        negates = node.op_type == "Sub" and self.target.generation in self.target.profile.memory.negated_apart
        if negates and set(self.graph.inputs).issuperset(node.inputs):  # in networks fewer cross
            steps = apart(steps, self.graph.values[node.outputs[0]].shape, self.target.tiles)
        if self.uneven_filled and summed_uneven(node, self.graph):
            shape = self.graph.values[node.outputs[0]].shape
            entering = set(self.graph.inputs).issuperset(node.inputs)
            steps = filled_up(steps, shape, self.target.tiles, self.target.tile_bytes, entering)
        if node.op_type == "LayerNormalization" and chosen.name == "decomposed" and self.uneven_filled:
            steps = rows_side_by_side(steps, self.graph.values[node.outputs[0]].shape)
        if chosen.name == "one_kernel":
            steps = shared_alike(steps, self.target.tiles, self.target.tile_bytes)
            units = self.graph.values[node.inputs[2]].shape[2]
            by_tiles = self.target.profile.memory.sequences_by_tiles
            steps = shared_and_cut(steps, units, self.target.tiles, self.target.tile_bytes, by_tiles)
        if not keeps_types:
            steps = with_types(steps, node, self.graph)
        if self.target.profile.rows_in_any_rectangle and node.op_type in PRODUCTS:
            steps = tuple(in_a_rectangle(s) if isinstance(s, MacWork) else s for s in steps)
        if self.wide_rows and node.op_type in PRODUCTS:
            steps = tuple(in_wide_rows(s) if isinstance(s, MacWork) else s for s in steps)
        first = steps[0] if steps and self.one_kernel and node.op_type in PRODUCTS else None
        if isinstance(first, MacWork) and first.op == MacOp.CONVOLUTION and fits_a_kernel(first):
            rows = first.out_h * first.out_w
            if rows > 4 and first.out_h % 1 != 0 and not self._fixed(node, steps):
                steps = (in_one_column(first), *steps[1:])
        kernels = {s.kernel for s in steps if isinstance(s, VectorWork)}
        one = bool(kernels & self.target.one_dsp) and kernels <= self.target.one_dsp
        macs = 0.0 if "contraction_of" in node.attributes else macs_of(ways)
        engine = main_engine(steps) if steps else "none"
        # The convolution in front of poolings has a table of a few KB.
        fixed = 0.0 if chosen.name in RELAID else self._fixed(node, steps)
        return steps, times, engine, kernels, fixed, one, macs

    def _fixed(self, node: Node, steps: tuple[Work, ...]) -> float:
        """Bytes of a node's constants as the scratchpad holds them."""
        written_out = node.op_type in self.target.profile.writes_out
        return fixed_bytes(node, steps, self.graph, self.target.tile_bytes, written_out)
