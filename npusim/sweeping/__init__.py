"""One question asked of many NPUs: `sweep` gives an xarray.Dataset with the axes of the question.

Public: `sweep`, `Range`, `bound_names`. `docs/sweeps.md` is the guide."""

from npusim.sweeping.axes import Range
from npusim.sweeping.dataset import bound_names
from npusim.sweeping.run import sweep

__all__ = ["Range", "bound_names", "sweep"]
