"""Answers as an xarray.Dataset: names, units, coordinates, attributes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from npusim.errors import BadArgument
from npusim.report.words import ENGINES
from npusim.sweeping.design import Design
from npusim.sweeping.planned import BOUNDS

FLAGS = {"flag_values": list(range(len(BOUNDS))), "flag_meanings": " ".join(BOUNDS)}
#: Variable -> (unit, what it is).
VARIABLES: dict[str, dict[str, Any]] = {
    "latency_us": {"units": "us", "long_name": "latency"},
    "busy_us": {"units": "us", "long_name": "busy time of an engine (DMA: mean over its ports)"},
    "bytes_moved": {"units": "B", "long_name": "bytes moved between DDR and scratchpad"},
    "bound_by": {"long_name": "busiest engine", **FLAGS},
    "speedup": {"units": "1", "long_name": "latency of the first model over this one's"},
    "node_duration_us": {"units": "us", "long_name": "from a node's first start to its last end"},
    "node_critical_us": {"units": "us", "long_name": "by how much a node moves the end; sums to latency"},
}


def require(module: str, extra: str = "sweep") -> Any:
    """The imported module. Raises BadArgument that names the extra to install."""
    try:
        return import_module(module)
    except ImportError:
        name = module.partition(".")[0]
        raise BadArgument(f'{name} is not installed; pip install "npusim-xamba[{extra}]"') from None


def coordinates(design: Design) -> dict[str, Any]:
    """Coordinates of a design: a dimension each on a grid; of points, parameters along `point`."""
    if design.points is None:
        return {a.name: ((a.name,), np.asarray(a.values), _unit(a.unit)) for a in design.axes}
    block = (slice(0, design.points),)
    values = design.parameters(block)
    points = ("point",)
    found: dict[str, Any] = {a.name: (points, values[a.name], _unit(a.unit)) for a in design.axes}
    return {"point": (points, np.arange(design.points), {}), **found}


def _unit(unit: str) -> dict[str, str]:
    return {"units": unit}


def bound_names(dataset: Any) -> Any:
    """`bound_by` of a sweep as text: 'mac_array', 'dsp', 'dma' or 'none'; a DataArray of the same shape."""
    codes = dataset["bound_by"]
    return codes.copy(data=np.asarray(BOUNDS)[codes.values.astype(int)])


def make_dataset(variables: Mapping[str, Any], design: Design, attributes: Mapping[str, Any]) -> Any:
    """Dataset of arrays by name: `name -> (dimensions, array)`."""
    xarray = require("xarray")
    dims = tuple(design.sizes)
    data = {}
    for name, (extra, values) in variables.items():
        data[name] = ((*extra, *dims), values, dict(VARIABLES[name]))
    coords = coordinates(design) | {"engine": ("engine", list(ENGINES))}
    return xarray.Dataset(data, coords, dict(attributes))
