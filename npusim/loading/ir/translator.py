"""A net becomes an ONNX graph, layer by layer: names, edges, constants, inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from npusim.errors import BadModel
from npusim.loading.ir.case import Case
from npusim.loading.ir.constants import Bin
from npusim.loading.ir.record import Layer, Net, Port
from npusim.loading.ir.state import States
from npusim.loading.ir.table import PLANS, TRANSLATIONS
from npusim.loading.ir.types import ELEMENTS, PORTS, element
from npusim.messages import messages

if TYPE_CHECKING:
    from npusim.loading.ir.weights import Weight

End = tuple[int, int]  # a layer's id and a port's


@dataclass(slots=True)
class Shared:
    """What a net and the bodies in it have in common: names taken, the .bin, states, what is guessed without it."""

    bin: Bin
    states: States
    taken: dict[str, int] = field(default_factory=dict)
    decides: bool = False  # whether sizes stand for constants: no .bin, and nothing free
    doubts: list[str] = field(default_factory=list)  # answers that the sizes leave open


class Translator:
    """One net (the file's, or a body's) while it becomes `graph`. `prefix` stands before the names of a body."""

    def __init__(self, net: Net, shared: Shared, prefix: str = "") -> None:
        self.net, self.shared, self.prefix = net, shared, prefix
        self.graph = messages().GraphProto(name=net.name)
        self.layers: dict[int, Layer] = {}
        self.names: dict[End, str] = {}
        self.ports: dict[End, Port] = {}
        self.readers: dict[End, list[End]] = {}
        self.inputs_of_states: dict[int, str] = {}  # by the ReadValue, where it is not the output itself
        self.bound: dict[int, str] = {}  # Parameters of a body, by the tensor they stand for
        self.node_names: set[str] = set()
        self.absorbed: set[int] = set()  # layers that are part of another's node
        self.weights: dict[int, Weight] = {}  # by the layer whose output they are
        self.decided: dict[int, dict[int, Any]] = {}  # values by layer and input, where sizes say them
        self.retyped: set[int] = set()  # layers whose outputs have another type than the file says
        self.instead: dict[
            int, Callable[[], None]
        ] = {}  # how a layer is translated in place of the table's way
        for layer in net.layers:
            if layer.id in self.layers:
                raise BadModel(
                    f"two layers have the id {layer.id}: '{self.layers[layer.id].name}', '{layer.name}'"
                )
            self.layers[layer.id] = layer
        for layer in net.layers:
            self.name_outputs(layer)
        for goal, source in net.edges.items():
            if source not in self.names:
                raise BadModel(f"an edge starts at port {source[1]} of layer {source[0]}, which is no output")
            if goal[0] not in self.layers:
                raise BadModel(f"an edge ends at layer {goal[0]}, which is not there")
            self.readers.setdefault(source, []).append(goal)

    # Names ---------------------------------------------------------------------------------------------
    def name_outputs(self, layer: Layer) -> None:
        for index, port in enumerate(layer.outputs):
            end = layer.id, port.id
            if end in self.names:
                raise BadModel(f"layer '{layer.name}' has two ports of id {port.id}")
            own = layer.attributes.get("variable_id", "") if layer.type == "ReadValue" else layer.name
            base = port.names[0] if port.names else f"{own}.{index}" if index else own
            self.names[end] = self.fresh(self.prefix + (base or f"{layer.type}_{layer.id}"))
            self.ports[end] = port

    def fresh(self, base: str) -> str:
        """`base`, or `base` and a number where that is taken."""
        taken = self.shared.taken
        if base not in taken:
            taken[base] = 1
            return base
        while True:
            taken[base] += 1
            name = f"{base}_{taken[base]}"
            if name not in taken:
                taken[name] = 1
                return name

    # Edges ---------------------------------------------------------------------------------------------
    def maker(self, layer: Layer, port: Port) -> End:
        """The output that input `port` of a layer reads."""
        found = self.net.edges.get((layer.id, port.id))
        if found is None:
            raise BadModel(f"layer '{layer.name}' ({layer.type}): no edge leads to its input port {port.id}")
        return found

    def source(self, layer: Layer, port: Port) -> str:
        end = self.maker(layer, port)
        return self.bound.get(end[0]) or self.names[end]

    def result(self, layer: Layer, port: Port) -> str:
        return self.names[layer.id, port.id]

    def producer(self, layer: Layer, index: int) -> Layer | None:
        """The layer whose output is input `index`, None for an input that is not there."""
        if index >= len(layer.inputs):
            return None
        return self.layers[self.maker(layer, layer.inputs[index])[0]]

    def only_reader(self, layer: Layer, index: int = 0) -> Layer | None:
        """The one layer that reads an output, None for none or several."""
        found = self.readers.get((layer.id, layer.outputs[index].id), []) if layer.outputs else []
        return self.layers[found[0][0]] if len(found) == 1 else None

    # Values --------------------------------------------------------------------------------------------
    def value(self, layer: Layer, port: Port) -> np.ndarray | None:
        """The value of a small constant input, behind a Convert or a change of shape as well."""
        return self.value_of(self.layers[self.maker(layer, port)[0]])

    def value_of(self, maker: Layer, depth: int = 4) -> np.ndarray | None:
        if maker.type == "Const":
            return self.shared.bin.value(maker)
        if not depth or maker.type not in ("Convert", "Reshape", "Squeeze", "Unsqueeze") or not maker.outputs:
            return None
        source = self.producer(maker, 0)
        found = None if source is None else self.value_of(source, depth - 1)
        dims = maker.outputs[0].dims
        if found is None or -1 in dims or found.size != int(np.prod(dims)):
            return None
        return found.reshape(dims)

    def why_not(self, layer: Layer, port: Port, what: str) -> str:
        """Why a value that is needed is not known, and what to do about it."""
        maker = self.layers[self.maker(layer, port)[0]]
        if maker.type == "Const" and self.shared.bin.size is None:
            return (
                f"the {what} must be known and lies in '{self.shared.bin.name}', which is not there; put the .bin that "
                "was saved with the .xml beside it, or fix all sizes in the file (Model.reshape in OpenVINO): then "
                "they tell the rest"
            )
        return f"the {what} must be a small constant and comes from '{maker.name}' ({maker.type})"

    # The graph -----------------------------------------------------------------------------------------
    def add(
        self, op: str, inputs: list[str], outputs: list[str], name: str, domain: str, given: dict[str, Any]
    ) -> None:
        """One node of ONNX."""
        name = self.prefix + name
        if name in self.node_names:
            name = f"{name}/{op}_{len(self.node_names)}"
        self.node_names.add(name)
        node = self.graph.node.add(op_type=op, name=name, domain=domain)
        node.input.extend(inputs)
        node.output.extend(outputs)
        for key, value in given.items():
            if value is not None:
                attribute(node, key, value)

    def translate(self) -> Any:
        """The whole net as a GraphProto."""
        for layer in self.net.layers:
            if layer.type in PLANS:
                self.guarded(PLANS[layer.type], Case(layer, self))
        for layer in self.net.layers:
            if layer.type == "Parameter":
                if layer.id not in self.bound and layer.id not in self.shared.states.beams:
                    self.graph.input.append(self.value_info(layer))
            elif layer.type == "Const":
                self.constant(layer)
            elif layer.type == "Result":
                port = Case(layer, self).port()
                describe(self.graph.output.add(name=self.source(layer, port)), port)
            else:
                self.operation(layer)
        self.declare()
        return self.graph

    def operation(self, layer: Layer) -> None:
        if layer.id in self.absorbed:
            return
        if layer.id in self.instead:
            self.instead[layer.id]()
            return
        self.guarded(TRANSLATIONS.get(layer.type, Case.own), Case(layer, self))

    def guarded(self, function: Callable[[Case], None], case: Case) -> None:
        """Whatever a malformed layer breaks, the error names it."""
        try:
            function(case)
        except (IndexError, KeyError, ValueError, TypeError, OverflowError, AttributeError) as error:
            raise case.wrong(f"it contradicts itself ({type(error).__name__}: {str(error)[:100]})") from error

    def hold(self, name: str, array: np.ndarray, number: int) -> None:
        """A small constant with its data."""
        proto = self.graph.initializer.add(name=name, data_type=number, dims=array.shape)
        proto.raw_data = array.tobytes()

    def constant(self, layer: Layer) -> None:
        if len(layer.outputs) != 1:
            raise BadModel(f"constant '{layer.name}' has {len(layer.outputs)} outputs, not one")
        self.graph.initializer.append(self.shared.bin.tensor(layer, self.result(layer, layer.outputs[0])))

    def value_info(self, layer: Layer) -> Any:
        """An input of the graph: its type, and its sizes or the names of those that are free."""
        case = Case(layer, self)
        name = case.out()
        info = messages().ValueInfoProto(name=name)
        tensor = info.type.tensor_type
        tensor.elem_type = element(case.text("element_type"), f"input '{layer.name}'").number
        text = case.text("shape")
        if "..." in text:
            return info
        tensor.shape.SetInParent()
        given = [part.strip() for part in text.split(",") if part.strip()]
        free = self.shared.states.free_sizes(name, given)
        for axis, part in enumerate(given):
            if part.isascii() and part.isdigit() and len(part) < 20:
                tensor.shape.dim.add(dim_value=int(part))
            else:
                tensor.shape.dim.add(dim_param=free.get(axis, f"{name}.{axis}"))
        return info

    def declare(self) -> None:
        """What the file says of shapes, for operations that ONNX has no rule for; a port without sizes says nothing."""
        for end, port in self.ports.items():
            if self.layers[end[0]].type in ("Parameter", "Const") or not port.dims or -1 in port.dims:
                continue
            if end[0] in self.retyped:
                continue
            describe(self.graph.value_info.add(name=self.names[end]), port)


def describe(info: Any, port: Port) -> None:
    """Type and shape of a tensor, where the file knows them."""
    kind = ELEMENTS.get(PORTS.get(port.precision, ""))
    if kind is None or not port.dims or -1 in port.dims:
        return
    info.type.tensor_type.elem_type = kind.number
    for size in port.dims:
        info.type.tensor_type.shape.dim.add(dim_value=size)


def attribute(node: Any, name: str, value: Any) -> None:
    """One attribute of a node, of the type its value has."""
    proto = node.attribute.add(name=name)
    if isinstance(value, bool | int | np.integer):
        proto.type, proto.i = 2, int(value)
    elif isinstance(value, float):
        proto.type, proto.f = 1, value
    elif isinstance(value, str):
        proto.type, proto.s = 3, value.encode()
    elif isinstance(value, list | tuple):
        if value and isinstance(value[0], float):
            proto.type = 6
            proto.floats.extend(value)
        elif value and isinstance(value[0], str):
            proto.type = 8
            proto.strings.extend(v.encode() for v in value)
        else:
            proto.type = 7
            proto.ints.extend(value)
    else:
        proto.type = 5
        proto.g.CopyFrom(value)
