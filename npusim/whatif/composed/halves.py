"""The two halves of a model as ONNX files: run one after the other they give the whole's answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from npusim.errors import BadArgument
from npusim.graph import Graph, Node
from npusim.whatif.composed.alternatives import matching, needed_for

if TYPE_CHECKING:
    from onnx import ModelProto


def halves(model: ModelProto, at: str) -> dict[str, ModelProto]:
    """'head' and 'tail' of a model, cut behind the nodes of the name `at` and all that comes before them.

    The tail's inputs are what crosses the cut and those of the whole that it still reads. Raises BadArgument: no such
    node, nothing before or behind the cut."""
    from onnx.utils import Extractor

    from npusim.onnx_io import load

    graph = load(model)
    inside = needed_for(graph, matching(graph, at, "split"))
    crossing = between(graph, inside)
    behind = [node for node in graph.nodes if node.name not in inside]
    if not crossing or not behind:
        raise BadArgument(f"what-if 'split': nothing lies behind '{at}', so there is no tail to save")
    whole = _with_types(model, graph, crossing)
    made = {name for node in graph.nodes if node.name in inside for name in node.outputs}
    early = [name for name in graph.outputs if name in made]
    late = [name for name in graph.outputs if name not in made]
    read = _inputs_of(graph, behind)
    heads = [
        name
        for name in graph.inputs
        if name in _inputs_of(graph, [n for n in graph.nodes if n.name in inside])
    ]
    extractor = Extractor(whole)
    return {
        "head": extractor.extract_model(heads, list(dict.fromkeys((*crossing, *early)))),
        "tail": extractor.extract_model([*crossing, *(n for n in graph.inputs if n in read)], late),
    }


def between(graph: Graph, inside: set[str]) -> list[str]:
    """Tensors that nodes inside make and others read, in order."""
    made = {name for node in graph.nodes if node.name in inside for name in node.outputs if name}
    read = (n for node in graph.nodes if node.name not in inside for n in node.inputs if n in made)
    return list(dict.fromkeys(read))


def _inputs_of(graph: Graph, nodes: Iterable[Node]) -> set[str]:
    return {name for node in nodes for name in node.inputs if name in graph.inputs}


def _with_types(model: ModelProto, graph: Graph, names: list[str]) -> ModelProto:
    """A copy of the model that tells the shapes and types of these tensors. Raises BadArgument for one it has not."""
    from onnx import TensorProto, helper

    there = {name for node in model.graph.node for name in node.output}
    known = {info.name for info in (*model.graph.value_info, *model.graph.output)}
    whole = type(model)()
    whole.CopyFrom(model)
    for name in names:
        if name not in there:
            raise BadArgument(
                f"'{name}' lies in a loop, a branch or a function of the file; inline it first, or cut elsewhere"
            )
        if name not in known:
            value = graph.values[name]
            kind = TensorProto.DataType.Value(value.dtype.name)
            whole.graph.value_info.append(helper.make_tensor_value_info(name, kind, value.shape))
    return whole
