"""ReadValue and Assign: an input and an output of the graph."""

from __future__ import annotations

from npusim.loading.ir.case import Case
from npusim.loading.ir.state import state_input, variable
from npusim.loading.ir.table import plans, translates
from npusim.loading.ir.types import element


@plans("ReadValue")
def kept_narrow(c: Case) -> None:
    """A state that is kept in another type is converted behind the input; the input has the state's name."""
    cache = c.t.shared.states.cache
    if cache and c.out_type() != cache:
        end = c.layer.id, c.out_port().id
        c.t.inputs_of_states[c.layer.id] = c.t.names[end]
        c.t.names[end] = c.t.fresh(f"{c.t.names[end]}/wide")


@translates("ReadValue")
def read_value(c: Case) -> None:
    """What it starts with is not read: a cache is there already when the inference begins."""
    name = variable(c.layer)
    states = c.t.shared.states
    if states.variables.get(name) is not c.layer:
        raise c.wrong(f"state '{name}' is read twice, or in a body, which is not read")
    outside = c.t.inputs_of_states.get(c.layer.id, c.out())
    c.t.graph.input.append(state_input(c.layer, outside, states))
    if outside != c.out():
        c.node("Cast", [outside], to=element(c.out_type(), name).number)


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
    if states.cache and c.type() != states.cache:
        number = element(states.cache, name).number
        c.t.add("Cast", [c.x()], [result], f"{c.layer.name}/written", "", {"to": number})
    else:
        c.t.add("Identity", [c.x()], [result], f"{c.layer.name}/written", "", {})
    c.t.graph.output.add(name=result)
