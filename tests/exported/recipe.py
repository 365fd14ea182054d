"""What a recipe of an exported network is; PyTorch is imported where one is made, not where it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Recipe(NamedTuple):
    """`kind` as in the tables of networks; `make` imports its package and gives the module, with random weights, and
    example inputs of a real size; with `script` the older exporter (TorchScript) writes the file."""

    kind: str
    make: Callable[[], tuple[Any, tuple[Any, ...]]]
    script: bool = False


Recipes = dict[str, Recipe]


def picture(count: int, height: int, width: int = 0, channels: int = 3) -> Any:
    """A batch of images."""
    import torch

    return torch.rand(count, channels, height, width or height)


def words(length: int, count: int = 1, below: int = 1000) -> Any:
    """Numbers of words."""
    import torch

    return torch.randint(1, below, (count, length))
