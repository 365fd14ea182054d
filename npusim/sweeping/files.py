"""Formats a sweep is written in: .zarr (any size), and .nc, .parquet, .csv of what fits the memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from npusim.errors import BadArgument
from npusim.sweeping.dataset import bound_names, require
from npusim.terminal.memory import readable
from npusim.terminal.outputs import put_in_place

SUFFIXES = (".nc", ".zarr", ".parquet", ".csv")
#: Copies of the result alive while a format is written (measured with 10^6 points, rounded up).
_COPIES = {".nc": 3, ".parquet": 6, ".csv": 6}


def suffix_of(path: str) -> str:
    """Raises BadArgument for a format we cannot write, or one whose library is missing."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise BadArgument(
            f"-o '{path}': '{suffix or path}' is no format of a sweep; choose from {', '.join(SUFFIXES)}"
        )
    needed = {
        ".nc": ("h5netcdf", "h5py"),
        ".parquet": ("pandas", "pyarrow"),
        ".csv": ("pandas",),
        ".zarr": (),
    }
    for module in ("xarray", "zarr", *needed[suffix]):
        require(module)
    return suffix


def check_size(suffix: str, size: int, budget: int) -> None:
    """Raises BadArgument if a result of `size` bytes cannot be written in this format with `budget` bytes."""
    needed = size * _COPIES.get(suffix, 0)
    if needed > budget:
        raise BadArgument(
            f"writing {suffix} takes about {readable(needed)} and --memory leaves {readable(budget)}; "
            "write a .zarr (any size), or allow more memory"
        )


def table(dataset: Any) -> Any:
    """A pandas table: a row a point, a column a parameter or variable; `busy_<engine>_us`; text in `bound_by`."""
    flat = dataset.drop_vars("busy_us")
    for engine in dataset["engine"].values:
        flat[f"busy_{engine}_us"] = dataset["busy_us"].sel(engine=engine, drop=True)
    flat["bound_by"] = bound_names(dataset)
    frame = flat.drop_vars("engine").to_dataframe().reset_index()
    coordinates = [name for name in frame.columns if name in flat.coords or name in flat.dims]
    return frame[[*coordinates, *(n for n in frame.columns if n not in coordinates)]]


def write(dataset: Any, path: str) -> None:
    """Write .nc, .parquet or .csv beside its place and move it there. Raises BadOutput."""
    suffix = Path(path).suffix.lower()
    part = f"{path}.part{suffix}"
    with put_in_place(part, path, path):
        if suffix == ".nc":
            _plain(dataset).to_netcdf(part, engine="h5netcdf")
        elif suffix == ".parquet":
            table(dataset).to_parquet(part, index=False)
        else:
            table(dataset).to_csv(part, index=False)


def _plain(dataset: Any) -> Any:
    """Text as objects and attributes without nesting: what NetCDF can hold."""
    import json

    text = {
        name: dataset[name].astype(object) for name in dataset.variables if dataset[name].dtype.kind in "TU"
    }
    plain = dataset.assign_coords(text)
    for key, value in plain.attrs.items():
        if isinstance(value, dict | list):
            plain.attrs[key] = json.dumps(value)
    return plain


def read_dataset(path: str) -> Any:
    """A .zarr or .nc of `npusim sweep`, in memory."""
    xarray = require("xarray")
    if Path(path).suffix.lower() == ".zarr":
        return xarray.open_zarr(path, chunks=None).load()
    return xarray.load_dataset(path, engine="h5netcdf")
