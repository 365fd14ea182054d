"""A body of TensorIterator, Loop or If: bound to the layer around it, its inputs and outputs in ONNX's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from npusim.loading.ir.case import Case
from npusim.loading.ir.record import Layer, Net, PortMap
from npusim.messages import messages


def body_of(c: Case, prefix: str = "") -> tuple[Net, PortMap]:
    body = c.layer.bodies.get(prefix)
    if body is None:
        raise c.wrong("it has no body")
    return body, c.layer.port_maps.get(prefix, PortMap())


def number(c: Case, given: dict[str, str], key: str, default: int = 0) -> int:
    try:
        return int(given.get(key, default))
    except ValueError:
        raise c.wrong(f"'{given.get(key)}' is no number of its body's bindings") from None


def inside(c: Case, body: Net) -> Any:
    """The translator of a body; its names have the layer's in front."""
    from npusim.loading.ir.translator import Translator

    return Translator(body, c.t.shared, f"{c.t.prefix}{c.layer.name}/")


def parameter(c: Case, t: Any, layer_id: int) -> Layer:
    found: Layer | None = t.layers.get(layer_id)
    if found is None or found.type not in ("Parameter", "Result"):
        raise c.wrong(f"layer {layer_id} of its body is no Parameter or Result, or is not there")
    return found


def outer(c: Case, port_id: int) -> str:
    """The tensor that comes in at an input port."""
    for port in c.layer.inputs:
        if port.id == port_id:
            return str(c.t.source(c.layer, port))
    raise c.wrong(f"it has no input port {port_id}")


def outer_result(c: Case, port_id: int) -> str:
    for port in c.layer.outputs:
        if port.id == port_id:
            return str(c.t.result(c.layer, port))
    raise c.wrong(f"it has no output port {port_id}")


def result_of(c: Case, t: Any, layer_id: int) -> str:
    """The tensor of the body that a Result gives."""
    layer = parameter(c, t, layer_id)
    if layer.type != "Result":
        raise c.wrong(f"layer {layer_id} of its body is no Result")
    return str(t.source(layer, Case(layer, t).port()))


class Body:
    """A body whose inputs and outputs are put in the order ONNX wants them."""

    def __init__(self, c: Case, net: Net) -> None:
        self.c, self.t = c, inside(c, net)
        self.inputs: list[str] = []
        self.scalars: dict[str, int] = {}  # inputs without axes, by their type
        self.outputs: list[str] = []
        self.behind: list[Callable[[], None]] = []  # nodes that read what the body's layers give

    def fixed(self, layer_id: int, tensor: str) -> None:
        """A Parameter that is the same in every iteration."""
        self.t.bound[parameter(self.c, self.t, layer_id).id] = tensor

    def formal(self, layer_id: int) -> str:
        """A Parameter that an iteration is given."""
        layer = parameter(self.c, self.t, layer_id)
        name = str(self.t.result(layer, Case(layer, self.t).out_port()))
        self.t.bound[layer.id] = name
        self.inputs.append(name)
        return name

    def sliced(self, layer_id: int, axis: int) -> None:
        """A Parameter that is given a slice: ONNX drops the axis, so it is put back."""
        layer = parameter(self.c, self.t, layer_id)
        name = str(self.t.result(layer, Case(layer, self.t).out_port()))
        slice_name = self.t.fresh(f"{name}/slice")
        self.inputs.append(slice_name)
        self.t.bound[layer.id] = name
        self.t.add("Unsqueeze", [slice_name, self.constant(axis)], [name], f"{layer.name}/axis", "", {})

    def constant(self, axis: int) -> str:
        name = str(self.t.fresh("axis"))
        proto = messages().TensorProto(name=name, data_type=7, dims=[1])
        proto.int64_data.append(axis)
        self.t.graph.initializer.append(proto)
        return name

    def stacked(self, tensor: str, axis: int) -> None:
        """A result of which every iteration gives a part of one along `axis`."""
        name = str(self.t.fresh(f"{tensor}/part"))
        inputs = [tensor, self.constant(axis)]
        self.behind.append(lambda: self.t.add("Squeeze", inputs, [name], name, "", {}))
        self.outputs.append(name)

    def copied(self, tensor: str) -> str:
        """A result under a name of its own: ONNX wants each output of a body once."""
        name = str(self.t.fresh(f"{tensor}/result"))
        self.t.add("Identity", [tensor], [name], name, "", {})
        return name

    def graph(self) -> Any:
        """The body as a GraphProto with these inputs and outputs."""
        graph = self.t.translate()
        for emit in self.behind:
            emit()
        del graph.input[:], graph.output[:]
        for name in self.inputs:
            info = graph.input.add(name=name)
            if name in self.scalars:  # the number of the iteration, or whether there is one more
                info.type.tensor_type.elem_type = self.scalars[name]
                info.type.tensor_type.shape.SetInParent()
        for name in self.outputs:
            graph.output.add(name=self.copied(name))
        return graph


def steps_of(c: Case, given: dict[str, str]) -> tuple[int, bool]:
    """The axis of slices, and whether they are taken from the end. Raises `BadModel` for slices of other forms."""
    axis, part, stride = (
        number(c, given, "axis"),
        number(c, given, "part_size", 1),
        number(c, given, "stride", 1),
    )
    start, end = number(c, given, "start"), number(c, given, "end", -1)
    backwards = stride < 0
    all_of_it = (start, end) == ((-1, 0) if backwards else (0, -1))
    if part != 1 or abs(stride) != 1 or not all_of_it:
        raise c.wrong(
            f"slices of {part} in steps of {stride} from {start} to {end} are not read; single steps over the whole "
            "axis are"
        )
    return axis, backwards


def scalar(body: Body, tensor: str) -> str:
    """A condition without axes: files have it as a list of one, too."""
    name = str(body.t.fresh(f"{tensor}/go"))
    empty = str(body.t.fresh("shape"))
    body.t.graph.initializer.append(messages().TensorProto(name=empty, data_type=7, dims=[0]))
    body.behind.append(lambda: body.t.add("Reshape", [tensor, empty], [name], name, "", {}))
    return name
