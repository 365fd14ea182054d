"""What a recipe of an exported network is; PyTorch is imported where one is made, not where it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Made = tuple[Any, tuple[Any, ...]]


class Recipe(NamedTuple):
    """`kind` as in the tables of networks; `make` imports its package and gives the module, with random weights, and
    example inputs of a real size; with `script` the older exporter (TorchScript) writes the file. `quantised` files
    are put into eight bits by onnxruntime's static quantisation afterwards."""

    kind: str
    make: Callable[[], Made]
    script: bool = False
    quantised: bool = False


Recipes = dict[str, Recipe]


def picture(count: int, height: int, width: int = 0, channels: int = 3) -> Any:
    """A batch of images."""
    import torch

    return torch.rand(count, channels, height, width or height)


def words(length: int, count: int = 1, below: int = 1000) -> Any:
    """Numbers of words."""
    import torch

    return torch.randint(1, below, (count, length))


def called(model: Any, names: str, output: str = "", **fixed: Any) -> Any:
    """A module that calls another with inputs by these names and fixed options, and gives one of its outputs (the
    first if none is named)."""
    import torch

    class Called(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: Any) -> Any:
            found = self.model(**dict(zip(names.split(), inputs, strict=True)), **fixed)
            return getattr(found, output) if output else found[0]

    return Called()
