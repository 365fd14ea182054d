"""The front end for language models: a config.json, or the folder it is in, as the graph of one pass.

Without sizes that is a decode step with 1,024 tokens in the cache. `--dim tokens=512` makes it a prompt of that length,
`--dim past=N` a step behind, or a part of a prompt behind, so many tokens (0: a first token), `--dim batch=N` sequences
side by side.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from npusim.errors import BadArgument
from npusim_xamba.text import near

if TYPE_CHECKING:
    from onnx import ModelProto

    from npusim.graph import Graph

SIZES = ("tokens", "past", "batch")
PAST = 1024  # of a decode step that says nothing else


def load(
    path: str | os.PathLike[str],
    dims: Mapping[str, int] | None = None,
    *,
    upper_bound: bool = False,
    fixed: Mapping[str, Any] | None = None,
    trips: int | Mapping[str, int] | None = None,
    max_nodes: int | None = None,
) -> Graph:
    """The static graph of one pass. Arguments and errors are those of `npusim.model_files.load`."""
    from npusim.language.bound_experts import experts_bound
    from npusim.onnx_io import load as load_onnx
    from npusim.onnx_io import sha256

    model = one_pass(path, dims)
    graph = load_onnx(model, upper_bound=upper_bound, fixed=fixed, trips=trips, max_nodes=max_nodes)
    return replace(experts_bound(graph), sha256=sha256(_file(path)))


def one_pass(path: str | os.PathLike[str], dims: Mapping[str, int] | None = None) -> ModelProto:
    """The ONNX model of one pass, its weights left out. Raises BadArgument for a size that is none of `SIZES`."""
    from npusim.language import build, read_config

    sizes = {name.strip(): size for name, size in (dims or {}).items()}
    for name in sizes:
        if name not in SIZES:
            raise BadArgument(
                f"no input has a free dimension named '{name}'; free dimensions of a config.json: "
                f"{', '.join(SIZES)}{near(name, SIZES)}"
            )
    tokens = sizes.get("tokens", 1)
    past = sizes.get("past", PAST if tokens == 1 else 0)
    return build(read_config(path), tokens=tokens, past=past, batch=sizes.get("batch", 1))


def input_shapes(path: str | os.PathLike[str]) -> dict[str, list[int | str]]:
    """No input has a free dimension: what is not bound has a size all the same."""
    return {}


def _file(path: str | os.PathLike[str]) -> str:
    return os.path.join(path, "config.json") if os.path.isdir(path) else os.fspath(path)
