"""A model in memory -> its predicted latency on every target. No file is written, no weight is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import onnx
import onnx_ir as ir

from npusim.errors import NpusimError
from npusim.graph import Graph
from npusim.loading.tensors import KEEP_ELEMENTS
from npusim.onnx_io import load
from npusim.report.record import Report
from npusim.simulation import simulate
from xamba.choice.measured import known_dims, known_inputs
from xamba.choice.targets import Target
from xamba.errors import CannotPrice
from xamba.files import bodies

Prices = tuple[float, ...]  # microseconds, one a target


@dataclass
class Pricer:
    """Prices models for `targets`. `dims`: lengths of free dimensions. `count`: models priced so far. `settings`:
    what inputs hold, which may decide a branch."""

    targets: Sequence[Target]
    dims: Mapping[str, int] = field(default_factory=dict)
    count: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, model: ir.Model) -> Prices:
        """Latency in microseconds on every target. Raises `CannotPrice` with npusim's sentence."""
        return tuple(report.latency_us for report in self.reports(model))

    def reports(self, model: ir.Model) -> list[Report]:
        """The whole report on every target. Raises `CannotPrice`."""
        self.count += 1
        try:
            graph = graph_of(model, self.dims, self.settings)
            return [simulate(graph, target.hardware, target.compiler, band=False) for target in self.targets]
        except NpusimError as error:
            raise CannotPrice(f"npusim cannot price the model: {error}") from None


def graph_of(model: ir.Model, dims: Mapping[str, int], settings: Mapping[str, Any] | None = None) -> Graph:
    """npusim's graph of a model in memory; of `dims` and `settings` those that the model has."""
    with _large_tensors_elsewhere(model):
        proto: onnx.ModelProto = ir.serde.serialize_model(model)
    return load(proto, dims=known_dims(model, dims), fixed=known_inputs(model, settings or {}))


@contextmanager
def _large_tensors_elsewhere(model: ir.Model) -> Iterator[None]:
    """Initializers whose values npusim does not read are references for a while: copying them would cost more
    than all the rest."""
    moved = []
    for graph in (
        model.graph,
        *(g for n in ir.traversal.RecursiveGraphIterator(model.graph) for g in bodies(n)),
    ):
        for value in graph.initializers.values():
            tensor = value.const_value
            if tensor is None or isinstance(tensor, ir.ExternalTensor) or tensor.size <= KEEP_ELEMENTS:
                continue
            moved.append((value, tensor))
            value.const_value = ir.ExternalTensor(
                "elsewhere",
                0,
                None,
                tensor.dtype,
                shape=ir.Shape([d if isinstance(d, int) else None for d in tensor.shape]),
                name=value.name or "",
            )
    try:
        yield
    finally:
        for value, tensor in moved:
            value.const_value = tensor
