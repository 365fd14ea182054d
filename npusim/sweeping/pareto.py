"""The front of latency against a cost: the machines that no other beats on both.

cost = "tiles*mac_array.macs_per_cycle + 0.1*scratchpad.capacity_bytes"
found = front(npusim.sweep(graph, hw, vary), hw, cost)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from npusim.errors import BadArgument
from npusim.sweeping.expression import parse

if TYPE_CHECKING:
    import xarray as xr

    from npusim.arch.hardware import Hardware

SCHEMA_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Front:
    """All points of a sweep, and which of them are on the front. Arrays are [points], in the sweep's order.

    `parameters`: the varied numbers by dotted name; `units` likewise. `bound_by`: the engine that takes most
    of the latency, as the sweep says it; empty texts where it says nothing."""

    model: str
    hardware: str
    cost_text: str
    parameters: dict[str, np.ndarray]
    units: dict[str, str]
    latency_us: np.ndarray
    cost: np.ndarray
    bound_by: np.ndarray
    on_front: np.ndarray

    def rows(self, everything: bool = False) -> Iterator[dict[str, Any]]:
        """Points of the front by rising cost, or all of them: parameters, cost, latency_us, bound_by, and with
        `everything` also on_front."""
        order = np.lexsort((self.latency_us, self.cost))
        for i in order if everything else order[self.on_front[order]]:
            yield {
                **{name: values[i].item() for name, values in self.parameters.items()},
                "cost": float(self.cost[i]),
                "latency_us": float(self.latency_us[i]),
                "bound_by": str(self.bound_by[i]),
            } | ({"on_front": bool(self.on_front[i])} if everything else {})


def on_front(latency: Any, cost: Any) -> np.ndarray:
    """Which points no other beats: none is at least as good in both and better in one. Array of bool [points].

    Equal points are on the front together. Takes n log n steps."""
    latency, cost = np.asarray(latency, dtype=float).ravel(), np.asarray(cost, dtype=float).ravel()
    if latency.size == 0:
        return np.zeros(0, dtype=bool)
    order = np.lexsort((latency, cost))
    fast, cheap = latency[order], cost[order]
    first = np.r_[True, cheap[1:] != cheap[:-1]]  # the fastest of each cost
    group = np.cumsum(first) - 1
    best = fast[first]
    before = np.r_[np.inf, np.minimum.accumulate(best)[:-1]]  # the fastest of all that is cheaper
    kept = (best < before)[group] & (fast == best[group])
    mask = np.empty(latency.size, dtype=bool)
    mask[order] = kept
    return mask


def front(dataset: xr.Dataset, hw: Hardware, cost: str) -> Front:
    """The front of a sweep of one model on variants of `hw`.

    Args:
        dataset: what `npusim.sweep` gives.
        hw: the hardware that was varied; it gives the numbers that were not.
        cost: an expression (`npusim.sweeping.expression`).

    Raises:
        BadArgument: the expression cannot be read, is nowhere varied by the sweep, or is not finite.
    """
    numbers = hw.numbers()
    expression = parse(cost, numbers)
    latency = dataset["latency_us"]
    parameters = {str(n): dataset[n].broadcast_like(latency) for n in dataset.coords if str(n) in numbers}
    parameters = {n: values.transpose(*latency.dims) for n, values in parameters.items()}
    still = [n for n in expression.names if n in parameters]
    if not still:
        raise BadArgument(
            f"cost '{expression.text}' is the same everywhere: none of its numbers is varied; "
            f"varied are {', '.join(parameters) or 'none'}"
        )
    values: Mapping[str, Any] = numbers | {n: v.values for n, v in parameters.items()}
    price = np.broadcast_to(expression(values), latency.shape).ravel()
    time = latency.values.ravel()
    return Front(
        model=str(dataset.attrs.get("model", "")),
        hardware=hw.name,
        cost_text=expression.text,
        parameters={n: v.values.ravel() for n, v in parameters.items()},
        units={n: str(v.attrs.get("units", "")) for n, v in parameters.items()},
        latency_us=time,
        cost=price,
        bound_by=bound_names(dataset).ravel(),
        on_front=on_front(time, price),
    )


def bound_names(dataset: xr.Dataset) -> np.ndarray:
    """`bound_by` as texts, in the shape of `latency_us`; empty texts if the sweep has none."""
    latency = dataset["latency_us"]
    if "bound_by" not in dataset:
        return np.full(latency.shape, "", dtype=object)
    bound = dataset["bound_by"].transpose(*latency.dims)
    if bound.dtype.kind in "iu":  # codes, with their names in the attributes as CF has them
        names = bound.attrs["flag_meanings"]
        names = names.split() if isinstance(names, str) else names
        return np.array(names, dtype=object)[bound.values]
    return bound.values.astype(object)
