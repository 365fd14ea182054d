"""What a one-node graph is made from: a form of an op, a rank and an element type."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, defs, helper, numpy_helper

from tests.vendor.builder import Builder

MS = "com.microsoft"
#: Shapes without an axis of one: a compiler drops those, and with them a limit on ranks.
SHAPES = {0: (), 1: (16,), 2: (4, 16), 3: (2, 4, 16), 4: (2, 3, 4, 16), 5: (2, 3, 2, 4, 16), 6: (2, 3, 2, 2, 4, 16),
          7: (2, 2, 3, 2, 2, 4, 16)}  # fmt: skip
RANKS = tuple(SHAPES)
TYPES = {
    "float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16,
    "float64": TensorProto.DOUBLE, "int8": TensorProto.INT8, "uint8": TensorProto.UINT8, "int16": TensorProto.INT16,
    "uint16": TensorProto.UINT16, "int32": TensorProto.INT32, "uint32": TensorProto.UINT32,
    "int64": TensorProto.INT64, "uint64": TensorProto.UINT64, "bool": TensorProto.BOOL,
    "float8e4m3fn": TensorProto.FLOAT8E4M3FN, "float8e5m2": TensorProto.FLOAT8E5M2,
    "float8e4m3fnuz": TensorProto.FLOAT8E4M3FNUZ, "float8e5m2fnuz": TensorProto.FLOAT8E5M2FNUZ,
    "float4e2m1": TensorProto.FLOAT4E2M1, "int4": TensorProto.INT4, "uint4": TensorProto.UINT4,
    "int2": TensorProto.INT2, "uint2": TensorProto.UINT2, "float8e8m0": TensorProto.FLOAT8E8M0,
}  # fmt: skip
NUMPY = {name: helper.tensor_dtype_to_np_dtype(code) for name, code in TYPES.items()}
LATEST = 21
#: Most axes of a graph input or output.
IO_RANK = 5


class Form(NamedTuple):
    """One way to write an op. `build(g, rank, dtype)` writes it into a builder and returns its outputs."""

    op: str
    domain: str
    name: str
    build: Callable[["G", int, str], Any]
    ranks: tuple[int, ...]
    types: tuple[str, ...]
    opset: int


FORMS: list[Form] = []


class G(Builder):
    """A builder whose inputs and constants take the names of element types."""

    def x(self, shape: tuple[int, ...], dtype: str = "float32") -> str:
        """A graph input."""
        return self.input(*shape, dtype=TYPES[dtype])

    def c(self, values: Any, dtype: str = "float32") -> str:
        """A constant of an element type."""
        name = f"c{len(self.constants)}"  # `const` would make float64 float16
        self.constants.append(numpy_helper.from_array(np.asarray(values).astype(NUMPY[dtype]), name))
        return name

    def w(self, shape: tuple[int, ...], dtype: str = "float32") -> str:
        """Weights: numbers that repeat, none of them zero."""
        return self.c(np.resize(np.arange(1, 8) / (1 if NUMPY[dtype].kind in "iub" else 8), shape), dtype)


def since(op: str, domain: str) -> int:
    """The first opset that has an op."""
    return 1 if domain else first_versions().get(op, 1)


@cache
def first_versions() -> dict[str, int]:
    """The first opset of every op of ONNX's own."""
    found: dict[str, int] = {}
    for schema in defs.get_all_schemas_with_history():
        if not schema.domain:
            found[schema.name] = min(found.get(schema.name, schema.since_version), schema.since_version)
    return found


def form(
    ops: str, name: str = "", ranks: tuple[int, ...] = (), types: str = "", domain: str = "", opset: int = 0
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a form of one or more ops; without ranks or types it has one of each."""

    def register(build: Callable[..., Any]) -> Callable[..., Any]:
        for op in ops.split():
            kinds = tuple(types.split()) if types != "all" else allowed(op, domain)
            version = opset or (LATEST if domain else max(LATEST, since(op, domain)))
            own = build if build.__code__.co_argcount == 3 else _with_op(build, op)
            FORMS.append(Form(op, domain, name, own, ranks, kinds, version))
        return build

    return register


def _with_op(build: Callable[..., Any], op: str) -> Callable[..., Any]:
    return lambda g, rank, dtype: build(g, rank, dtype, op)


def allowed(op: str, domain: str) -> tuple[str, ...]:
    """The element types that the standard allows as the first input of an op, in its latest version."""
    if domain:
        return ("float32", "float16")
    schema = defs.get_schema(op, max(LATEST, since(op, domain)), domain)
    spelling = {"float": "float32", "double": "float64"}
    found = {t.removeprefix("tensor(").removesuffix(")") for t in schema.inputs[0].types}
    return tuple(t for t in TYPES if t in {spelling.get(f, f) for f in found})


def model_of(form: Form, rank: int, dtype: str) -> onnx.ModelProto:
    """The graph of a form at a rank and type. Tensors of more than five axes stand inside, between Reshapes: a graph
    input of six axes is refused whatever reads it."""
    g = G(opset=form.opset)
    made = form.build(g, rank, dtype)
    outputs = [made] if isinstance(made, str) else list(made)
    if rank > IO_RANK:
        outputs = inside(g, outputs)
    graph = helper.make_graph(
        g.nodes, "one", g.inputs, [helper.make_empty_tensor_value_info(n) for n in outputs], g.constants
    )
    domains = sorted({n.domain for n in g.nodes if n.domain})
    opsets = [helper.make_opsetid("", form.opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def inside(g: G, outputs: list[str]) -> list[str]:
    """Put a Reshape from two axes in front of every input, and one to two axes behind every output."""
    before = []
    for info in g.inputs:
        shape = [d.dim_value for d in info.type.tensor_type.shape.dim]
        if len(shape) > IO_RANK:
            flat, code = f"{info.name}_flat", info.type.tensor_type.elem_type
            before.append(
                helper.make_node("Reshape", [flat, g.c(shape, "int64")], [info.name], name=f"{info.name}_in")
            )
            rest = int(np.prod(shape[1:]))
            info.CopyFrom(helper.make_tensor_value_info(flat, code, [shape[0], rest]))
    g.nodes[:0] = before
    return [g.op("Reshape", output, g.c([1, -1], "int64")) for output in outputs]


def planned() -> Iterator[tuple[Form, int, str]]:
    """Every form at every rank (of one type) and every type (of one rank)."""
    for one in FORMS:
        ranks, types = one.ranks or (4,), one.types or ("float32",)
        base = 3 if 3 in ranks else ranks[0]
        main = "float32" if "float32" in types else types[0]
        seen = dict.fromkeys([(base, t) for t in types] + [(r, main) for r in ranks])
        for rank, dtype in seen:
            yield one, rank, dtype
