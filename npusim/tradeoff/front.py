"""The front of latency against a cost: the machines that no other beats on both.

cost = "tiles*mac_array.macs_per_cycle + 0.1*scratchpad.capacity_bytes"
found = front(npusim.sweep(graph, hw, vary), hw, cost)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from npusim.arch.units import shown
from npusim.errors import BadArgument
from npusim.tradeoff.cost import Expression, parse
from npusim_xamba.envelope import envelope

if TYPE_CHECKING:
    import xarray as xr

    from npusim.arch.hardware import Hardware


@dataclass(frozen=True, slots=True)
class Front:
    """All points of a sweep, and which of them are on the front. Arrays are [points], in the sweep's order.

    `parameters`: the varied names; `units` likewise. `bound_by`: the busiest engine."""

    model: str
    hardware: str
    cost_text: str
    parameters: dict[str, np.ndarray]
    units: dict[str, str]
    latency_us: np.ndarray
    cost: np.ndarray
    bound_by: np.ndarray
    on_front: np.ndarray

    def __repr__(self) -> str:
        names = ", ".join(self.parameters)
        return (
            f"Front({self.model!r} on variants of {self.hardware} over {names}: {int(self.on_front.sum())} of "
            f"{self.cost.size} points, cost {self.cost_text})"
        )

    def rows(self, everything: bool = False) -> Iterator[dict[str, Any]]:
        """Points of the front by rising cost, or all of them: parameters, cost, latency_us, bound_by, and with
        `everything` also on_front."""
        order = np.lexsort((self.latency_us, self.cost))
        for i in order if everything else order[self.on_front[order]]:
            yield {
                **{name: _plain(values[i]) for name, values in self.parameters.items()},
                "cost": float(self.cost[i]),
                "latency_us": float(self.latency_us[i]),
                "bound_by": str(self.bound_by[i]),
            } | ({"on_front": bool(self.on_front[i])} if everything else {})


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


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
    """The front of a sweep of one model on variants of `hw`. Points where the model does not fit are left out.

    Args:
        dataset: what `npusim.sweep` gives.
        hw: the hardware that was varied; it gives the numbers that were not.
        cost: an expression (`npusim.tradeoff.cost`).

    Raises:
        BadArgument: the expression cannot be read, has no number that the sweep varies, or is not finite.
    """
    from npusim.sweeping.dataset import bound_names

    latency = dataset["latency_us"]
    if dataset.sizes.get("model", 1) > 1:
        raise BadArgument(f"a front is of one model, this sweep has {dataset.sizes['model']}; choose one")
    inside = [str(n) for n, c in dataset.coords.items() if set(c.dims) <= set(latency.dims)]
    varied = {n: dataset[n] for n in inside if n not in ("point", "model")}
    parameters = {n: v.broadcast_like(latency).transpose(*latency.dims).values for n, v in varied.items()}
    expression = check_cost(cost, hw, parameters)
    fits = np.isfinite(latency.values)
    parameters = {n: values[fits] for n, values in parameters.items()}
    values: Mapping[str, Any] = hw.numbers() | parameters
    price = np.broadcast_to(expression(values), (int(fits.sum()),))
    time = latency.values[fits]
    units = {n: str(v.attrs.get("units", "")) for n, v in varied.items()}
    return Front(
        model=str(dataset.attrs.get("graph", "")),
        hardware=hw.name,
        cost_text=expression.text,
        parameters=parameters,
        units={n: shown(unit) for n, unit in units.items()},
        latency_us=time,
        cost=price,
        bound_by=bound_names(dataset).values.reshape(latency.shape)[fits],
        on_front=on_front(time, price),
    )


def check_cost(cost: str, hw: Hardware, varied: Collection[str]) -> Expression:
    """The cost over the numbers of `hw`. Raises BadArgument, also if none of its numbers is `varied`."""
    expression = parse(cost, hw.numbers())
    if not set(expression.names) & set(varied):
        raise BadArgument(
            f"cost '{expression.text}' is the same everywhere: it has none of the numbers that are varied, "
            f"{', '.join(varied)}"
        )
    return expression


def to_document(found: Front, everything: bool = False, **known: Any) -> dict[str, Any]:
    """Plain values for JSON: the front by rising cost, or all points. `known`: what else the envelope says."""
    content = {
        "graph": found.model,
        "cost": found.cost_text,
        "units": found.units | {"latency_us": "us"},
        "points": int(found.cost.size),
        "points_on_front": int(found.on_front.sum()),
        "all" if everything else "front": list(found.rows(everything)),
    }
    return envelope("npusim.pareto", content, hardware=found.hardware, **known)


def to_csv(found: Front, everything: bool = False) -> str:
    """The same points as CSV."""
    import csv
    import io

    names = [*found.parameters, "cost", "latency_us", "bound_by", *(["on_front"] if everything else [])]
    file = io.StringIO()
    writer = csv.DictWriter(file, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found.rows(everything))
    return file.getvalue()
