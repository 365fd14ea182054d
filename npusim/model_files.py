"""The one door for models: whatever kind of file it is, `load` makes a static `Graph` of it.

A front end is one module that reads one kind of file. It is listed in `FRONT_ENDS` by what its files are called and how
they begin, and imported when a file is its. It has a function `load(path, dims, *, upper_bound, fixed, trips,
max_nodes)` that gives a `Graph`, as `npusim.onnx_io.load` does, and `input_shapes(path)`, the inputs with their sizes
or the names of those that are free, for `npusim check`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from npusim.errors import BadModel

if TYPE_CHECKING:
    import onnx_ir as ir
    from onnx import ModelProto

    from npusim.graph import Graph

HEAD_BYTES = 512  # of a file whose name says nothing, looked at to tell its kind


class FrontEnd(NamedTuple):
    """One kind of model file.

    `kind`: what people call it. `endings`: how its files' names end, in lower case. `begins`: bytes of which one stands
    at the start of such a file, for files of other names. `module`: where `load` is. `in_folders`: whether a folder
    given to `npusim run` is searched for such files. `whole_name`: such files have one name, `endings` in full, and a
    folder that holds one, and no file of a kind that is searched for, is the model.
    """

    kind: str
    endings: tuple[str, ...]
    begins: tuple[bytes, ...]
    module: str
    in_folders: bool = True
    whole_name: bool = False

    def named(self, path: str) -> bool:
        """Whether a path's name says that it is of this kind."""
        name = os.path.basename(path).lower()
        return name in self.endings if self.whole_name else name.endswith(self.endings)

    def __str__(self) -> str:
        return f"{self.kind} ({', '.join(self.endings)})"


ONNX = FrontEnd("ONNX", (".onnx",), (b"\x08", b"\x12"), "npusim.onnx_io")  # ir_version, producer_name
OPENVINO = FrontEnd("OpenVINO IR", (".xml",), (b"<?xml", b"<net"), "npusim.ir_io")
CONFIG = FrontEnd(
    "a language model", ("config.json",), (), "npusim.config_io", in_folders=False, whole_name=True
)
FRONT_ENDS: list[FrontEnd] = [ONNX, OPENVINO, CONFIG]


def front_end(path: str) -> FrontEnd:
    """The front end that reads a file: by its name, else by how it begins.

    What cannot be read at all is left to ONNX's, which says so. Raises BadModel, with the kinds there are, for a file
    that is none of them.
    """
    for known in FRONT_ENDS:
        if known.named(path):
            return known
    if not os.path.isfile(path):
        return of_folder(path) or ONNX
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return ONNX
    for known in FRONT_ENDS:
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(known.begins) or head.startswith(known.begins):
            return known
    raise BadModel(f"'{path}' is no model of a kind that is read: {kinds()}")


def of_folder(path: str) -> FrontEnd | None:
    """The front end for which a folder is one model; None for what is no folder, or a folder of models."""
    if not os.path.isdir(path):
        return None
    try:
        names = {name.lower() for name in os.listdir(path)}
    except OSError:
        return None
    if any(map(in_folder, names)):
        return None
    return next((f for f in FRONT_ENDS if f.whole_name and not names.isdisjoint(f.endings)), None)


def name_of(path: str | os.PathLike[str]) -> str:
    """What a model is called: the name of its file, or of its folder where all such files are called the same."""
    path = os.path.normpath(os.fspath(path))
    if any(known.whole_name and known.named(path) for known in FRONT_ENDS):
        path = os.path.dirname(os.path.abspath(path))
    return os.path.basename(path if os.path.basename(path).strip(".") else os.path.abspath(path))


def kinds() -> str:
    """The kinds of files there are front ends for, for a sentence."""
    return ", ".join(str(known) for known in FRONT_ENDS)


def in_folder(name: str) -> bool:
    """Whether a file of a folder is taken for a model when the folder is given."""
    return any(known.in_folders and known.named(name) for known in FRONT_ENDS)


def load(
    path: str | os.PathLike[str] | ModelProto | ir.Model,
    dims: Mapping[str, int] | None = None,
    *,
    upper_bound: bool = False,
    fixed: Mapping[str, Any] | None = None,
    trips: int | Mapping[str, int] | None = None,
    max_nodes: int | None = None,
) -> Graph:
    """The static graph of a model file: shapes known, constants folded, functions inlined, loops counted.

    `path` may also be a model in memory, an `onnx.ModelProto` or an `onnx_ir.Model` (its small constants inline); it
    is read and not changed.
    `dims` binds free dimensions of the inputs by name (``{"batch": 1}``); a free dimension without a name
    is called ``input.axis``. With `upper_bound`, shapes that depend on data (NonZero and the like) take the
    most they can be, and a warning says so. `fixed` gives small inputs a value (``{"sr": 16000}``), which may
    decide a branch. `trips` bounds loops whose count the data decide: one number for all, or one by name.
    `max_nodes` bounds what the model may unfold to (default: ten times the nodes it holds, 30,000 at least).
    Weights are not read; they need not be there.

    Raises `BadModel` (missing, unreadable, of no known kind, contradicts itself), `FreeDimension` (not bound),
    `BadArgument` (unknown name in `dims`, `fixed` or `trips`), `UnknownShape` (a shape depends on data), `TooLarge`.
    """
    known = front_end(os.fspath(path)) if isinstance(path, str | os.PathLike) else ONNX
    read = import_module(known.module).load
    graph: Graph = read(path, dims, upper_bound=upper_bound, fixed=fixed, trips=trips, max_nodes=max_nodes)
    return graph


def input_shapes(path: str) -> dict[str, list[int | str]]:
    """The inputs of a model file, with their sizes or the names of those that are free.

    Raises what `load` raises for a file that cannot be read.
    """
    found: dict[str, list[int | str]] = import_module(front_end(path).module).input_shapes(path)
    return found


def only_onnx(path: str, what: str, remedy: str) -> None:
    """Raises BadModel, with `remedy`, where `what` is done to ONNX files alone and the file is of another kind."""
    known = front_end(path)
    if known is not ONNX:
        raise BadModel(f"'{path}' is {known.kind}, and {what} takes ONNX files alone; {remedy}")
