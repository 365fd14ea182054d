"""What a model weighs, by hand: parameters, bytes of weights, of the cache and of recurrent states, from its table."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from npusim.choices import GROUP
from npusim.language.model import ModelConfig, Parameter, State
from npusim.language.storage import BITS, Storage, Width, matrix_bytes, storage


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one model; see the methods for what is in bytes."""

    config: ModelConfig

    @property
    def parameters(self) -> int:
        """Weights, a tied embedding once."""
        c = self.config
        found = sum(prod(p.shape) for p in self._layers()) + c.hidden * c.vocab * (1 if c.tied else 2)
        return found + self._positions

    def weight_bytes(
        self,
        weights: str = "fp16",
        group: int = GROUP,
        embedding: str | None = None,
        head: str | None = None,
    ) -> int:
        """All weights with their scales, as `build` stores them; arguments as there."""
        return self._weights(weights, group, embedding, head)[0]

    def read_bytes(
        self,
        weights: str = "fp16",
        group: int = GROUP,
        embedding: str | None = None,
        head: str | None = None,
        tokens: int = 1,
    ) -> int:
        """Those of them that a pass of so many tokens reads: of a table one row a token, of experts those that are
        chosen at most."""
        whole, table = self._weights(weights, group, embedding, head)
        how = storage(weights, group, embedding, head, "fp16")
        if self.config.positions is not None:
            row = self.config.hidden * _plain_bytes(how)
            whole += (tokens - self.config.positions.rows) * row
        for p in self._layers():
            if p.chosen:
                experts = p.shape[0]
                plain = prod(p.shape) * _plain_bytes(how)
                each = (matrix_bytes(p.shape, how.weights, group) if p.matrix else plain) // experts
                whole -= each * max(experts - tokens * p.chosen, 0)
        return whole - table + tokens * (table // self.config.vocab)

    def cache_bytes(self, tokens: int, cache: str = "fp16", batch: int = 1) -> int:
        """Keys and values after so many tokens."""
        size = BITS[Width(cache)] // 8
        return batch * size * sum(prod(s.at(tokens)) for s in self._states() if s.axis is not None)

    def state_bytes(self, batch: int = 1) -> int:
        """Recurrent states and the ends of convolutions, in fp16: the same at any context."""
        return batch * 2 * sum(prod(s.shape) for s in self._states() if s.axis is None)

    def _layers(self) -> list[Parameter]:
        """All but embedding and head."""
        c = self.config
        found = [p for block in c.blocks() for p in block.parameters()]
        for layer in c.layers:
            found += [p for branch in layer for n in branch.norms() for p in n.parameters()]
        found += [p for n in (c.final_norm, c.embedding_norm) if n is not None for p in n.parameters()]
        return found + ([Parameter("bias", (c.vocab,))] if c.head_bias else [])

    @property
    def _positions(self) -> int:
        """Numbers of the table of positions."""
        return self.config.hidden * self.config.positions.rows if self.config.positions else 0

    def _states(self) -> list[State]:
        return [state for block in self.config.blocks() for state in block.states()]

    def _weights(self, weights: str, group: int, embedding: str | None, head: str | None) -> tuple[int, int]:
        """Bytes of all weights, and of the table among them that no product reads."""
        how = storage(weights, group, embedding, head, "fp16")
        c, plain = self.config, _plain_bytes(how)
        layers = sum(
            matrix_bytes(p.shape, how.weights, group) if p.matrix else prod(p.shape) * plain
            for p in self._layers()
        )
        layers += self._positions * plain
        # A row of the table has one scale, as a column of the head has.
        last = matrix_bytes((c.hidden, c.vocab), how.head, group)
        if c.tied and how.shared:
            return layers + last, 0
        table = matrix_bytes((c.hidden, c.vocab), how.embedding, -1)
        return layers + last + table, table


def _plain_bytes(how: Storage) -> int:
    """Bytes of a number that no product multiplies by."""
    return BITS[Width.FP32 if how.weights is Width.FP32 else Width.FP16] // 8


def counts(config: ModelConfig) -> Counts:
    """What a model weighs."""
    return Counts(config)
