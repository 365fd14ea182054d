"""Go through the nodes of a graph once, in order: constants, renamings, functions, plain nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from npusim.errors import BadModel, NpusimError
from npusim.graph import DType
from npusim.loading import order
from npusim.loading.budget import short
from npusim.loading.builder import Builder, Scope
from npusim.loading.dimensions import evaluate
from npusim.loading.outputs import one_line
from npusim.loading.registered import registered
from npusim.loading.rules import Out
from npusim.loading.tensors import attributes_of, dtype_of

# Ops that are no plain node: (builder, scope, proto, name, inputs, outputs) -> None. Filled by `special`.
Special = Callable[[Builder, Scope, Any, str, tuple[str, ...], tuple[str, ...]], None]
SPECIAL: dict[str, Special] = {}


def special(*kinds: str) -> Callable[[Special], Special]:
    """Register how these ops are taken in."""
    return registered(SPECIAL, kinds, "a way to be taken in")


NO_METADATA: dict[str, str] = {}


def metadata_of(proto: Any) -> dict[str, str]:
    """What xamba wrote of a node."""
    return {p.key: p.value for p in proto.metadata_props if p.key.startswith("xamba.")}


def walk(builder: Builder, scope: Scope, protos: Any) -> None:
    """Take in all nodes of one graph or function body."""
    functions, opsets, attributes = builder.functions, scope.opsets, scope.attributes
    define, find, count = builder.define, scope.find, builder.budget.node
    for index, (proto, inputs, outputs) in enumerate(order.ordered(protos, find)):
        kind, domain = proto.op_type, proto.domain
        if domain == "ai.onnx":
            domain = ""
        name = builder.node_name(scope, proto.name, kind, index)
        builder.visited += 1
        count(name)
        builder.metadata = metadata_of(proto) if proto.metadata_props else NO_METADATA
        if functions and (domain, kind, proto.overload) in functions:
            call(builder, scope, proto, name, inputs, outputs)
        elif not domain and kind in SPECIAL:
            taken_apart(builder, scope, proto, name, inputs, outputs)
        else:
            builder.apply(
                kind,
                tuple([tensor(scope, i) if i else "" for i in inputs]),
                tuple([define(scope, o) if o else "" for o in outputs]),
                attributes_of(proto.attribute, attributes) if proto.attribute else {},
                name,
                opsets.get(domain, 1),
                domain,
                partial(declared, builder, scope, outputs),
            )


def taken_apart(
    builder: Builder, scope: Scope, proto: Any, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    """A node of a special op; whatever a malformed one breaks, the error names it."""
    try:
        SPECIAL[proto.op_type](builder, scope, proto, name, inputs, outputs)
    except (NpusimError, RecursionError):
        raise
    except Exception as error:
        text = one_line(str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}")
        raise BadModel(f"node '{short(name)}' ({proto.op_type}): {text}") from error


def tensor(scope: Scope, local: str) -> str:
    """The tensor behind a local name; a formal parameter that was not given is the empty string."""
    found = scope.find(local)
    if found is None:
        raise BadModel(f"'{local}' is read, but nothing produces it")
    if isinstance(found, tuple):
        raise BadModel(f"'{local}' is a sequence where a tensor is needed")
    return found


def declared(builder: Builder, scope: Scope, outputs: tuple[str, ...]) -> list[Out] | None:
    """What the file says about these outputs; None unless every dimension of each is known."""
    outs = []
    for output in outputs:
        if not output:
            outs.append(Out(DType.UNDEFINED, ()))
            continue
        proto = scope.declared.get(output)
        if proto is None or not proto.HasField("tensor_type") or not proto.tensor_type.HasField("shape"):
            return None
        kind, dims = proto.tensor_type, []
        for dim in kind.shape.dim:
            size = evaluate(dim.dim_param.strip(), builder.dims) if dim.dim_param else dim.dim_value
            if size is None or size < 0 or not (dim.dim_param or dim.HasField("dim_value")):
                return None
            dims.append(size)
        if not kind.elem_type:
            return None
        outs.append(Out(dtype_of(kind.elem_type), tuple(dims)))
    return outs


def rename(scope: Scope, local: str, found: Any) -> None:
    if local in scope.names:
        raise BadModel(f"tensor '{local}' is defined twice")
    scope.names[local] = found


def call(
    builder: Builder, scope: Scope, proto: Any, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    """Inline a model-local function. One of domain xamba stays a node; its body gives the output shapes."""
    key = (proto.domain, proto.op_type, proto.overload)
    function = builder.functions[key]
    if key in builder.calls:
        raise BadModel(f"node '{name}': function '{proto.op_type}' calls itself")
    if len(inputs) > len(function.input) or len(outputs) > len(function.output):
        raise BadModel(
            f"node '{name}': function '{proto.op_type}' takes {len(function.input)} inputs and gives "
            f"{len(function.output)} outputs, the call has {len(inputs)} and {len(outputs)}"
        )
    given = attributes_of(proto.attribute, scope.attributes)
    attributes = attributes_of(function.attribute_proto, {}) | given
    inner = Scope(prefix=f"{name}/", attributes=attributes, opsets=dict(scope.opsets))
    inner.opsets.update({"" if o.domain == "ai.onnx" else o.domain: o.version for o in function.opset_import})
    inner.declared = {v.name: v.type for v in function.value_info}
    actual = [scope.find(i) if i else "" for i in inputs]
    for position, formal in enumerate(function.input):
        inner.names[formal] = (actual[position] if position < len(actual) else "") or ""
    stays = proto.domain == "xamba"
    mark = builder.mark()
    builder.calls.append(key)
    walk(builder, inner, function.node)
    builder.calls.pop()
    found = [inner.find(formal) for formal in function.output[: len(outputs)]]
    if any(f is None for f in found):
        raise BadModel(f"function '{proto.op_type}' does not produce all of its outputs")
    if not stays:
        for local, source in zip(outputs, found, strict=True):
            if local:
                rename(scope, local, source)
        return
    outs = [Out(builder.env[str(f)].dtype, builder.env[str(f)].shape) for f in found]
    builder.rollback(mark)
    names = tuple(builder.define(scope, o) if o else "" for o in outputs)
    ins = tuple(tensor(scope, i) if i else "" for i in inputs)
    builder.apply(proto.op_type, ins, names, given, name, 1, proto.domain, outs=outs)
