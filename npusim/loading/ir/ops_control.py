"""Bodies: TensorIterator becomes a Scan, Loop a Loop, If an If. What runs and how often is counted behind them."""

from __future__ import annotations

from typing import Any

from npusim.errors import BadModel
from npusim.loading.ir.bodies import (
    Body,
    body_of,
    number,
    outer,
    outer_result,
    parameter,
    result_of,
    scalar,
    steps_of,
)
from npusim.loading.ir.case import Case
from npusim.loading.ir.ops_layout import whole
from npusim.loading.ir.table import translates


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
    limit = c.value(0)
    endless = limit is not None and limit.size == 1 and int(limit.reshape(-1)[0]) < 0  # the condition ends it
    trip = "" if endless else c.step("Reshape", [whole(c, 0), c.constant([1])])
    go = c.x(1)
    c.node("Loop", [trip, go, *(s[0] for s in states)], outputs, body=body.graph())
    for op, every, name, given_attributes in behind:
        inputs = [every] if op == "Transpose" else [every, c.constant(-1)]
        c.t.add(op, inputs, [name], f"{name}/order", "", given_attributes)


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
