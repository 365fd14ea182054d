"""The graphs of a language model's passes: what they are, and how they come from a config.json.

Graphs are built as OpenVINO's pipeline makes them (`npusim.generating.pipeline`): only new rows of keys and values
leave a pass, unless the cache is asked to grow, and the head runs for the last token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from npusim.generating.asked import Asked
from npusim.graph import Graph

if TYPE_CHECKING:
    from onnx import ModelProto

#: A model in memory -> the one to be planned instead of it.
Rewrite = Callable[[Any], Any]
KEPT = 4  # graphs that are built once though they are asked for again


class Passes(Protocol):
    """A language model as graphs of its passes."""

    @property
    def name(self) -> str: ...

    @property
    def recurrent(self) -> bool:
        """Whether it keeps a state of one size, and no rows."""
        ...

    @property
    def parameters(self) -> int | None: ...

    @property
    def sha256(self) -> tuple[str, ...]:
        """Hashes of the files."""
        ...

    @property
    def weight_bytes(self) -> float | None:
        """Bytes of all weights as they are stored; None where only the graph tells."""
        ...

    @property
    def max_positions(self) -> int | None:
        """The longest context that the model was trained for; None where nothing says so."""
        ...

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
    hashes: tuple[str, ...] = ()
    _last: dict[tuple[int, int], Graph] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.config.name)

    @property
    def recurrent(self) -> bool:
        return all(state.axis is None for block in self.config.blocks() for state in block.states())

    @property
    def sha256(self) -> tuple[str, ...]:
        return self.hashes

    @property
    def parameters(self) -> int | None:
        return int(self._counts.parameters)

    @property
    def weight_bytes(self) -> float | None:
        return float(self._counts.weight_bytes(self.asked.weights, self.asked.group))

    @property
    def max_positions(self) -> int | None:
        found: int | None = self.config.max_positions
        return found

    def proto(self, tokens: int, past: int) -> ModelProto:
        """The ONNX model of a pass, its weights left out; rewritten, where that was asked for."""
        from npusim.language import build

        found: ModelProto = build(
            self.config, tokens=tokens, past=past, batch=self.asked.batch, weights=self.asked.weights,
            group=self.asked.group, cache=self.asked.cache, present="all" if self.asked.growing else "new",
        )  # fmt: skip
        return found if self.rewrite is None else self.rewrite(found)

    def graph(self, tokens: int, past: int) -> Graph:
        from npusim.language.bound_experts import experts_bound
        from npusim.model_files import load

        if (tokens, past) not in self._last:
            found = replace(experts_bound(load(self.proto(tokens, past))), name=self.name)
            if len(self._last) >= KEPT:
                self._last.pop(next(iter(self._last)))
            self._last[tokens, past] = found
        return self._last[tokens, past]

    def cache_bytes(self, rows: int) -> float | None:
        counts, batch = self._counts, self.asked.batch
        return float(counts.cache_bytes(rows, self.asked.cache, batch) + counts.state_bytes(batch))

    @property
    def _counts(self) -> Any:
        from npusim.language import counts

        return counts(self.config)
