"""Zeros in weights and activations."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from npusim.arch.hardware import Hardware
from npusim.graph import Graph
from npusim.whatif.base import Supposition, option


class Sparsity(Supposition):
    """What if a share of the weights, or of the activations, were zero?"""

    name: ClassVar[str] = "sparsity"
    came_from: ClassVar[str] = "RAMAN; SqueezeLLM's dense-and-sparse"

    weights: float = option(0.0, "share of the weights that are zero", ge=0, le=1)

    def apply(self, graph: Graph, hw: Hardware) -> tuple[Graph, Hardware]:
        values = {
            name: replace(value, zeros=self.weights) if value.constant else value
            for name, value in graph.values.items()
        }
        return replace(graph, values=values), hw
