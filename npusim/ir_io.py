"""The front end for OpenVINO IR: `load` makes a static `Graph` of an .xml and the .bin beside it.

A layer becomes the nodes ONNX has for it (`npusim.loading.ir`), and the way of an ONNX file is gone from there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from npusim.errors import BadArgument, BadModel, NpusimError, UnknownShape
from npusim.graph import Graph
from npusim.loading.ir.state import KNOWN_INPUTS, NEW, PAST
from npusim.onnx_io import input_shapes as shapes_of
from npusim.onnx_io import of_model, sha256


def load(path: str | os.PathLike[str], dims: Mapping[str, int] | None = None, **rest: Any) -> Graph:
    """The static graph of an OpenVINO IR. Arguments and errors are those of `npusim.model_files.load`.

    Weights are not read, and the .bin need not be there unless a shape or an axis lies in it. A free size is called
    ``input.axis``; in a language model with states also by what it means (``batch_size``, ``sequence_length``,
    ``past_sequence_length``), as every error says.
    """
    path = os.fspath(path)
    model, notes = read(path)
    try:
        graph = of_model(model, path, by_meaning(dims or {}, shapes_of(model)), **rest)
    except UnknownShape as error:
        weights = os.path.splitext(path)[0] + ".bin"
        if os.path.exists(weights):
            raise
        raise UnknownShape(
            f"{str(error).partition(', which is known')[0]}; constants lie in '{os.path.basename(weights)}', which is "
            "not there: put the .bin that was saved with the .xml beside it, or fix all sizes in the file "
            "(Model.reshape in OpenVINO): then they tell the rest"
        ) from error.__cause__
    return replace(graph, sha256=sha256(path), warnings=(*notes, *graph.warnings), form="OpenVINO IR")


def input_shapes(path: str | os.PathLike[str]) -> dict[str, list[int | str]]:
    """The inputs with their sizes or the names of those that are free."""
    return shapes_of(read(os.fspath(path))[0])


def read(path: str) -> tuple[Any, tuple[str, ...]]:
    """The file as ONNX's message, and what is to be said of it. Errors name the file."""
    from npusim.loading.ir.front import model_of

    name = os.path.basename(path)
    try:
        return model_of(path)
    except NpusimError as error:
        text = str(error)
        raise type(error)(text if name in text else f"'{name}': {text}") from error.__cause__
    except RecursionError:
        raise BadModel(f"'{name}' nests its bodies too deeply") from None


def by_meaning(dims: Mapping[str, int], shapes: Mapping[str, list[int | str]]) -> dict[str, int]:
    """Sizes given as ``input.axis`` under the name that axis has: of a language model's inputs, where a mask is as
    long as past and new tokens together. Raises BadArgument where two of them contradict each other."""
    free = {d for shape in shapes.values() for d in shape if isinstance(d, str)}
    found: dict[str, int] = {}
    masks: dict[str, int] = {}
    for given, size in dims.items():
        name, _, axis = given.rpartition(".")
        shape = shapes.get(name) or list(KNOWN_INPUTS.get(name, ()))
        place = int(axis) if axis.isascii() and axis.isdigit() and len(axis) < 4 else -1
        meant = str(shape[place]) if given not in free and 0 <= place < len(shape) else given
        if meant not in free:
            meant = given
        if meant != given and "+" in meant:
            masks[given] = size
        elif found.setdefault(meant, size) != size:
            raise BadArgument(f"'{given}' is {meant}, which is given as {found[meant]} and as {size}")
    for given, size in masks.items():
        new = found.get(NEW)
        if new is None:
            raise BadArgument(f"'{given}' is {PAST} and {NEW} together; give {NEW} as well")
        if found.setdefault(PAST, size - new) != size - new:
            raise BadArgument(f"'{given}' is {size}, and {PAST} and {NEW} are {found[PAST]} and {new}")
    return found
