"""Answers as an xarray.Dataset: names, units, coordinates, attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from npusim.errors import BadArgument
from npusim.report.words import ENGINES
from npusim.sweeping.design import Design
from npusim.sweeping.planned import BOUNDS
from npusim_xamba.extras import found, missing

if TYPE_CHECKING:
    from npusim.sweeping.question import Question

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
    known = found(module)
    if known is None:
        raise BadArgument(missing(module.partition(".")[0], extra))
    return known


def coordinates(design: Design) -> dict[str, Any]:
    """Coordinates of a grid: a dimension a name. Those of points are `design.parameters`."""
    if design.points is not None:
        return {}
    return {a.name: ((a.name,), as_coordinate(a.values), {"units": a.unit}) for a in design.axes}


def as_coordinate(values: Any) -> np.ndarray:
    """Values of an axis as an array; text as objects, which every format can write."""
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind == "U" else array


def bound_names(dataset: Any) -> Any:
    """`bound_by` of a sweep as text: 'mac_array', 'dsp', 'dma' or 'none'; a DataArray of the same shape."""
    codes = dataset["bound_by"]
    return codes.copy(data=np.asarray(BOUNDS)[codes.values.astype(int)])


def make_dataset(
    question: Question, variables: Mapping[str, Any], attributes: Mapping[str, Any], nodes: list[str]
) -> Any:
    """Dataset of arrays: `name -> (dimensions before those of the question, array)`."""
    xarray = require("xarray")
    design = question.design
    data = {
        name: ((*extra, *question.dims), values, dict(VARIABLES[name]))
        for name, (extra, values) in variables.items()
    }
    coords = coordinates(design) | labels(question)
    if design.points is not None:
        values = design.parameters((slice(0, design.points),))
        for axis in design.axes:
            coords[axis.name] = (("point",), as_coordinate(values[axis.name]), {"units": axis.unit})
    if nodes:
        coords["node"] = ("node", as_coordinate(nodes))
    return xarray.Dataset(data, coords, {**question.attributes(), **attributes})


def labels(question: Question) -> dict[str, Any]:
    """Coordinates that are names: engines, and models if there are several."""
    found: dict[str, Any] = {"engine": ("engine", as_coordinate(ENGINES))}
    if question.several:
        found["model"] = ("model", as_coordinate(list(question.graphs)))
    return found
