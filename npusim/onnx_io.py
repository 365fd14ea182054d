"""The front end for ONNX files: `load` makes a static `Graph` of one. Everything behind it is in `npusim.loading`.

```
file ─ structure ─► ModelProto without weights ─ walk, builder, shapes_* ─► nodes that run ─ finish ─► Graph
```
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from npusim.collector import held
from npusim.errors import BadArgument, BadModel, TooLarge, UnknownShape
from npusim.graph import Graph

if TYPE_CHECKING:
    import onnx_ir as ir
    from onnx import ModelProto

HASH_AT_LOAD_BYTES = 128 * 2**20  # above this, hashing would cost more than loading; see `sha256`


def load(
    path: str | os.PathLike[str] | ModelProto | ir.Model,
    dims: Mapping[str, int] | None = None,
    *,
    upper_bound: bool = False,
    fixed: Mapping[str, Any] | None = None,
    trips: int | Mapping[str, int] | None = None,
    max_nodes: int | None = None,
) -> Graph:
    """The static graph of an ONNX file: shapes known, constants folded, functions inlined, loops counted.

    Arguments and errors are those of `npusim.model_files.load`.
    """
    from npusim.loading.structure import read_model

    if isinstance(path, str | os.PathLike):
        path = os.fspath(path)
        model = read_model(path)
    else:
        model, path = in_memory(path), ""
    result = of_model(
        model, path, dims, upper_bound=upper_bound, fixed=fixed, trips=trips, max_nodes=max_nodes
    )
    if not path:
        return result
    size = os.path.getsize(path)
    return replace(result, sha256=sha256(path)) if size <= HASH_AT_LOAD_BYTES else result


def of_model(
    model: Any,
    path: str,
    dims: Mapping[str, int] | None = None,
    *,
    upper_bound: bool = False,
    fixed: Mapping[str, Any] | None = None,
    trips: int | Mapping[str, int] | None = None,
    max_nodes: int | None = None,
) -> Graph:
    """The static graph of a ModelProto that came from the file at `path` ('' for none): the way of every front end that
    makes one. Arguments and errors are those of `npusim.model_files.load`."""
    from npusim.loading import all_rules  # noqa: F401  (registers the shape rules)
    from npusim.loading.budget import budget
    from npusim.loading.builder import Builder, Scope
    from npusim.loading.finish import finish
    from npusim.loading.initializers import take_initializers
    from npusim.loading.inputs import bind_inputs
    from npusim.loading.outputs import one_line
    from npusim.loading.trips import check_trips
    from npusim.loading.walk import walk

    graph = model.graph
    scope = Scope(opsets={"" if o.domain == "ai.onnx" else o.domain: o.version for o in model.opset_import})
    builder = Builder(upper_bound=upper_bound, folder=os.path.dirname(path))
    builder.budget = budget(model, max_nodes)
    builder.trips = check_trips(trips)
    builder.functions = {
        ("" if f.domain == "ai.onnx" else f.domain, f.name, f.overload): f for f in model.functions
    }
    for sentence in opset_warnings(scope.opsets.get("", 0)):
        builder.warn(sentence)
    try:
        with np.errstate(all="ignore"), held():
            take_initializers(builder, scope, graph)
            inputs, builder.dims, warnings = bind_inputs(graph, scope, dims or {}, fixed or {})
            for value in inputs:
                builder.env[builder.define(scope, value.name)] = value
            builder.inputs = {value.name: value for value in inputs if not value.constant}
            builder.warnings.update(dict.fromkeys(warnings))
            scope.declared = {v.name: v.type for v in (*graph.value_info, *graph.output)}
            walk(builder, scope, graph.node)
            check_trips(trips, builder.loops)
            outputs = tuple(v.name for v in graph.output)
            if not outputs:
                raise BadModel("the graph has no outputs")
            if len(set(outputs)) < len(outputs):
                raise BadModel("the graph names one output twice")
            result = finish(
                builder, scope, graph.name or os.path.basename(path), tuple(builder.inputs), outputs
            )
    except (BadModel, UnknownShape, TooLarge) as error:
        raise type(error)(f"'{os.path.basename(path) or graph.name}': {error}") from error.__cause__
    except (IndexError, KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise BadModel(
            f"'{os.path.basename(path)}' contradicts itself ({one_line(f'{type(error).__name__}: {error}')})"
        ) from error
    except RecursionError:
        raise BadModel(f"'{os.path.basename(path)}' nests its functions or subgraphs too deeply") from None
    return result


def input_shapes(model: Any) -> dict[str, list[int | str]]:
    """The inputs that are no weights, with their sizes or the names of those that are free. `model`: a path or message.

    Raises `BadModel` and `UnknownShape` for inputs that are no tensors or have no shape.
    """
    from npusim.loading.inputs import symbolic_shape
    from npusim.loading.structure import read_model

    if isinstance(model, str | os.PathLike):
        model = read_model(model)
    weights = {w.name for w in model.graph.initializer}
    return {v.name: symbolic_shape(v) for v in model.graph.input if v.name not in weights}


def in_memory(model: Any) -> ModelProto:
    """The model as ONNX's message. Raises BadArgument for what is no model."""
    if hasattr(model, "graph") and hasattr(model, "opset_import"):
        return cast("ModelProto", model)
    if type(model).__module__.partition(".")[0] == "onnx_ir":
        import onnx_ir

        return cast("ModelProto", onnx_ir.to_proto(model))
    raise BadArgument(
        f"a model is a path, an onnx.ModelProto or an onnx_ir.Model, not {type(model).__name__}; "
        "a graph that is loaded already goes to `simulate` as it is"
    )


def sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file in hexadecimal, read in chunks. `load` leaves it out for files over 128 MiB."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadModel(f"'{path}' cannot be read: {error.strerror or error}") from None


def opset_warnings(opset: int) -> list[str]:
    if opset < 11:
        return [f"opset {opset} is older than 11, the oldest tested; convert the model if a shape is wrong"]
    return []
