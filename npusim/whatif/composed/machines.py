"""The other machine of a split: an NPU by its name, or a processor whose speed a user has measured."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.measures import US
from npusim.whatif.composed.cuts import Cut
from npusim.whatif.composed.masked import Masked
from npusim_xamba.text import near, quoted

_NUMBERS = ("gmac_per_s", "gb_per_s", "overhead_us")


@dataclass(frozen=True)
class Processor:
    """A processor as a user measured it: a step takes the longer of its multiplications and its bytes, and an overhead.

    `gmac_per_s`: 10^9 multiply-accumulates a second; `gb_per_s`: 10^9 bytes a second; `overhead_us` of every node."""

    name: str
    gmac_per_s: float
    gb_per_s: float
    overhead_us: float = 0.0

    def tails_us(self, head: Masked, cuts: Sequence[Cut]) -> np.ndarray:
        """What lies behind each cut, one node after the other: microseconds [cuts]."""
        ns = [
            max(step.macs / self.gmac_per_s, step.nbytes / self.gb_per_s) + self.overhead_us * 1e3
            if names
            else 0.0
            for step, names in zip(head.plan.steps, head.names, strict=True)
        ]
        behind = np.concatenate([np.cumsum(ns[::-1])[::-1], [0.0]])
        return np.asarray(behind[[cut.step for cut in cuts]] * US)


def other_machine(name: str, own: Hardware) -> Hardware | Processor:
    """The machine of a name: empty for the same NPU, an NPU (name or YAML), a JSON file for a processor.

    Raises BadArgument for a file that says too little, BadHardware for an unknown name."""
    if not name:
        return own
    if not name.endswith(".json"):
        from npusim.arch.presets import load_hardware

        return load_hardware(name)
    try:
        with open(name, encoding="utf-8") as file:
            given = json.load(file)
    except (OSError, ValueError) as error:
        raise BadArgument(f"what-if 'split': {quoted(name)} cannot be read: {error}") from None
    if not isinstance(given, dict):
        raise BadArgument(f"what-if 'split': {quoted(name)} is no JSON object with {', '.join(_NUMBERS)}")
    for key in given:
        if key not in (*_NUMBERS, "name"):
            raise BadArgument(
                f"what-if 'split': {quoted(name)} has {quoted(str(key))}, and a processor has "
                f"{', '.join(_NUMBERS)}, name{near(str(key), _NUMBERS)}"
            )
    numbers: dict[str, Any] = {key: given.get(key, 0.0 if key == "overhead_us" else None) for key in _NUMBERS}
    for key, value in numbers.items():
        least = 0 if key == "overhead_us" else math.ulp(0.0)
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not good or value < least:
            wanted = "0 or more" if key == "overhead_us" else "greater than 0"
            raise BadArgument(
                f"what-if 'split': {quoted(name)}: {key} is {value!r}; it must be a number, {wanted}"
            )
    return Processor(str(given.get("name") or os.path.basename(name)), **numbers)
