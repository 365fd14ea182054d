"""A graph for another length of its sequence (or batch): the axis an input has, and all that go with it."""

from __future__ import annotations

from collections.abc import Iterator

from npusim.errors import BadArgument, NpusimError
from npusim.graph import Graph, Node
from npusim.loading import all_rules  # noqa: F401  (registers the shape rules)
from npusim.loading.outputs import infer_outputs
from npusim.loading.rules import Op
from npusim.whatif.axes.coupling import Coupling
from npusim.whatif.axes.narrow import Narrowing, narrowed
from npusim_xamba.text import near, quoted


def axis_of(graph: Graph, name: str) -> tuple[str, int]:
    """The input and axis of 'INPUT.AXIS'; of an empty name the one that lengths are most likely of: the second axis of
    token ids, else rows already in a cache (the third of four axes), else the batch.

    Raises BadArgument with the nearest name."""
    shapes = {n: graph.values[n].shape for n in graph.inputs}
    if not name:
        for n, shape in shapes.items():
            masks_a_cache = any(len(s) == 4 and s[2] == shape[-1] - 1 for s in shapes.values())
            if len(shape) == 2 and shape[1] > 1 and not graph.values[n].dtype.is_float and not masks_a_cache:
                return n, 1
        for n, shape in shapes.items():
            if len(shape) == 4 and shape[2] > 1 and "key" in n.lower():
                return n, 2
        for n, shape in shapes.items():
            if shape:
                return n, 0
        raise BadArgument(
            f"what-if 'pad': '{graph.name}' has no input with an axis that could be longer; give another model"
        )
    given, _, axis = name.rpartition(".")
    known = [f"{n}.{k}" for n, shape in shapes.items() for k in range(len(shape))]
    if name not in known:
        raise BadArgument(
            f"what-if 'pad': no input axis is called {quoted(name)}; write INPUT.AXIS{near(name, known)}"
        )
    return given, int(axis)


def stretched(coupling: Coupling, name: str, axis: int, length: int) -> Graph:
    """The graph with `length` places along that axis. Raises BadArgument where a node cannot follow."""
    graph, terms = coupling.graph, coupling.terms
    term = coupling.at(Node("", "", (), ()), name)[axis]
    grows = length - terms.size(term)
    if not grows:
        return coupling.origin or graph
    longest = max(set(terms.atoms(term)), key=lambda atom: terms.sizes[atom])
    unit = terms.resized(term, {longest: terms.sizes[longest] + 1}) - terms.size(term)
    size = terms.sizes[longest] + grows // unit
    if grows % unit or size < 1:
        raise BadArgument(
            f"what-if 'pad': '{name}' has {terms.size(term)} places along axis {axis}, in steps of {unit}; {length} is "
            "no such length"
        )
    found = narrowed(Narrowing(coupling, {longest: size}, {}))
    for sentence in disagreements(found):
        raise BadArgument(
            f"what-if 'pad': '{name}' cannot have {length} places along axis {axis}: {sentence}"
        )
    return found


def disagreements(graph: Graph) -> Iterator[str]:
    """Nodes whose outputs are not what their shape rules make of their inputs, one sentence each."""
    values = graph.values
    for node in graph.nodes:
        inputs = [values[n] if n else None for n in node.inputs]
        op = Op(
            node.op_type, node.domain, node.name, node.attributes, inputs, len(node.outputs), graph.opset,
            lambda value: value.data, lambda said: None,
        )  # fmt: skip
        try:
            outs = infer_outputs(op, None)
        except NpusimError as error:
            yield str(error)
            continue
        for name, out in zip(node.outputs, outs, strict=False):
            if name and values[name].shape != out.shape:
                yield f"node '{node.name}' ({node.op_type}) gives {list(out.shape)}, not {list(values[name].shape)}"
