"""The graphs of a language model's passes from files: a prompt's and a token's, or one with free sizes that is both."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from npusim.errors import BadArgument, BadModel
from npusim.generating.asked import ROUND, Asked
from npusim.generating.graphs import Built, Passes, Rewrite
from npusim.generating.pipeline import last_token_alone, new_rows_leave
from npusim.generating.roles import rows_kept
from npusim.graph import Graph
from npusim.model_files import ONNX, front_end, input_shapes
from npusim.onnx_io import sha256


@dataclass(slots=True)
class Exported:
    """A prompt's graph and a token's, from files; one file with free sizes may be both."""

    prompt: str
    step: str
    asked: Asked
    dims: Mapping[str, int]
    parameters: int | None = None
    weight_bytes: float | None = None
    max_positions: int | None = None
    _read: dict[tuple[str, int, int], Graph] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return os.path.basename(self.step)

    @property
    def sha256(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(sha256(path) for path in (self.prompt, self.step)))

    @property
    def recurrent(self) -> bool:
        return rows_kept(self._load(self.step, 1, self.fixed_past or ROUND)) == 0

    @property
    def fixed_past(self) -> int | None:
        """Rows in the cache of the step's file where its sizes are fixed, None where they are free."""
        if any(isinstance(size, str) for shape in input_shapes(self.step).values() for size in shape):
            return None
        return rows_kept(self._load(self.step, 1, 0))

    @property
    def fixed_prompt(self) -> int | None:
        """Tokens of the prompt's file where its sizes are fixed."""
        return _tokens(self.prompt)

    def graph(self, tokens: int, past: int) -> Graph:
        from npusim.language.bound_experts import experts_bound

        of_step = tokens == 1 and (past > 0 or self.recurrent)
        found = experts_bound(self._load(self.step if of_step else self.prompt, tokens, past))
        return last_token_alone(found) if self.asked.growing else last_token_alone(new_rows_leave(found))

    def cache_bytes(self, rows: int) -> float | None:
        return None

    def _load(self, path: str, tokens: int, past: int) -> Graph:
        from npusim.model_files import load

        key = (path, tokens, past)
        if key not in self._read:
            shapes = input_shapes(path)
            sizes = _bound(shapes, tokens, past, self.asked.batch)
            dims = {**_channels(path, shapes, sizes), **sizes, **self.dims}
            self._read[key] = replace(load(path, dims=dims), name=os.path.basename(path))
        return self._read[key]


def passes_of(
    model: list[str], asked: Asked, dims: Mapping[str, int], rewrite: Rewrite | None = None
) -> Passes:
    """The passes of what was named: a config.json or its folder, one model file, or the prompt's and a token's.

    Raises BadArgument for anything else, BadModel for what cannot be read."""
    from npusim.language import is_config, read_config

    if len(model) == 1 and is_config(model[0]):
        file = os.path.join(model[0], "config.json") if os.path.isdir(model[0]) else model[0]
        return Built(read_config(model[0]), asked, rewrite, (sha256(file),))
    if rewrite is not None:
        raise BadArgument(
            "a rewrite is of graphs that are built; give a config.json, or rewrite the files first"
        )
    if len(model) > 2:
        raise BadArgument(
            f"{len(model)} files are given; name a config.json or its folder, or the prompt's graph and the token's"
        )
    for path in model:
        if os.path.isdir(path):
            raise BadModel(
                f"'{path}' is a folder without a config.json; name one that has it, or the exported graphs"
            )
    many = _tokens(model[-1]) if len(model) == 2 else None
    if many is not None and many > 1:
        raise BadArgument(
            f"'{model[1]}' takes {many} tokens, and the second file is the pass of one token; name the prompt's first"
        )
    return Exported(model[0], model[-1], asked, dims)


def _tokens(path: str) -> int | None:
    """Tokens that a file's pass takes, where its sizes are fixed."""
    shapes = input_shapes(path)
    ids = next((shape for name, shape in shapes.items() if re.search(r"input_ids|^ids|tokens", name)), None)
    size = ids[-1] if ids else None
    return size if isinstance(size, int) else None


def _channels(path: str, shapes: dict[str, list[int | str]], bound: Mapping[str, int]) -> dict[str, int]:
    """The size of a cache's innermost axis where that is free, by its name."""
    from npusim.generating.heads import channels

    free = {str(s[3]) for n, s in shapes.items() if _of_cache(n, s) and isinstance(s[3], str)} - set(bound)
    if len(free) != 1 or front_end(path) is not ONNX:
        return {}
    found = channels(path)
    return {} if found is None else {free.pop(): found}


def _of_cache(name: str, shape: list[int | str]) -> bool:
    return len(shape) == 4 and re.search(r"past|key|value|cache", name) is not None


def _bound(shapes: dict[str, list[int | str]], tokens: int, past: int, batch: int) -> dict[str, int]:
    """Values of free sizes by where they stand: ids are [batch, tokens], a mask [batch, rows], a cache [batch, heads,
    rows before, channels]."""
    found: dict[str, int] = {}
    for name, shape in shapes.items():
        if _of_cache(name, shape):
            sizes = {0: batch, 2: past}
        elif "mask" in name:
            sizes = {0: batch, len(shape) - 1: past + tokens}
        else:
            sizes = {0: batch, 1: tokens}
        for axis, size in sizes.items():
            if axis < len(shape) and isinstance(shape[axis], str):
                found.setdefault(str(shape[axis]), size)
    return found
