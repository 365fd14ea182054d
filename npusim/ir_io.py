"""The front end for OpenVINO IR: `load` makes a static `Graph` of an .xml and the .bin beside it.

A layer becomes the nodes ONNX has for it (`npusim.loading.ir`), and the way of an ONNX file is gone from there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from npusim.errors import BadModel
from npusim.graph import Graph
from npusim.onnx_io import input_shapes as shapes_of
from npusim.onnx_io import of_model, sha256


def load(path: str | os.PathLike[str], dims: Mapping[str, int] | None = None, **rest: Any) -> Graph:
    """The static graph of an OpenVINO IR. Arguments and errors are those of `npusim.model_files.load`.

    Weights are not read, and the .bin need not be there unless a shape or an axis lies in it.
    """
    from npusim.loading.ir.front import model_of

    path = os.fspath(path)
    try:
        model = model_of(path)
    except BadModel as error:
        text = str(error)
        raise BadModel(text if os.path.basename(path) in text else f"'{os.path.basename(path)}': {text}") from None
    except RecursionError:
        raise BadModel(f"'{os.path.basename(path)}' nests its bodies too deeply") from None
    graph = of_model(model, path, dims, **rest)
    return replace(graph, sha256=sha256(path))


def input_shapes(path: str | os.PathLike[str]) -> dict[str, list[int | str]]:
    """The inputs with their sizes or the names of those that are free."""
    from npusim.loading.ir.front import model_of

    return shapes_of(model_of(os.fspath(path)))
