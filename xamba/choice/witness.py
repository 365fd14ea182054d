"""The second witness, where it is at hand: Intel's compiler prices the states a search went through.

Estimates of the compiler, not hardware. A kernel it prices at nothing gets npusim's price of it, so that a rewrite of
CumSum on NPU 3720 and 4000 is judged by what it costs and what it saves.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx_ir as ir

from npusim.errors import NpusimError
from npusim.measured.compiler import command_of, compile_with_vendor
from npusim.measured.profile import Profile
from npusim.report.record import Report
from xamba.choice.pricing import Pricer
from xamba.choice.signs import MARGIN
from xamba.choice.targets import Target
from xamba.errors import BadArgument
from xamba.proof.weights import random_weights


def vendor(given: bool | str) -> list[str]:
    """The command that runs Intel's compiler. Raises `BadArgument` where there is none, or it cannot be started."""
    try:
        command = command_of(given if isinstance(given, str) else None)
    except NpusimError as error:
        raise BadArgument(f"--witness: {error}") from None
    if not command or shutil.which(command[0]) is None:
        raise BadArgument(
            f"--witness: '{' '.join(command)}' cannot be started: no such command; name one that runs Intel's compiler "
            "with --vendor-command or NPUSIM_VENDOR_COMPILER"
        )
    return command


@dataclass(frozen=True)
class Estimate:
    """Intel's estimate of a model in us. `ours_us`: npusim's price of what it left out. `refusal`: its last words."""

    us: float = 0.0
    ours_us: float = 0.0
    refusal: str = ""

    @property
    def whole_us(self) -> float:
        return self.us + self.ours_us

    def __str__(self) -> str:
        star = f" + {self.ours_us:,.1f} for what it leaves out" if self.ours_us else ""
        return f"refused ({self.refusal})" if self.refusal else f"{self.us:,.1f}{star} us"


@dataclass
class Witness:
    """Asks Intel's compiler for every target's generation; each model once."""

    command: Sequence[str]
    targets: Sequence[Target]
    dims: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    _asked: list[tuple[ir.Model, list[Estimate]]] = field(default_factory=list)

    def against(self, before: ir.Model, after: ir.Model) -> str:
        """What the compiler has against a change: slower, or refused now; '' if nothing, or nothing to compare."""
        pairs = zip(self.targets, self.estimates(before), self.estimates(after), strict=True)
        for target, old, new in pairs:
            if new.refusal and not old.refusal:
                return f"NPU {target.generation}: {new}"
            if not new.refusal and not old.refusal and new.whole_us > old.whole_us * MARGIN:
                return f"NPU {target.generation}: {old} -> {new}"
        return ""

    def words(self, before: ir.Model, after: ir.Model) -> str:
        """'NPU 4000: 7,065.0 us -> 329.0 us' for every generation."""
        pairs = zip(self.targets, self.estimates(before), self.estimates(after), strict=True)
        said = dict.fromkeys(f"NPU {target.generation}: {old} -> {new}" for target, old, new in pairs)
        return "; ".join(said)

    def estimates(self, model: ir.Model) -> list[Estimate]:
        """One estimate a target; a model is compiled once for each generation and number of tiles."""
        for known, found in self._asked:
            if known is model:
                return found
        self._asked.append((model, self._compile_all(model)))
        return self._asked[-1][1]

    def _compile_all(self, model: ir.Model) -> list[Estimate]:
        known: dict[tuple[str, int], Profile | str] = {}
        found = []
        reports = Pricer(self.targets, self.dims, settings=self.settings).reports(model)
        with tempfile.TemporaryDirectory(prefix="xamba_witness_") as folder:
            file = Path(folder) / "model.onnx"
            with random_weights(model, self.seed, {}):
                ir.save(model, file)
            for target, report in zip(self.targets, reports, strict=True):
                place = target.generation, int(target.hardware.tiles)
                if place not in known:
                    known[place] = self._compile(file, *place)
                found.append(_estimate(known[place], report))
        return found

    def _compile(self, file: Path, generation: str, tiles: int) -> Profile | str:
        from npusim.onnx_io import load

        try:
            graph = load(file, dims=self.dims)
            shapes = {name: graph.values[name].shape for name in graph.inputs}
            return compile_with_vendor(file, generation, tiles, self.command, shapes)
        except NpusimError as error:
            return str(error)


def _estimate(profile: Profile | str, report: Report) -> Estimate:
    if isinstance(profile, str):
        return Estimate(refusal=profile)
    blind = {layer.name for layer in profile.layers if layer.unpriced}
    kinds = {layer.op_type for layer in profile.layers if layer.unpriced}
    ours = sum(n.critical_us for n in report.nodes if n.name in blind or n.op_type in kinds)
    return Estimate(profile.latency_us or 0.0, ours)
