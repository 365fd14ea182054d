"""Writes ONNX: nodes with names that say where they stand, constants that are shared, weights with or without bytes.

A graph of a large model holds no weights: its tensors are external data in a file that is not there, as an exporter
leaves them, which is all that a simulator asks for. With `values` they are in it, for proofs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from npusim.errors import BadArgument
from npusim.language.storage import SCALES_A_SCALE, Storage, Width, block_of, normal_floats, quantised, scales
from npusim.messages import messages

OPSET = 21  # blocked DequantizeLinear of int4
IR_VERSION = 10
DROPPED = "weights_dropped.bin"
MICROSOFT = "com.microsoft"
TYPES = {"float32": 1, "int8": 3, "uint8": 2, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "int4": 22}
Values = Callable[[str, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True, slots=True)
class Step:
    """What one pass of the graph does: `tokens` new ones behind `past` in the cache, for `batch` sequences."""

    tokens: int
    past: int
    batch: int
    with_cache: bool = True
    new_rows: bool = False  # of keys and values only the new rows come out

    @property
    def rows(self) -> int:
        """Tokens seen when the pass is done."""
        return self.past + self.tokens


class Writer:
    """The graph under construction. `step` is what it does, `storage` how its weights lie in memory."""

    def __init__(self, name: str, step: Step, storage: Storage, values: Values | None = None) -> None:
        self.step = step
        self.storage = storage
        self.values = values
        self.float = "float32" if storage.weights is Width.FP32 else "float16"
        self.messages: Any = messages()
        self.model: Any = self.messages.ModelProto(ir_version=IR_VERSION, producer_name="npusim")
        self.model.opset_import.add(domain="", version=OPSET)
        self.graph: Any = self.model.graph
        self.graph.name = name
        self.scope: list[str] = []
        self.shared: dict[
            Any, str
        ] = {}  # what is written once for the whole graph, under a key of its writer
        self._taken: dict[str, int] = {}

    @contextmanager
    def within(self, *names: str) -> Iterator[None]:
        """Nodes and weights written inside stand below these names."""
        self.scope += names
        yield
        del self.scope[len(self.scope) - len(names) :]

    @contextmanager
    def body(self, name: str) -> Iterator[Any]:
        """Nodes, inputs, outputs and constants written inside are those of a subgraph. It takes nothing from the graph
        around it but its inputs: Intel's compiler knows no other Scan."""
        outer = self.graph
        self.graph = self.messages.GraphProto(name=self._unique("/" + "/".join((*self.scope, name))))
        yield self.graph
        self.graph = outer

    def op(self, op_type: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """One node with one result, whose name is returned; `out` names it."""
        return self.ops(op_type, *inputs, out=(out,), **attributes)[0]

    def ops(
        self, op_type: str, *inputs: str, out: tuple[str, ...], domain: str = "", **attributes: Any
    ) -> list[str]:
        """One node with a result for each of `out`; an empty one gets a name."""
        name = self._unique("/" + "/".join((*self.scope, op_type)))
        node = self.graph.node.add(op_type=op_type, name=name, domain=domain)
        if domain and all(known.domain != domain for known in self.model.opset_import):
            self.model.opset_import.add(domain=domain, version=1)
        node.input.extend(inputs)
        more = "" if len(out) == 1 else "_{}"
        results = [given or f"{name}_output{more.format(k)}" for k, given in enumerate(out)]
        node.output.extend(results)
        for key, value in attributes.items():
            proto = node.attribute.add(name=key)
            if isinstance(value, str):
                proto.type, proto.s = 3, value.encode()
            elif isinstance(value, float):
                proto.type, proto.f = 1, value
            elif isinstance(value, int):
                proto.type, proto.i = 2, value
            elif isinstance(value, self.messages.GraphProto):
                proto.type = 5
                proto.g.CopyFrom(value)
            else:
                proto.type = 7
                proto.ints.extend(value)
        return results

    def _unique(self, name: str) -> str:
        count = self._taken[name] = self._taken.get(name, -1) + 1
        return f"{name}_{count}" if count else name

    def ints(self, *numbers: int) -> str:
        """A constant of whole numbers, one axis."""
        return self.constant(np.array(numbers, np.int64))

    def scalar(self, number: float) -> str:
        """A constant of the type of activations, without axes."""
        with np.errstate(over="ignore"):  # a factor too large for fp16 is infinite there
            return self.constant(np.array(number, self.float))

    def zeros(self, *shape: int) -> str:
        """A constant of zeros; it has no bytes."""
        key = ("zeros", self.graph.name, shape)
        if key not in self.shared:
            self.shared[key] = self.op("Expand", self.scalar(0.0), self.ints(*shape))
        return self.shared[key]

    def ones(self, size: int) -> str:
        """A constant of ones of the type of activations."""
        return self.constant(np.ones(size, self.float))

    def constant(self, data: np.ndarray) -> str:
        """A constant with its value; equal ones are one."""
        key = (self.graph.name, str(data.dtype), data.shape, data.tobytes())
        if key not in self.shared:
            self.shared[key] = self._unique("constant")
            proto = self._tensor(self.shared[key], data.shape, str(data.dtype), self.graph)
            proto.raw_data = data.tobytes()
        return self.shared[key]

    def parameter(self, name: str, shape: tuple[int, ...]) -> str:
        """A float weight below the present scope."""
        full = ".".join((*self.scope, name))
        if full not in self.shared:
            self.shared[full] = full
            data = None if self.values is None else self.values(full, shape)
            self._weight(full, shape, self.float, data)
        return full

    def weight(self, name: str, shape: tuple[int, ...], width: Width | None = None) -> str:
        """A matrix [..., inputs, outputs] below the present scope, stored as all matrices are or in `width`; named is
        what comes out of its DequantizeLinear."""
        width = width or self.storage.weights
        if width in (Width.FP16, Width.FP32):
            return self.parameter(name, shape)
        if width.normal:
            raise BadArgument(
                f"weights {width}: no op of ONNX holds experts so; ask --what-if precision:weights=nf4 of another width"
            )
        full = ".".join((*self.scope, name))
        whole, scale = self.integers(full, shape, width)
        if len(scales(shape, width, self.storage.group)) == 1:
            return self.op("DequantizeLinear", whole, scale, axis=1)
        block = block_of(shape[-2], width, self.storage.group)
        return self.op("DequantizeLinear", whole, scale, axis=len(shape) - 2, block_size=block)

    def integers(self, full: str, shape: tuple[int, ...], width: Width) -> tuple[str, str]:
        """The integers of a matrix and its scales, as two tensors."""
        key = (full, width)
        if key not in self.shared:
            group = self.storage.group
            whole = scale = None
            if self.values is not None:
                whole, scale = quantised(self.values(full, shape), width, group)
            self._weight(f"{full}_{width}", shape, str(width), whole)
            self._weight(f"{full}_scale", scales(shape, width, group), self.float, scale)
            self.shared[key] = full
        return f"{full}_{width}", f"{full}_scale"

    def rows(self, name: str, shape: tuple[int, ...]) -> tuple[str, str]:
        """A table [rows, channels] below the present scope in int8, a scale a row: its integers and its scales."""
        full = ".".join((*self.scope, name))
        key = (full, "rows")
        if key not in self.shared:
            whole = scale = None
            if self.values is not None:
                whole, scale = quantised(self.values(full, shape).T, Width.INT8, -1)
                whole = whole.T
            self._weight(f"{full}_int8", shape, "int8", whole)
            self._weight(f"{full}_scale", shape[:1], self.float, scale)
            self.shared[key] = full
        return f"{full}_int8", f"{full}_scale"

    def linear(self, x: str, name: str, inputs: int, outputs: int, bias: bool = False) -> str:
        """x [..., inputs] times a matrix, plus a bias."""
        with self.within(name):
            y = self.product(x, "weight", (inputs, outputs))
            return self.op("Add", y, self.parameter("bias", (outputs,))) if bias else y

    def product(
        self, x: str, name: str, shape: tuple[int, int], width: Width | None = None, out: str = ""
    ) -> str:
        """x [..., inputs] times a matrix below the present scope, stored as all are or in `width`."""
        width = width or self.storage.weights
        if not width.normal:
            return self.op("MatMul", x, self.weight(name, shape, width), out=out)
        full = ".".join((*self.scope, name))
        inputs, outputs = shape
        block = block_of(inputs, width, self.storage.group)
        count = inputs * outputs // block
        names = [f"{full}_nf4", f"{full}_scale"]
        if width is Width.NF4_DOUBLE:
            names.append(f"{full}_scale_scale")
        if full not in self.shared:
            made: tuple[np.ndarray, ...] | None = None
            if self.values is not None:
                made = normal_floats(self.values(full, shape), width, self.storage.group)
            sizes = [(-(-inputs * outputs // 2), 1), (count,), (-(-count // SCALES_A_SCALE),)]
            kinds = ["uint8", self.float] if width is Width.NF4 else ["uint8", "uint8", self.float]
            for k, (tensor, kind) in enumerate(zip(names, kinds, strict=True)):
                self._weight(tensor, sizes[k], kind, None if made is None else made[k])
            self.shared[full] = full
        largest = names[1]
        if width is Width.NF4_DOUBLE:
            blocked: dict[str, Any] = (
                {"axis": 0, "block_size": SCALES_A_SCALE} if count > SCALES_A_SCALE else {}
            )
            largest = self.op("DequantizeLinear", *names[1:], **blocked)
        return self.op(
            "MatMulBnb4", x, names[0], largest, out=out, domain=MICROSOFT,
            K=inputs, N=outputs, block_size=block, quant_type=1,
        )  # fmt: skip

    def input(self, name: str, shape: tuple[int, ...], kind: str | None = None) -> str:
        """A graph input; `kind` is its element type, of activations if None."""
        return self._value(self.graph.input, name, shape, kind)

    def output(self, name: str, shape: tuple[int, ...], kind: str | None = None) -> str:
        """A graph output; a node must make it."""
        return self._value(self.graph.output, name, shape, kind)

    def known(self, name: str, shape: tuple[int, ...]) -> str:
        """Writes down the shape of a result, for readers that do not look into subgraphs."""
        return self._value(self.graph.value_info, name, shape, None)

    def state_in(self, name: str, layer: int, shape: tuple[int, ...]) -> str:
        """The state [batch, ...] that an earlier pass left, or '' for the first pass."""
        return self.input(f"past_{name}_{layer}", (self.step.batch, *shape)) if self.step.past else ""

    def state_out(self, name: str, layer: int, shape: tuple[int, ...]) -> str:
        """What a node must name its state, so that it comes out; '' if states do not come out."""
        if not self.step.with_cache:
            return ""
        return self.output(f"present_{name}_{layer}", (self.step.batch, *shape))

    def _value(self, into: Any, name: str, shape: tuple[int, ...], kind: str | None) -> str:
        tensor = into.add(name=name).type.tensor_type
        tensor.elem_type = TYPES[kind or self.float]
        for size in shape:
            tensor.shape.dim.add(dim_value=size)
        if not shape:
            tensor.shape.SetInParent()
        return name

    def _weight(self, name: str, shape: tuple[int, ...], kind: str, data: np.ndarray | None) -> None:
        tensor = self._tensor(name, shape, kind)
        if data is None:
            tensor.data_location = 1
            tensor.external_data.add(key="location", value=DROPPED)
        elif kind == "int4":
            low, high = np.resize(data.ravel(), data.size + data.size % 2).reshape(-1, 2).T & 15
            tensor.raw_data = (low | high << 4).astype(np.uint8).tobytes()
        else:
            tensor.raw_data = np.ascontiguousarray(data, kind).tobytes()

    def _tensor(self, name: str, shape: tuple[int, ...], kind: str, graph: Any = None) -> Any:
        tensor = (self.model.graph if graph is None else graph).initializer.add(
            name=name, data_type=TYPES[kind]
        )
        tensor.dims.extend(shape)
        return tensor
