"""Importing this registers every shape rule and special op."""

from npusim.loading import (
    branches,
    loops,
    sequences,
    shapes_elementwise,
    shapes_index,
    shapes_layout,
    shapes_microsoft,
    shapes_nn,
    specials,
)

__all__ = [
    "branches",
    "loops",
    "sequences",
    "shapes_elementwise",
    "shapes_index",
    "shapes_layout",
    "shapes_microsoft",
    "shapes_nn",
    "specials",
]
