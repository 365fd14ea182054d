"""By which numbers a compiler's own estimate prices, where they are not the hardware file's.

What the silicon takes and what a compiler believes are two questions. The numbers of a hardware file answer the first;
a compiler profile may say by which other numbers its compiler plans and estimates, each with where it is known from.
`priced` puts these in place. What is still as the file of that NPU says gives way; what a user's file, a caller, a
sweep or a what-if says stays."""

from dataclasses import field
from typing import Annotated, Any

import numpy as np

from npusim.arch.blocks import NotNegative, YesNo
from npusim.arch.fields import Also, Before, Text
from npusim.arch.hardware import STRUCTURAL, Hardware
from npusim.arch.presets import load_hardware
from npusim.arch.records import Strict
from npusim.arch.sources import COMPILER, TEXT_KEYS, Source

#: Either way; the range of such a number reaches to the hardware file's own as well, but where a block was fitted as
#: one: 0.006 cycles a block in one fit and 26 in another are two nets of nearly the same times, no range.
SPREAD = 1.25
KERNELS = "dsp.kernels."
_PARTS = ("launch_cycles", "cycles_per_element", "cycles_per_row", "scalar")


class _Sourced(Strict):
    """What is known from somewhere."""

    where: Annotated[str, Text(least=1)] = field(metadata={"written": "from"})


class Number(_Sourced):
    """A number, as in a hardware file."""

    value: NotNegative


class Kernel(_Sourced):
    """A DSP kernel's line, as in a hardware file."""

    launch_cycles: NotNegative
    cycles_per_element: NotNegative
    cycles_per_row: NotNegative = 0.0
    scalar: YesNo = True


def _with_sources(tables: Any) -> Any:
    return {key: _spelled(table) for key, table in tables.items()} if isinstance(tables, dict) else tables


def _price_only(numbers: dict[str, dict[str, Number]]) -> dict[str, dict[str, Number]]:
    for name in (name for table in numbers.values() for name in table):
        if name in (*STRUCTURAL, *TEXT_KEYS, "tiles_max"):
            raise ValueError(f"'{name}' shapes the plan, it is no price")
        if name.startswith(KERNELS):
            raise ValueError(f"'{name}' belongs to a line of `kernels`")
    return numbers


class OwnPrices(Strict):
    """`whose` prices; `numbers`: by generation, a hardware number's dotted name and its value; `kernels`: by
    generation, lines of DSP kernels by name, in place of the hardware file's or beside them. A generation's `from` is
    that of all below it that have none."""

    whose: Annotated[str, Text()] = ""
    numbers: Annotated[dict[str, dict[str, Number]], Before(_with_sources), Also(_price_only)] = field(
        default_factory=dict
    )
    kernels: Annotated[dict[str, dict[str, Kernel]], Before(_with_sources)] = field(default_factory=dict)

    def of(self, generation: str) -> dict[str, tuple[Any, str]]:
        """Dotted name -> value and where it is from."""
        found = {name: (n.value, n.where) for name, n in self.numbers.get(generation, {}).items()}
        for kernel, line in self.kernels.get(generation, {}).items():
            found |= {f"{KERNELS}{kernel}.{part}": (getattr(line, part), line.where) for part in _PARTS}
        return found


def _spelled(table: Any) -> Any:
    """A generation's table with its `from` beside every number that has none, and plain numbers as `{value, from}`."""
    if not isinstance(table, dict):
        return table
    shared = {"from": table["from"]} if "from" in table else {}
    return {
        name: line
        if isinstance(line, Strict)
        else shared | (line if isinstance(line, dict) else {"value": line})
        for name, line in table.items()
        if name != "from"
    }


def laid_over(below: Any, above: Any) -> Any:
    """The `prices` of a profile's file over those of the profile it is based on, number by number of a generation; what
    is no mapping is left for the check to refuse."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    merged = below | above
    for table in ("numbers", "kernels"):
        under, over = below.get(table, {}), above.get(table, {})
        if isinstance(over, dict) and isinstance(under, dict):
            both = {
                g: _spelled(under[g]) | _spelled(over[g])
                for g in under.keys() & over.keys()
                if isinstance(over[g], dict) and isinstance(under[g], dict)
            }
            merged[table] = under | over | both
    return merged


def priced(hw: Hardware, own: OwnPrices) -> Hardware:
    """`hw` with the prices of a compiler in place of its file's, and without those of any other compiler.

    Worked out once for each hardware. Raises BadHardware for a number no hardware has."""
    return hw.made(own, lambda: _priced(hw, own))


def _priced(hw: Hardware, own: OwnPrices) -> Hardware:
    generation = hw.planned_as or hw.generation
    prices = own.of(generation)
    others = [name for name, source in hw.sources.items() if source.kind == COMPILER]
    if not prices and not others:
        return hw
    file = load_hardware(generation)
    if others:  # of another compiler: what the file says instead, nothing where that has no such line
        hw = hw.laid(
            {name: (file.get(name) if file.has(name) else None, file.source(name)) for name in others}
        )
    found: dict[str, tuple[Any, Source]] = {}
    for name, (value, where) in prices.items():
        if not hw.has(name) and not name.startswith(KERNELS):
            hw.get(name)  # refuses, with the names that are near
        if hw.source(name) == file.source(name):
            joint = name.startswith("mac_array.") and file.source(name).spread is not None
            reach = None if joint else _range(hw, name, value, prices)
            found[name] = value, Source(COMPILER, where, SPREAD, reach)
    return hw.laid(found) if found else hw


def _range(
    hw: Hardware, name: str, value: Any, prices: dict[str, tuple[Any, str]]
) -> tuple[float, float] | None:
    """From `SPREAD` around a price to the hardware file's own; None where one of the two is 0 or new."""
    mine = float(np.ravel(hw.get(name))[0]) if hw.has(name) else 0.0
    if isinstance(value, bool) or value <= 0 or mine <= 0:
        return None
    if name.startswith(KERNELS) and name.endswith(".cycles_per_element"):
        flag = name.removesuffix("cycles_per_element") + "scalar"
        wider = float(np.ravel(hw.dsp.lines_vector_bits / hw.dsp.vector_bits)[0])
        mine *= (1.0 if hw.get(flag) else wider) / (1.0 if prices[flag][0] else wider)
    return min(value / SPREAD, mine), max(value * SPREAD, mine)
