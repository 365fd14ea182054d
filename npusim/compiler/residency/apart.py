"""What follows of a tensor that is in DDR only because there are several tiles: what is made of it stays there."""

from __future__ import annotations

from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.reasons import and_also, through_ddr_because
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad


def stays_apart(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """Note a result that is left in DDR because what it is made of lies there for several tiles."""
    if r.destination == "ddr" and scratchpad.also_apart(step.reads):
        scratchpad.apart.update(step.writes)
        r.reason = and_also(r.reason, through_ddr_because("result", "left with its inputs"))


def with_the_others(holder: str, step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """A part is brought to where the others are."""
    maker = scratchpad.made_by.get(holder)
    scratchpad.spill(holder, r)
    if maker is not None and scratchpad.also_apart(step.reads):
        scratchpad.apart.add(holder)
        maker.reason = and_also(maker.reason, through_ddr_because("result", "left with other parts"))
