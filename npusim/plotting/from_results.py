"""Results -> figures. The kind of plot follows from what was varied:

one number        lines, one for each model, compiler or precision
two numbers       heat map; with two models, of the speed-up of the second over the first
random points     points of two numbers, coloured by latency (one number: lines)
a front           points, latency against cost
sensitivities     tornado
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from npusim.errors import BadArgument
from npusim.plotting.figure import (
    Axis,
    Bar,
    Figure,
    Heat,
    Lines,
    Points,
    Series,
    Tornado,
    group,
    is_log,
    number,
)
from npusim.sweeping.dataset import bound_names
from npusim.tradeoff.front import Front
from npusim.tradeoff.sensitivity import Sensitivity

if TYPE_CHECKING:
    import xarray as xr

MOST_CELLS = 128  # of a heat map, along one axis: more than a page can show
MOST_POINTS = 1200  # of a cloud; one in k is kept, the front always is
MOST_BARS = 24


def figure_of(result: Any) -> Figure:
    """The figure of a sweep's dataset, a `Front` or a `Sensitivity`.

    Raises BadArgument for a dataset that varies nothing, or more than a plane can show."""
    if isinstance(result, Front):
        return of_front(result)
    if isinstance(result, Sensitivity):
        return of_sensitivity(result)
    return of_sweep(result)


def of_sweep(dataset: xr.Dataset) -> Figure:
    """Lines, a heat map or a cloud of points, by what was varied."""
    fixed = [str(d) for d, size in dataset["latency_us"].sizes.items() if size == 1 and d != "point"]
    note = _note(dataset, fixed)
    bound = bound_names(dataset).squeeze(fixed)
    dataset = dataset.squeeze(fixed)
    latency = dataset["latency_us"]
    dims = [str(d) for d in latency.dims]
    if "point" in dims:
        return _of_points(dataset, bound, note)
    series = [d for d in dims if latency[d].dtype.kind not in "iuf"]
    numbers = [d for d in dims if d not in series]
    title = f"Latency of {_model(dataset)} on {_hardware(dataset)}"
    if len(numbers) == 1:
        x = replace(_axis(latency[numbers[0]]), now=_now(dataset, numbers[0]))
        return Lines(title, note, x, "latency", "us", _series(latency, bound, numbers[0]))
    if not numbers and len(series) == 1:
        x = Axis(series[0], "", tuple(str(v) for v in latency[series[0]].values))
        return Lines(title, note, x, "latency", "us", _series(latency, bound, series[0]))
    if len(numbers) == 2 and not series:
        return _of_grid(title, note, latency, bound, numbers)
    if len(numbers) == 2 and series == ["model"] and latency.sizes["model"] == 2:
        before, after = (str(name) for name in latency["model"].values)
        ratio = latency.isel(model=0, drop=True) / latency.isel(model=1, drop=True)
        title = f"Speed-up of {after} over {before} on {_hardware(dataset)}"
        x, y = (_axis(latency[d]) for d in numbers)
        return speed_up(title, note, x, y, ratio.transpose(*numbers).values)
    raise BadArgument(
        f"a plot shows one or two varied numbers, this sweep has {len(dims)} axes: "
        f"{', '.join(dims) or 'none'}; give the others one value"
    )


def speed_up(title: str, note: str, x: Axis, y: Axis, ratio: np.ndarray) -> Heat:
    """Heat map of a ratio [x, y] of latencies, with the line where it is 1."""
    cells = tuple(map(tuple, np.asarray(ratio).T.tolist()))
    return Heat(title, note, x, y, "speed-up", "", cells, level=1.0, level_name="break-even")


def of_front(found: Front) -> Points:
    """Latency against cost; dominated points beyond MOST_POINTS are thinned out."""
    rest = np.flatnonzero(~found.on_front)
    kept = rest[:: max(1, -(-len(rest) // MOST_POINTS))]
    edge = np.flatnonzero(found.on_front)
    edge = edge[np.lexsort((found.latency_us[edge], found.cost[edge]))]
    pairs = np.stack([found.cost[edge], found.latency_us[edge]])
    first = np.r_[True, (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)] if len(edge) else np.zeros(0, bool)
    ties = np.diff(np.r_[np.flatnonzero(first), len(edge)])  # equal points are drawn once
    whole, edge = len(edge), edge[first]
    order = np.r_[edge, kept]
    note = f"{whole} of {found.cost.size:,} points are on the front: no other is both cheaper and faster."
    if len(kept) < len(rest):
        note += f" Of the others one in {-(-len(rest) // MOST_POINTS)} is shown."
    texts = _texts(found.parameters, found.units, order)
    for k, count in enumerate(ties.tolist()):
        texts[k] += f" (and {count - 1} equal)" if count > 1 else ""
    return Points(
        title=f"Latency of {found.model or 'the model'} on {found.hardware} against cost",
        note=note,
        x=_plain_axis(f"cost: {found.cost_text}", "", found.cost[order]),
        y=_plain_axis("latency", "us", found.latency_us[order]),
        texts=tuple(texts),
        bound=tuple(group(name) for name in found.bound_by[order]),
        front=tuple(range(len(edge))),
    )


def of_sensitivity(found: Sensitivity) -> Tornado:
    """Bars, the largest on top."""
    bars = [
        Bar(row.name, f"{number(row.value)} {row.unit}".strip(), row.source, row.elasticity)
        for row in found.elasticities[:MOST_BARS]
    ]
    note = (
        f"Change of the latency ({found.latency_us:.3f} us) in percent per percent of each number, "
        f"by {found.compiler}, {found.precision}. {len(found.elasticities)} of {found.numbers} numbers have a say."
    )
    title = f"What decides the latency of {found.graph or 'the model'} on {found.hardware}"
    return Tornado(title, note, tuple(bars), max(0, len(found.elasticities) - MOST_BARS))


def _of_grid(title: str, note: str, latency: xr.DataArray, bound: xr.DataArray, dims: list[str]) -> Heat:
    strides = {d: -(-latency.sizes[d] // MOST_CELLS) for d in dims}
    thin = {d: slice(None, None, stride) for d, stride in strides.items()}
    for d, stride in strides.items():
        note += f" Of {d} one value in {stride} is shown." if stride > 1 else ""
    latency, bound = latency.isel(thin).transpose(*dims), bound.isel(thin).transpose(*dims)
    x, y = (_axis(latency[d]) for d in dims)
    cells = tuple(map(tuple, latency.values.T.tolist()))
    groups = tuple(tuple(map(group, row)) for row in bound.values.T)
    return Heat(title, note, x, y, "latency", "us", cells, groups)


def _of_points(dataset: xr.Dataset, bound: xr.DataArray, note: str) -> Figure:
    latency = dataset["latency_us"]
    varied = [str(n) for n, c in dataset.coords.items() if c.dims == ("point",) and n != "point"]
    title = f"Latency of {_model(dataset)} on {_hardware(dataset)}"
    if latency.dims != ("point",) or not 1 <= len(varied) <= 2:
        raise BadArgument(
            f"a plot of random points shows one model and one or two numbers, this sweep varies "
            f"{', '.join(varied)}; give the others one value, or ask npusim pareto"
        )
    order = np.argsort(dataset[varied[0]].values, kind="stable")
    order = order[:: -(-len(order) // MOST_POINTS)]
    if len(order) < latency.size:
        note += f" {len(order)} of {latency.size:,} points are shown."
    values = {n: dataset[n].values[order] for n in varied}
    units = {n: _unit(dataset[n]) for n in varied}
    axes = [_plain_axis(n, units[n], values[n]) for n in varied]
    if len(varied) == 1:
        groups = tuple(map(group, bound.values[order]))
        line = Series("", tuple(latency.values[order].tolist()), groups)
        return Lines(title, note, axes[0], "latency", "us", (line,))
    colour = tuple(latency.values[order].tolist())
    texts = tuple(f"{number(value)} us" for value in colour)
    return Points(title, note, axes[0], axes[1], texts, colour=colour, colour_title="latency (us)")


def _series(latency: xr.DataArray, bound: xr.DataArray, x: str) -> tuple[Series, ...]:
    others = [str(d) for d in latency.dims if d != x]
    flat = latency.transpose(*others, x)
    rows = flat.values.reshape(-1, flat.sizes[x])
    groups = bound.transpose(*others, x).values.reshape(rows.shape)
    names = [""]
    for d in others:
        names = [f"{name} {value}".strip() for name in names for value in flat[d].values]
    return tuple(
        Series(name, tuple(row.tolist()), tuple(map(group, each)))
        for name, row, each in zip(names, rows, groups, strict=True)
    )


def _axis(coordinate: xr.DataArray) -> Axis:
    return _plain_axis(str(coordinate.name), _unit(coordinate), coordinate.values)


def _now(dataset: xr.Dataset, number: str) -> float | None:
    """What the number is on the NPU the sweep started from; None where that NPU is not to be had."""
    from npusim.arch.presets import load_hardware
    from npusim.errors import NpusimError

    try:
        return float(load_hardware(_hardware(dataset)).get(number))
    except (NpusimError, KeyError, TypeError, ValueError):
        return None


def _plain_axis(label: str, unit: str, values: Any) -> Axis:
    plain = np.asarray(values, dtype=float).tolist()
    return Axis(label, unit, tuple(plain), is_log(plain))


def _unit(coordinate: xr.DataArray) -> str:
    unit = str(coordinate.attrs.get("units", ""))
    return "" if unit == "1" else unit


def _texts(parameters: dict[str, np.ndarray], units: dict[str, str], order: Sequence[int]) -> list[str]:
    def one(name: str, value: Any) -> str:
        shown = (
            number(float(value))
            if isinstance(value, int | float | np.number) and not isinstance(value, bool)
            else str(value)
        )
        return f"{name} {shown} {units.get(name, '')}".strip()

    return ["; ".join(one(n, values[i]) for n, values in parameters.items()) for i in order]


def _model(dataset: xr.Dataset) -> str:
    return str(dataset.attrs.get("graph", "")) or "the model"


def _hardware(dataset: xr.Dataset) -> str:
    return str(dataset.attrs.get("hardware", "")) or "the NPU"


def _note(dataset: xr.Dataset, fixed: list[str]) -> str:
    said = [f"{k} {dataset.attrs[k]}" for k in ("compiler", "precision") if dataset.attrs.get(k)]
    said += [f"{name} {dataset[name].values.ravel()[0]}" for name in fixed if name in dataset.coords]
    return f"{', '.join(said)}." if said else ""
