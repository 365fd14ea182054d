"""The graphs that `npusim generate` planned, as files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from npusim.errors import BadArgument, BadOutput
from npusim.terminal.outputs import check_outputs, write_outputs

if TYPE_CHECKING:
    from npusim.generating.record import Generation

NAMES = ("prompt.onnx", "token.onnx")


def check_folder(folder: str | None, model: list[str]) -> None:
    """Raises BadArgument for files, whose graphs are there already, BadOutput for a folder that cannot be written."""
    from npusim.language import is_config

    if folder is None:
        return
    if len(model) != 1 or not is_config(model[0]):
        raise BadArgument("--save writes graphs that are built from a config.json; files are there already")
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise BadOutput(f"--save '{folder}' is a file; name a folder for {' and '.join(NAMES)}")
    if os.path.isdir(folder):
        check_outputs({f"--save {name}": os.path.join(folder, name) for name in NAMES})


def save_graphs(folder: str, model: list[str], found: Generation) -> None:
    """Write the last pass over the prompt and a token's pass, both without weights.

    Raises BadOutput if they cannot be written; then neither is."""
    from npusim.generating.exports import passes_of
    from npusim.generating.graphs import Built

    passes = passes_of(model, found.asked, {})
    assert isinstance(passes, Built)
    before, size = found.asked.chunks[-1]
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise BadOutput(f"--save '{folder}': {error.strerror or error}") from None
    protos = (passes.proto(size, before), passes.proto(1, found.asked.before[-1]))
    write_outputs(
        {
            os.path.join(folder, name): proto.SerializeToString()
            for name, proto in zip(NAMES, protos, strict=True)
        }
    )
