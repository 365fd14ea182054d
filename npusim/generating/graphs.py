"""Where the graphs of a language model's passes come from: a config.json, or a pair of exports.

OpenVINO's pipeline lets only the new rows of keys and values leave a pass (`redirect_new_kv_to_output.cpp` in its NPU
plugin, 2026.4.1), so the copy of the whole cache that an export ends in is taken off here too, unless the cache is asked
to grow."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from npusim.errors import BadArgument, BadModel
from npusim.generating.asked import Asked
from npusim.generating.roles import cache_inputs, is_cache, rows_kept
from npusim.graph import Graph

if TYPE_CHECKING:
    from onnx import ModelProto

#: A model in memory -> the one to be planned instead of it.
Rewrite = Callable[[Any], Any]
KEPT = 4  # graphs that are built once though they are asked for again


class Passes(Protocol):
    """A language model as graphs of its passes."""

    name: str
    recurrent: bool
    parameters: int | None
    weight_bytes: float | None

    def graph(self, tokens: int, past: int) -> Graph:
        """The pass over `tokens` new ones behind `past` rows."""
        ...

    def cache_bytes(self, rows: int) -> float | None:
        """Bytes of cache and state after so many tokens, all sequences; None where only the graph tells."""
        ...


@dataclass(slots=True)
class Built:
    """Graphs built from a config.json."""

    config: Any
    asked: Asked
    rewrite: Rewrite | None = None
    _last: dict[tuple[int, int], Graph] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.config.name)

    @property
    def recurrent(self) -> bool:
        return all(state.axis is None for block in self.config.blocks() for state in block.states())

    @property
    def parameters(self) -> int | None:
        return int(self._counts.parameters)

    @property
    def weight_bytes(self) -> float | None:
        return float(self._counts.weight_bytes(self.asked.weights, self.asked.group))

    def proto(self, tokens: int, past: int) -> ModelProto:
        """The ONNX model of a pass, its weights left out; rewritten, where that was asked for."""
        from npusim.language import build

        found: ModelProto = build(
            self.config, tokens=tokens, past=past, batch=self.asked.batch, weights=self.asked.weights,
            group=self.asked.group, cache=self.asked.cache,
        )  # fmt: skip
        return found if self.rewrite is None else self.rewrite(found)

    def graph(self, tokens: int, past: int) -> Graph:
        from npusim.model_files import load

        if (tokens, past) not in self._last:
            found = replace(load(self.proto(tokens, past)), name=self.name)
            if len(self._last) >= KEPT:
                self._last.pop(next(iter(self._last)))
            self._last[tokens, past] = found if self.asked.growing else new_rows_leave(found)
        return self._last[tokens, past]

    def cache_bytes(self, rows: int) -> float | None:
        counts, batch = self._counts, self.asked.batch
        return float(counts.cache_bytes(rows, self.asked.cache, batch) + counts.state_bytes(batch))

    @property
    def _counts(self) -> Any:
        from npusim.language import counts

        return counts(self.config)


@dataclass(slots=True)
class Exported:
    """A prompt's graph and a token's, from files; one file with free sizes may be both."""

    prompt: str
    step: str
    asked: Asked
    dims: Mapping[str, int]
    parameters: int | None = None
    weight_bytes: float | None = None
    _read: dict[tuple[str, int, int], Graph] | None = None

    @property
    def name(self) -> str:
        return os.path.basename(self.step)

    @property
    def recurrent(self) -> bool:
        return rows_kept(self.graph(1, self.fixed_past or 0)) == 0

    @property
    def fixed_past(self) -> int | None:
        """Rows in the cache of the step's file where its sizes are fixed, None where they are free."""
        if any(isinstance(size, str) for shape in _shapes(self.step).values() for size in shape):
            return None
        return rows_kept(self._load(self.step, 1, 0))

    @property
    def fixed_prompt(self) -> int | None:
        """Tokens of the prompt's file where its sizes are fixed."""
        shapes = _shapes(self.prompt)
        ids = next((shape for name, shape in shapes.items() if re.search(r"input_ids|^ids|tokens", name)), None)
        size = ids[-1] if ids else None
        return size if isinstance(size, int) else None

    def graph(self, tokens: int, past: int) -> Graph:
        found = self._load(self.step if past else self.prompt, tokens, past)
        return found if self.asked.growing else new_rows_leave(found)

    def cache_bytes(self, rows: int) -> float | None:
        return None

    def _load(self, path: str, tokens: int, past: int) -> Graph:
        from npusim.model_files import load

        if self._read is None:
            self._read = {}
        key = (path, tokens, past)
        if key not in self._read:
            dims = {**_bound(_shapes(path), tokens, past, self.asked.batch), **self.dims}
            self._read[key] = replace(load(path, dims=dims), name=os.path.basename(path))
        return self._read[key]


def new_rows_leave(graph: Graph) -> Graph:
    """The graph without the copies of whole caches into its outputs: of a Concat of a cache and new rows, the new rows
    leave."""
    made = {name: node for node in graph.nodes for name in node.outputs if name}
    caches = {value.name for value in cache_inputs(graph)}
    outputs = []
    for name in graph.outputs:
        node = made.get(name)
        if node is not None and node.op_type == "Concat" and is_cache(graph.values[name]):
            rest = [part for part in node.inputs if part not in caches]
            if len(rest) == 1 and len(node.inputs) == 2:
                name = rest[0]
        outputs.append(name)
    return replace(graph, outputs=tuple(dict.fromkeys(outputs)))


def passes_of(model: list[str], asked: Asked, dims: Mapping[str, int], rewrite: Rewrite | None = None) -> Passes:
    """The passes of what was named: a config.json or its folder, one model file, or one of the prompt and one of a token.

    Raises BadArgument for anything else, BadModel for what cannot be read."""
    from npusim.language import is_config, read_config

    if len(model) == 1 and is_config(model[0]):
        return Built(read_config(model[0]), asked, rewrite)
    if rewrite is not None:
        raise BadArgument("a rewrite is of graphs that are built; give a config.json, or rewrite the files first")
    if len(model) > 2:
        raise BadArgument(
            f"{len(model)} files are given; name a config.json or its folder, or the prompt's graph and the token's"
        )
    for path in model:
        if os.path.isdir(path):
            raise BadModel(f"'{path}' is a folder without a config.json; name one that has it, or the exported graphs")
    return Exported(model[0], model[-1], asked, dims)


def _shapes(path: str) -> dict[str, list[int | str]]:
    """Sizes, or names of free ones, of a file's inputs."""
    from importlib import import_module

    from npusim.model_files import front_end

    found: dict[str, list[int | str]] = import_module(front_end(path).module).input_shapes(path)
    return found


def _bound(shapes: dict[str, list[int | str]], tokens: int, past: int, batch: int) -> dict[str, int]:
    """Values of free sizes by where they stand: ids are [batch, tokens], a mask [batch, rows], a cache [batch, heads,
    rows before, channels]."""
    found: dict[str, int] = {}
    for name, shape in shapes.items():
        if len(shape) == 4 and re.search(r"past|key|value|cache", name):
            sizes = {0: batch, 2: past}
        elif "mask" in name:
            sizes = {0: batch, len(shape) - 1: past + tokens}
        else:
            sizes = {0: batch, 1: tokens}
        for axis, size in sizes.items():
            if axis < len(shape) and isinstance(shape[axis], str):
                found.setdefault(str(shape[axis]), size)
    return found
