"""Bodies: TensorIterator becomes a Scan, Loop a Loop, If an If. What runs and how often is counted behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from npusim.errors import BadModel
from npusim.loading.ir.case import Case
from npusim.loading.ir.ops_layout import whole
from npusim.loading.ir.record import Layer, Net, PortMap
from npusim.loading.ir.table import translates
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


@translates("TensorIterator")
def tensor_iterator(c: Case) -> None:
    """States in the order of the back edges, then slices; states' last values, then what is stacked."""
    net, ports = body_of(c)
    body = Body(c, net)
    by_parameter = {target: source for source, target in c.layer.back_edges}
    states, sliced = [], []
    for given in ports.inputs:
        inner = number(c, given, "internal_layer_id")
        tensor = outer(c, number(c, given, "external_port_id"))
        if "axis" in given:
            sliced.append((inner, tensor, *steps_of(c, given)))
        elif inner in by_parameter:
            states.append((inner, tensor, by_parameter[inner]))
        else:
            body.fixed(inner, tensor)
    if not sliced:
        raise c.wrong("none of its inputs is sliced, so how often it runs is not known")
    for inner, _, _ in states:
        body.formal(inner)
    for inner, _, axis, _ in sliced:
        body.sliced(inner, axis)
    outputs, stacks = [], []
    finals = {source: c.t.fresh(f"{c.layer.name}/state") for _, _, source in states}
    plain = [g for g in ports.outputs if "axis" not in g]
    for given in plain:
        inner = number(c, given, "internal_layer_id")
        if inner in finals:
            finals[inner] = outer_result(c, number(c, given, "external_port_id"))
    for _, _, source in states:
        body.outputs.append(result_of(c, body.t, source))
        outputs.append(finals[source])
    last = []
    for given in ports.outputs:
        inner = number(c, given, "internal_layer_id")
        name = outer_result(c, number(c, given, "external_port_id"))
        if "axis" in given:
            axis, backwards = steps_of(c, given)
            body.stacked(result_of(c, body.t, inner), axis)
            stacks.append((axis, backwards))
            outputs.append(name)
        elif inner not in finals:  # the last of all values: stacked, and the end of it taken
            body.outputs.append(result_of(c, body.t, inner))
            stacks.append((0, False))
            outputs.append(c.t.fresh(f"{name}/all"))
            last.append((outputs[-1], name))
    tensors = [s[1] for s in states] + [s[1] for s in sliced]
    c.node(
        "Scan",
        tensors,
        outputs,
        body=body.graph(),
        num_scan_inputs=len(sliced),
        scan_input_axes=[s[2] for s in sliced],
        scan_input_directions=[int(s[3]) for s in sliced],
        scan_output_axes=[a for a, _ in stacks] or None,
        scan_output_directions=[int(b) for _, b in stacks] or None,
    )
    for every, name in last:
        c.t.add("Gather", [every, c.constant(-1)], [name], f"{name}/last", "", {"axis": 0})


@translates("Loop")
def loop(c: Case) -> None:
    """Trip count and condition, then states. A body may ask for the number of its iteration, and say when it ends."""
    net, ports = body_of(c)
    body = Body(c, net)
    by_parameter = {target: source for source, target in c.layer.back_edges}
    counter = next((g for g in ports.inputs if g.get("purpose") == "current_iteration"), None)
    go_on = next((g for g in ports.outputs if g.get("purpose") == "execution_condition"), None)
    first = c.t.fresh(f"{c.layer.name}/i")
    condition = c.t.fresh(f"{c.layer.name}/go")
    body.inputs += [first, condition]
    body.scalars = {first: 7, condition: 9}
    if counter is not None:
        layer = parameter(c, body.t, number(c, counter, "internal_layer_id"))
        kind = Case(layer, body.t).out_type()
        name = str(body.t.result(layer, Case(layer, body.t).out_port()))
        shape = body.constant(-1) if Case(layer, body.t).out_port().dims else ""
        source = first
        if shape:
            source = str(body.t.fresh(f"{first}/list"))
            body.t.add("Reshape", [first, shape], [source], source, "", {})
        to = 6 if kind == "i32" else 7
        body.t.bound[layer.id] = name
        body.t.add("Cast", [source], [name], f"{layer.name}/type", "", {"to": to})
    states = []
    for given in ports.inputs:
        if given is counter or number(c, given, "external_port_id") < 0:
            continue
        inner = number(c, given, "internal_layer_id")
        tensor = outer(c, number(c, given, "external_port_id"))
        if "axis" in given:
            axis, backwards = steps_of(c, given)
            if backwards:
                raise c.wrong("slices from the end of an axis are not read in a Loop")
            layer = parameter(c, body.t, inner)
            name = str(body.t.result(layer, Case(layer, body.t).out_port()))
            at = str(body.t.fresh(f"{name}/at"))
            body.t.bound[layer.id] = name
            body.t.add("Reshape", [first, body.constant(-1)], [at], at, "", {})
            body.t.add("Gather", [tensor, at], [name], f"{layer.name}/slice", "", {"axis": axis})
        elif inner in by_parameter:
            body.formal(inner)
            states.append((tensor, by_parameter[inner]))
        else:
            body.fixed(inner, tensor)
    goes_on = condition
    if go_on is not None:
        goes_on = scalar(body, result_of(c, body.t, number(c, go_on, "internal_layer_id")))
    body.outputs.append(goes_on)
    finals = {source: c.t.fresh(f"{c.layer.name}/state") for _, source in states}
    wanted = [g for g in ports.outputs if g is not go_on and number(c, g, "external_port_id") >= 0]
    for given in wanted:
        inner = number(c, given, "internal_layer_id")
        if "axis" not in given and inner in finals:
            finals[inner] = outer_result(c, number(c, given, "external_port_id"))
    outputs = [finals[source] for _, source in states]
    body.outputs += [result_of(c, body.t, source) for _, source in states]
    behind: list[tuple[str, str, str, dict[str, Any]]] = []
    for given in wanted:
        inner = number(c, given, "internal_layer_id")
        name = outer_result(c, number(c, given, "external_port_id"))
        result = result_of(c, body.t, inner)
        if "axis" in given:
            axis, _ = steps_of(c, given)
            body.stacked(result, axis)
            every = name if axis == 0 else c.t.fresh(f"{name}/all")
            if axis:  # ONNX stacks in front
                rank = len(parameter(c, body.t, inner).inputs[0].dims)
                behind.append(
                    ("Transpose", every, name, {"perm": [*range(1, axis + 1), 0, *range(axis + 1, rank)]})
                )
            outputs.append(every)
        elif inner not in finals:
            body.outputs.append(result)
            every = c.t.fresh(f"{name}/all")
            outputs.append(every)
            behind.append(("Gather", every, name, {"axis": 0}))
    trip = c.step("Reshape", [whole(c, 0), c.constant([1])])
    go = c.x(1)
    c.node("Loop", [trip, go, *(s[0] for s in states)], outputs, body=body.graph())
    for op, every, name, given_attributes in behind:
        inputs = [every] if op == "Transpose" else [every, c.constant(-1)]
        c.t.add(op, inputs, [name], f"{name}/order", "", given_attributes)


def scalar(body: Body, tensor: str) -> str:
    """A condition without axes: files have it as a list of one, too."""
    name = str(body.t.fresh(f"{tensor}/go"))
    empty = str(body.t.fresh("shape"))
    body.t.graph.initializer.append(messages().TensorProto(name=empty, data_type=7, dims=[0]))
    body.behind.append(lambda: body.t.add("Reshape", [tensor, empty], [name], name, "", {}))
    return name


@translates("If")
def branch(c: Case) -> None:
    graphs = {}
    for prefix, key in (("then_", "then_branch"), ("else_", "else_branch")):
        net, ports = body_of(c, prefix)
        body = Body(c, net)
        for given in ports.inputs:
            body.fixed(number(c, given, "internal_layer_id"), outer(c, number(c, given, "external_port_id")))
        results = {
            number(c, g, "external_port_id"): result_of(c, body.t, number(c, g, "internal_layer_id"))
            for g in ports.outputs
        }
        missing = [p.id for p in c.layer.outputs if p.id not in results]
        if missing:
            raise BadModel(
                f"layer '{c.layer.name}' (If): its {key} gives nothing for output port {missing[0]}"
            )
        body.outputs = [results[p.id] for p in c.layer.outputs]
        graphs[key] = body.graph()
    c.node("If", [c.x()], c.outs(), **graphs)
