"""One layer while it is translated: its attributes and inputs as Python values, and how nodes are added for it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from npusim.errors import BadModel, UnknownOp
from npusim.loading.ir.operations import refusal
from npusim.loading.ir.record import Layer, Port
from npusim.loading.ir.table import DECIDED, NothingFits
from npusim.loading.ir.types import PORTS, element

if TYPE_CHECKING:
    from npusim.loading.ir.translator import Translator

OPENVINO = "org.openvinotoolkit"  # the domain of operations that ONNX has no nodes for

HELD = {"i64": "<i8", "f32": "<f4", "f16": "<f2", "u8": "u1", "boolean": "?"}  # types of constants of our own


class Case:
    """A layer and the translator it is added to. Inputs and outputs are counted from 0, whatever their ports' ids."""

    __slots__ = ("layer", "t")

    def __init__(self, layer: Layer, t: Translator) -> None:
        self.layer, self.t = layer, t

    # What the layer says -------------------------------------------------------------------------------
    def wrong(self, what: str) -> BadModel:
        return BadModel(f"layer '{self.layer.name}' ({self.layer.type}): {what}")

    def text(self, name: str, default: str = "") -> str:
        return self.layer.attributes.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        return self.text(name, "true" if default else "false").strip().lower() in ("true", "1")

    def number(self, name: str, default: float | None = None) -> float:
        try:
            return (
                float(self.layer.attributes[name]) if default is None else float(self.text(name) or default)
            )
        except (KeyError, ValueError):
            raise self.wrong(f"its attribute '{name}' is missing or no number") from None

    def whole(self, name: str, default: int | None = None) -> int:
        return int(self.number(name, default))

    def sizes(self, name: str) -> list[int]:
        try:
            return [int(part) for part in self.text(name).split(",") if part.strip()]
        except ValueError:
            raise self.wrong(f"its attribute '{name}' is no list of whole numbers") from None

    @property
    def opset(self) -> int:
        """The opset of the operation, 0 for one that is in none."""
        digits = self.layer.version.removeprefix("opset")
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 4 else 0

    # Inputs and outputs --------------------------------------------------------------------------------
    def __len__(self) -> int:
        return len(self.layer.inputs)

    def has(self, index: int) -> bool:
        return index < len(self.layer.inputs)

    def port(self, index: int = 0) -> Port:
        if index >= len(self.layer.inputs):
            raise self.wrong(f"input {index} is missing")
        return self.layer.inputs[index]

    def x(self, index: int = 0) -> str:
        """The tensor that is input `index`; one of our own where the sizes say what a missing constant holds."""
        port = self.port(index)
        if self.t.shared.decides and (found := self.decided(index)) is not None:
            kind = self.type(index)
            return self.constant(found, kind if kind in HELD or kind in ("i32", "f64") else "i64")
        return self.t.source(self.layer, port)

    def decided(self, index: int) -> np.ndarray | None:
        """What the sizes at the ports say of an input, None where they say nothing."""
        rule, known = DECIDED.get(self.layer.type), self.t.decided
        if rule is None:
            return None
        if self.layer.id not in known:
            known[self.layer.id] = {}  # while it is looked for, nothing is known
            with suppress(NothingFits):
                known[self.layer.id] = rule(self)
        found, dims = known[self.layer.id].get(index), self.port(index).dims
        if found is None:
            return None
        array = np.asarray(found)
        return array.reshape(dims) if array.size == np.prod(dims) else array

    def xs(self) -> list[str]:
        return [self.x(i) for i in range(len(self))]

    def dims(self, index: int = 0) -> tuple[int, ...]:
        return self.port(index).dims

    def rank(self, index: int = 0) -> int:
        return len(self.port(index).dims)

    def static(self, index: int = 0) -> tuple[int, ...]:
        """The sizes of an input, none of them free."""
        dims = self.dims(index)
        if -1 in dims:
            raise self.wrong(f"input {index} has free sizes {dims}, which this operation is not read with")
        return dims

    def type(self, index: int = 0) -> str:
        """The element type of input `index`, as 'f32'."""
        return PORTS.get(self.port(index).precision, self.port(index).precision)

    def out_type(self, index: int = 0) -> str:
        port = self.out_port(index)
        return PORTS.get(port.precision, port.precision)

    def out_port(self, index: int = 0) -> Port:
        if index >= len(self.layer.outputs):
            raise self.wrong(f"output {index} is missing")
        return self.layer.outputs[index]

    def out(self, index: int = 0) -> str:
        """The tensor that is output `index`."""
        return self.t.result(self.layer, self.out_port(index))

    def outs(self) -> list[str]:
        return [self.out(i) for i in range(len(self.layer.outputs))]

    def used(self, index: int) -> bool:
        """Whether anything reads output `index`."""
        return index < len(self.layer.outputs) and bool(
            self.t.readers.get((self.layer.id, self.layer.outputs[index].id))
        )

    def value(self, index: int) -> np.ndarray | None:
        """The value of a small input that is a constant, None where it is not known."""
        found = self.t.value(self.layer, self.port(index))
        return self.decided(index) if found is None and self.t.shared.decides else found

    def need(self, index: int, what: str) -> np.ndarray:
        """The value of an input that must be known. Raises `BadModel` that says why it is not."""
        found = self.value(index)
        if found is None:
            raise self.wrong(self.t.why_not(self.layer, self.port(index), what))
        return found

    def ints(self, index: int, what: str) -> list[int]:
        return [int(n) for n in self.need(index, what).reshape(-1)]

    # Nodes ---------------------------------------------------------------------------------------------
    def node(
        self, op: str, inputs: list[str], outputs: list[str] | None = None, domain: str = "", **given: Any
    ) -> None:
        """The node that gives the layer's outputs; it has the layer's name."""
        self.t.add(
            op, inputs, self.outs()[:1] if outputs is None else outputs, self.layer.name, domain, given
        )

    def step(self, op: str, inputs: list[str], domain: str = "", **given: Any) -> str:
        """A node on the way there, with one output of a name of its own."""
        name = self.t.fresh(f"{self.layer.name}/{op}")
        self.t.add(op, inputs, [name], name, domain, given)
        return name

    def constant(self, values: Any, dtype: str = "i64") -> str:
        """A small constant that the file does not hold."""
        known = dtype if dtype in HELD else "f32"
        name = self.t.fresh(f"{self.layer.name}/constant")
        self.t.hold(name, np.asarray(values, HELD[known]), element(known, name).number)
        return name if known == dtype else self.cast(name, dtype)

    def cast(self, tensor: str, dtype: str) -> str:
        return self.step("Cast", [tensor], to=element(dtype, f"layer '{self.layer.name}'").number)

    def renamed(self, tensor: str, index: int = 0) -> None:
        """Output `index` is a tensor that is there already."""
        self.t.add("Identity", [tensor], [self.out(index)], self.layer.name, "", {})

    def as_type(self, tensor: str, natural: str, index: int = 0) -> None:
        """Output `index` is a tensor of type `natural`, cast where the layer wants another."""
        wanted = self.out_type(index)
        if wanted == natural or not wanted:
            self.renamed(tensor, index)
        else:
            number = element(wanted, f"layer '{self.layer.name}'").number
            self.t.add("Cast", [tensor], [self.out(index)], self.layer.name, "", {"to": number})

    def own(self, **given: Any) -> None:
        """A node that ONNX does not have. Raises `UnknownOp` where the file does not declare its output shapes."""
        why = refusal(self.layer.type)
        if why and any(-1 in port.dims for port in self.layer.outputs):
            raise UnknownOp(f"layer '{self.layer.name}' ({self.layer.type}): {why}")
        inputs = [self.x(i) for i in range(len(self))]
        self.t.add(self.layer.type, inputs, self.outs(), self.layer.name, OPENVINO, given)
