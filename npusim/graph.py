"""The graph as the simulator sees it: frozen records, free of ONNX.

A `Graph` is static: every shape is known, everything that could be computed from shapes
and constants has been, and what is left are the nodes that run on the NPU.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from math import prod
from typing import Any

import numpy as np


class DType(Enum):
    """Element types, in ONNX's spelling. `bits` is the size in memory."""

    FLOAT = ("float32", 32)
    FLOAT16 = ("float16", 16)
    BFLOAT16 = ("bfloat16", 16)
    DOUBLE = ("float64", 64)
    FLOAT8E4M3FN = ("float8e4m3fn", 8)
    FLOAT8E5M2 = ("float8e5m2", 8)
    FLOAT8E4M3FNUZ = ("float8e4m3fnuz", 8)
    FLOAT8E5M2FNUZ = ("float8e5m2fnuz", 8)
    FLOAT8E8M0 = ("float8e8m0", 8)
    FLOAT4E2M1 = ("float4e2m1", 4)
    INT2 = ("int2", 2)
    UINT2 = ("uint2", 2)
    INT4 = ("int4", 4)
    UINT4 = ("uint4", 4)
    INT8 = ("int8", 8)
    UINT8 = ("uint8", 8)
    INT16 = ("int16", 16)
    UINT16 = ("uint16", 16)
    INT32 = ("int32", 32)
    UINT32 = ("uint32", 32)
    INT64 = ("int64", 64)
    UINT64 = ("uint64", 64)
    BOOL = ("bool", 8)
    STRING = ("string", 8)
    COMPLEX64 = ("complex64", 64)
    COMPLEX128 = ("complex128", 128)
    UNDEFINED = ("undefined", 0)

    def __init__(self, label: str, bits: int) -> None:
        self.label = label
        self.bits = bits

    @property
    def is_float(self) -> bool:
        return self.label.startswith(("float", "bfloat"))

    @property
    def npu_bytes(self) -> float:
        """Bytes of one element on the NPU: Intel's compiler runs float32 and float64 as fp16,
        and 64-bit integers as 32-bit ones (npu_compiler: precision conversion to FP16 and I32)."""
        if self in (DType.FLOAT, DType.DOUBLE):
            return 2.0
        return min(self.bits, 32) / 8


#: Of a weight's elements; fewer are stored as they are: a bit for each would say where they are (Intel's schedules: 6.0
#: % are kept and 6.5 % are not, of 2,304 x 256 fp16 weights).
LEAST_ZEROS = 1 / 16


@dataclass(frozen=True, slots=True)
class Contents:
    """What is supposed of a tensor's elements beside their type, in counts.

    `zeros`: share of them that is zero and that the MAC array may skip, 0..1. `stored`: bytes in memory over those of
    the type (below 1: compressed); the plan is shaped by those of the type. `read`: bytes the MAC array reads over
    those of the type. `memory`: where a weight lies, if not in DDR. `slots`: how many of the MAC array's slots their
    multiplications take, over those of the type (below 1: narrower, or zeros in a pattern that leaves no slot
    empty). `found`: share of a weight that is zero in the file, 0..1; how it is stored follows where it is read."""

    zeros: float = 0.0
    stored: float = 1.0
    slots: float = 1.0
    read: float = 1.0
    memory: str = ""
    found: float = 0.0


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor: its name, shape and type. `constant` is true for weights and for all that
    follows from constants alone; `data` is kept for small constants only (axes, masks' sizes), of a large one `number`,
    where all its elements are known to be that. `contents`: what is supposed of its elements; None, as a file leaves
    it: nothing."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    constant: bool = False
    data: np.ndarray | None = field(default=None, compare=False)
    contents: Contents | None = None
    number: Any = None

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def npu_bytes(self) -> float:
        """Bytes this tensor takes on the NPU."""
        return self.elements * self.dtype.npu_bytes


@dataclass(frozen=True, slots=True)
class Node:
    """One op. `attributes` hold plain Python values (int, float, str, tuples, ndarray).

    `repeats` > 1: a node of a Loop or Scan body, run that many times one after another.
    `absorbed`: names of the nodes fused into this one. `post_ops`: op types that run in the
    drain path of the MAC array behind it (bias, ReLU, ...), and cost nothing there.
    `metadata`: what xamba wrote of the node ('xamba.from': op type and name of the node it replaces;
    'xamba.table': the activation table it is a part of). A missing optional input is the empty string, as in ONNX.
    """

    name: str
    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any] = field(default_factory=dict, hash=False)
    domain: str = ""
    repeats: int = 1
    absorbed: tuple[str, ...] = ()
    post_ops: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict, hash=False, compare=False)

    def attribute(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Graph:
    """A static graph, nodes in topological order.

    `values` holds every tensor that a node, an input or an output names.
    `in_file` counts the nodes of the file, `folded` those that cost nothing because they follow from
    shapes and constants. `warnings` are sentences for the user. `run_time`: name and op of each If and Loop of
    which the data decide what runs; they were taken in all the same. `form`: the kind of file, where it is not ONNX.
    """

    name: str
    nodes: tuple[Node, ...]
    values: dict[str, Value]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    opset: int = 0
    sha256: str = ""
    folded: int = 0
    in_file: int = 0
    warnings: tuple[str, ...] = ()
    run_time: tuple[tuple[str, str], ...] = ()
    form: str = ""

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {list(self.values[name].shape)}" for name in self.inputs[:3])
        more = f" and {len(self.inputs) - 3} more" if len(self.inputs) > 3 else ""
        return f"Graph({self.name!r}, {len(self.nodes)} nodes; inputs {shapes or 'none'}{more})"

    def input_values(self, node: Node) -> list[Value | None]:
        return [self.values[name] if name else None for name in node.inputs]

    def output_values(self, node: Node) -> list[Value | None]:
        return [self.values[name] if name else None for name in node.outputs]

    def leading_to(self, names: Iterable[str]) -> list[Node]:
        """The nodes that make these tensors and all that come before those, in order."""
        wanted, found = set(names), list[Node]()
        for node in reversed(self.nodes):
            if not wanted.isdisjoint(node.outputs):
                wanted.update(name for name in node.inputs if name)
                found.append(node)
        return found[::-1]

    def with_nodes(self, nodes: tuple[Node, ...], **changes: Any) -> Graph:
        return replace(self, nodes=nodes, **changes)
