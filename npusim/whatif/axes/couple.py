"""A graph's nodes, one after the other, say which of its axes belong together."""

from __future__ import annotations

from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.whatif.axes import layout, pointwise, products  # noqa: F401  (they register)
from npusim.whatif.axes.coupling import RELATIONS, Coupling
from npusim.whatif.axes.unshare import unshared


def coupled(graph: Graph) -> Coupling:
    """Which axes of a graph belong together. No node is refused: what nothing is known of is fixed.

    Raises BadArgument for a graph whose axes are nested too deeply to be told apart."""
    try:
        return _coupled(graph)
    except RecursionError:
        raise BadArgument(
            f"'{graph.name}' nests splits, joins and reshapes of one axis too deeply for a what-if on its shapes"
        ) from None


def _coupled(graph: Graph) -> Coupling:
    whole, copies = unshared(graph)
    found = Coupling(whole, origin=graph, copies=copies)
    graph = whole
    made = {name for node in graph.nodes for name in node.outputs}
    found.weights = {name for name, value in graph.values.items() if value.constant}
    found.stored = found.weights - made
    for node in graph.nodes:
        found.node = node
        if all(n in found.weights for n in node.inputs if n):
            found.weights.update(node.outputs)
        known = RELATIONS.get((node.domain, node.op_type))
        if known is None or node.repeats > 1:
            found.fix_all(node)
        else:
            known(found, node)
    found.node = None
    for name in graph.inputs:
        for axis in found.of(name):
            found.terms.mark(axis, f"input:{name}")
    for name in graph.outputs:
        for axis in found.of(name):
            found.terms.mark(axis, f"output:{name}")
    return found
