"""ReadValue and Assign: an input and an output of the graph."""

from __future__ import annotations

from npusim.loading.ir.case import Case
from npusim.loading.ir.state import state_input, variable
from npusim.loading.ir.table import translates


@translates("ReadValue")
def read_value(c: Case) -> None:
    """What it starts with is not read: a cache is there already when the inference begins."""
    name = variable(c.layer)
    states = c.t.shared.states
    if states.variables.get(name) is not c.layer:
        raise c.wrong(f"state '{name}' is read twice, or in a body, which is not read")
    c.t.graph.input.append(state_input(c.layer, c.out(), states))


@translates("Assign")
def assign(c: Case) -> None:
    """The state as the next inference finds it."""
    name = variable(c.layer)
    if name not in c.t.shared.states.variables:
        raise c.wrong(f"state '{name}' is written and never read")
    read = c.t.shared.states.variables[name]
    own = name.removeprefix(read.outputs[0].names[0]) if read.outputs and read.outputs[0].names else ""
    result = c.t.fresh(own or f"{name}/written")  # optimum's names of states are those of both ends
    c.t.add("Identity", [c.x()], [result], f"{c.layer.name}/written", "", {})
    if c.layer.outputs:
        c.renamed(result)
    c.t.graph.output.add(name=result)
