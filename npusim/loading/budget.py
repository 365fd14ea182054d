"""What a file may unfold to: bounds on work, so that a few hundred bytes cannot claim a machine.

A model of a few kB can name 2^20 nested calls, loops in loops, or a tensor of 2^1000 elements. The work of
loading is bounded by what the file holds: `Budget.most_nodes` counts every node taken in, trials that are
thrown away included.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from npusim.errors import TooLarge

LEAST_MOST_NODES = 30_000  # unfolded in about a second; the largest exported networks hold 20,000
NODES_PER_NODE = 10  # a function or an unrolled body may be taken in several times
MOST_ELEMENTS = 2**62  # of one tensor: what a runtime can count in bytes
MOST_RANK = 64  # NumPy's limit as well


@dataclass(slots=True, repr=False, eq=False)
class Budget:
    """Nodes taken in so far, and how many may be."""

    most_nodes: int
    used: int = 0

    def node(self, name: str) -> None:
        self.used += 1
        if self.used > self.most_nodes:
            raise TooLarge(
                f"the model unfolds to more than {self.most_nodes} nodes once its functions, branches and "
                f"loops are taken in (at node '{short(name)}'); raise the limit with --max-nodes"
            )


def budget(model: Any, most_nodes: int | None) -> Budget:
    """The budget of a model: `most_nodes`, or ten times the nodes it holds, `LEAST_MOST_NODES` at least."""
    if most_nodes is None:
        held = len(model.graph.node) + sum(len(f.node) for f in model.functions)
        most_nodes = max(LEAST_MOST_NODES, NODES_PER_NODE * held)
    return Budget(most_nodes)


def check_size(name: str, shape: tuple[int, ...]) -> None:
    """Raises `TooLarge` for a tensor that no machine holds."""
    if len(shape) > MOST_RANK:
        raise TooLarge(
            f"tensor '{short(name)}' has {len(shape)} dimensions; at most {MOST_RANK} are supported"
        )
    elements = prod(shape)
    if elements > MOST_ELEMENTS:
        raise TooLarge(
            f"tensor '{short(name)}' of shape {shape} has {float(elements):.3g} elements; "
            "at most 2^62 can be counted"
        )


def short(name: str) -> str:
    """A name that fits into a sentence: nested subgraphs and calls make very long ones."""
    return name if len(name) <= 120 else f"{name[:50]}...{name[-60:]}"
