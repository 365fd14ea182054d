"""Heads, units and channels taken out: the graph with smaller shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.graph import Graph
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.terminal.units import nbytes
from npusim.whatif.axes.chosen import chosen
from npusim.whatif.axes.couple import coupled
from npusim.whatif.axes.groups import Group, groups
from npusim.whatif.axes.narrow import Narrowing, narrowed
from npusim.whatif.base import Supposition, option

if TYPE_CHECKING:
    import onnx


class Prune(Supposition):
    """What if a share of the attention heads, feed-forward units or channels were taken out?

    Everything that meets what is taken out gets narrower with it: residuals, concatenations, groups, norms, reshapes.
    The last indices go; which go says nothing about time, and what the answer is worth afterwards is not asked."""

    name: ClassVar[str] = "prune"
    needs: ClassVar[str] = ""
    came_from: ClassVar[str] = (
        "Bypass Back-propagation (structured pruning), privacy-preserving pattern pruning"
    )

    heads: float = option(
        0.0, "share of the heads to take out, of key heads where they are shared", ge=0, lt=1
    )
    ffn: float = option(0.0, "share of the units between a feed-forward layer's projections", ge=0, lt=1)
    channels: float = option(
        0.0, "share of the channels of convolutions, and of other projections", ge=0, lt=1
    )
    layers: str = option("", "layers it is about, from 0, as in 6-11 or 0,2; empty: all")
    pattern: str = option("", "YAML file: node name (with * and ?) to a share, or to {keep: [indices]}")
    multiple: int = option(
        0, "what stays of units and channels is rounded up to a multiple of this; 0: 16 from 64 on", ge=0
    )
    edges: Literal["keep", "change"] = option(
        "keep", "'change': axes of the graph's inputs and outputs may change too"
    )

    def narrowing(self, graph: Graph) -> tuple[Narrowing, list[tuple[Group, int]]]:
        """What changes of a graph, and each group with how many of it stay. Raises BadArgument."""
        coupling = coupled(graph)
        found = groups(coupling)
        shares = {"heads": self.heads, "ffn": self.ffn, "channels": self.channels}
        kept = chosen(found, shares, self.layers, self.pattern, self.multiple, self.edges == "change")
        atoms = {group.atom: places for group, places in kept}
        return Narrowing.keeping(coupling, atoms), [(group, len(places)) for group, places in kept]

    def apply(self, graph: Graph, hw: Hardware) -> tuple[Graph, Hardware]:
        """The graph with smaller shapes; the graph itself where nothing is taken out."""
        if not graph.nodes or not (self.heads or self.ffn or self.channels or self.pattern):
            return graph, hw
        return narrowed(self.narrowing(graph)[0]), hw

    @classmethod
    def rewrites_model(cls) -> bool:
        """No: it is asked of the graph, and the file is rewritten for `--save` only."""
        return False

    def rewritten(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """The model with smaller weights; of weights that are not there, smaller shapes."""
        from npusim.onnx_io import load
        from npusim.whatif.axes.onnx_file import narrowed_model

        if not (self.heads or self.ffn or self.channels or self.pattern):
            return model
        if model.functions:
            from onnx.inliner import inline_local_functions

            model = inline_local_functions(model)
        return narrowed_model(model, self.narrowing(load(model))[0])

    def says(self, before: Graph, after: Graph, hw: Hardware) -> str:
        """How many of what stay, and what the constants take before and after."""
        if after is before:
            return "nothing is taken out: nothing changes"
        _, kept = self.narrowing(before)
        parts = []
        for kind, word in (("heads", "heads"), ("ffn", "feed-forward units"), ("channels", "channels")):
            mine = [(group.size, left) for group, left in kept if group.kind == kind and left < group.size]
            if mine:
                old, new = (sum(x) for x in zip(*mine, strict=True))
                parts.append(f"{new:,} of {old:,} {word} stay in {len(mine)} layer{'s' * (len(mine) > 1)}")
        old_bytes, new_bytes = (nbytes(_constant_bytes(g)) for g in (before, after))
        odd = sum(
            left % CHANNEL_BLOCK and not group.size % CHANNEL_BLOCK
            for group, left in kept
            if group.kind != "heads"
        )
        what = f"{odd} layer{'s keep' if odd > 1 else ' keeps'} no multiple of {CHANNEL_BLOCK}"
        hint = f"; {what}: multiple={CHANNEL_BLOCK} may be faster" if odd else ""
        return f"{', '.join(parts)}; constants take {new_bytes} in place of {old_bytes}{hint}"


def _constant_bytes(graph: Graph) -> float:
    """Bytes of all constants on the NPU."""
    return float(np.sum([v.npu_bytes for v in graph.values.values() if v.constant]))
