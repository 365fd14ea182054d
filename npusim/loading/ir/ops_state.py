"""ReadValue and Assign: an input and an output of the graph, in the width the cache is stored in."""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.loading.ir.case import Case
from npusim.loading.ir.ops_index import reorders_beams
from npusim.loading.ir.record import Layer
from npusim.loading.ir.state import narrow, state_input, variable
from npusim.loading.ir.table import plans, translates
from npusim.loading.ir.types import LOW, element


@plans("ReadValue")
def kept_narrow(c: Case) -> None:
    """A state that is kept in another type is converted behind the input; the input has the state's name. Keys and
    values of 8 bits are unpacked behind the Concat with the new rows, which alone are rounded."""
    wanted = narrow(c.t.shared.states, c.out_type())
    if not wanted:
        return
    end = c.layer.id, c.out_port().id
    joined = grows(c) if wanted in LOW else None
    if wanted in LOW and joined is None:  # no cache of rows, as a recurrence has it
        wanted = "f16" if c.out_type() != "f16" else ""
    c.t.shared.states.kept[variable(c.layer)] = wanted or c.out_type()
    if not wanted:
        return
    c.t.inputs_of_states[c.layer.id] = c.t.names[end]
    if joined is not None:
        c.t.retyped |= {c.layer.id, *(layer.id for layer in read_by(c, c.layer))}
        c.t.instead[c.layer.id] = lambda: add_input(c, c.t.inputs_of_states[c.layer.id])
        c.t.instead[joined.id] = lambda: stored(c, Case(joined, c.t), wanted)
    else:
        c.t.names[end] = c.t.fresh(f"{c.t.names[end]}/wide")


def grows(c: Case) -> Layer | None:
    """The Concat that puts the new rows of this step behind a state's; beside it, only shapes are asked for."""
    rows, found = c.layer, read_by(c, c.layer)
    if len(found) == 1 and found[0].type == "Gather" and reorders_beams(Case(found[0], c.t)):
        rows = found[0]
        found = read_by(c, rows)
    joined = [layer for layer in found if layer.type != "ShapeOf"]
    if len(joined) != 1 or joined[0].type != "Concat" or len(joined[0].inputs) != 2:
        return None
    return joined[0] if c.t.producer(joined[0], 0) is rows else None


def read_by(c: Case, layer: Layer) -> list[Layer]:
    """The layers that read a layer's first output."""
    return [c.t.layers[goal[0]] for goal in c.t.readers.get((layer.id, layer.outputs[0].id), [])]


def stored(c: Case, joined: Case, kind: str) -> None:
    """Old rows and rounded new ones side by side, and what attention reads of them: a scale a head."""
    heads, wide = joined.dims()[1] if joined.rank() == 4 else -1, joined.out_type()
    count: tuple[int, ...] = (heads,) if heads > 0 else ()
    along: dict[str, Any] = {"axis": 1} if heads > 0 else {}
    scale = joined.constant(np.full(count, 1 / 64), wide if wide == "f16" else "f32")
    zero = joined.constant(np.zeros(count), "f32")
    zero = joined.cast(zero, kind)
    new = joined.step("QuantizeLinear", [joined.x(1), scale, zero], **along)
    both = joined.step("Concat", [c.t.inputs_of_states[c.layer.id], new], axis=joined.whole("axis"))
    c.t.shared.states.written[variable(c.layer)] = both
    joined.node("DequantizeLinear", [both, scale, zero], **along)


def add_input(c: Case, name: str) -> None:
    """What a state starts with is not read: a cache is there already when the inference begins."""
    own, states = variable(c.layer), c.t.shared.states
    if states.variables.get(own) is not c.layer:
        raise c.wrong(f"state '{own}' is read twice, or in a body, which is not read")
    c.t.graph.input.append(state_input(c.layer, name, states))


@translates("ReadValue")
def read_value(c: Case) -> None:
    outside = c.t.inputs_of_states.get(c.layer.id, c.out())
    add_input(c, outside)
    if outside != c.out():
        c.node("Cast", [outside], to=element(c.out_type(), variable(c.layer)).number)


@translates("Assign")
def assign(c: Case) -> None:
    """The state as the next inference finds it."""
    name = variable(c.layer)
    states = c.t.shared.states
    if name not in states.variables:
        raise c.wrong(f"state '{name}' is written and never read")
    read = states.variables[name]
    own = name.removeprefix(read.outputs[0].names[0]) if read.outputs and read.outputs[0].names else ""
    result = c.t.fresh(own or f"{name}/written")  # optimum's names of states are those of both ends
    if c.layer.outputs:
        c.renamed(c.x())
    kept = states.kept.get(name, c.type())
    source = states.written.get(name, c.x())
    if name not in states.written and kept != c.type():
        number = element(kept, name).number
        c.t.add("Cast", [source], [result], f"{c.layer.name}/written", "", {"to": number})
    else:
        c.t.add("Identity", [source], [result], f"{c.layer.name}/written", "", {})
    c.t.graph.output.add(name=result)
