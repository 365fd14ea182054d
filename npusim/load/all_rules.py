"""Importing this registers every shape rule and special op."""

from npusim.load import (
    control,
    sequences,
    shapes_elementwise,
    shapes_index,
    shapes_layout,
    shapes_microsoft,
    shapes_nn,
)

__all__ = [
    "control",
    "sequences",
    "shapes_elementwise",
    "shapes_index",
    "shapes_layout",
    "shapes_microsoft",
    "shapes_nn",
]
