"""The one door: graph in, report out."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.band import band_us, doubted
from npusim.choices import Mode, choose
from npusim.collector import held
from npusim.compiler.compile import compile_graph
from npusim.compiler.guard import BREAKS, broken
from npusim.compiler.rules.profile import CompilerProfile, load_profile
from npusim.errors import BadArgument, BadHardware
from npusim.graph import Graph
from npusim.pricing import price, timeline
from npusim.report.build import build
from npusim.report.priced import priced_as
from npusim.report.record import Report

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

DEFAULT_COMPILER = "2026"
MEASURED_COMPILER = "2026-measured"  #: of what is held against devices: tokens a second, a CPU, a trace
DEFAULT_HARDWARE = "lunar_lake"
#: What is asked about: a file, a model in memory, or a graph that is loaded.
Model: TypeAlias = "str | os.PathLike[str] | onnx.ModelProto | ir.Model | Graph"
#: The NPU: a name, a YAML file, or itself.
Machine: TypeAlias = "str | os.PathLike[str] | Hardware"


def simulate(
    graph: Model,
    hw: Machine = DEFAULT_HARDWARE,
    compiler: str | CompilerProfile = DEFAULT_COMPILER,
    precision: str = "fp16",
    allow_unmodelled: bool = False,
    mode: str = "throughput",
    max_memory_bytes: float | None = None,
    *,
    band: bool = True,
    tiles: int | None = None,
    dims: Mapping[str, int] | None = None,
    advice: bool | int = False,
) -> Report:
    """Latency of `graph` on `hw`, with engine, time, bound and reason of every node.

    Args:
        graph: the path of an ONNX file, an `onnx.ModelProto`, an `onnx_ir.Model`, or a graph that is loaded
            (`npusim.load`, which has more options).
        hw: the NPU: a name ('lunar_lake', 'NPU4000'), a YAML file, or `npusim.hardware`.
        compiler: name of a compiler profile, a YAML file, or a profile.
        precision: 'fp16', or 'int8' for what a quantised version would take.
        mode: 'throughput' is the NPU's own time of one inference (several are in flight, the host's part is
            hidden); 'latency' adds the host's part of a synchronous inference.
        allow_unmodelled: list ops without a cost instead of refusing the graph.
        advice: what-ifs and ranked advice as well, in `report.what_if` and `report.advice`, which compiles up to four
            times more; a number: only for plans of at most so many tasks.
        band: with the band around the latency (`Report.band_us`); without, for many calls that only compare points.
        max_memory_bytes: what the plan may take; by default 50,000 tasks (300 MB) or 10 a tensor.
        tiles: tiles to use instead of the NPU's.
        dims: sizes of free dimensions by name, of a graph that is not loaded yet.

    Raises:
        UnknownOp, DoesNotFit, BadArgument, TooLarge, BadModel (a node contradicts itself), BadHardware (a number of
        the hardware makes the latency infinite).
    """
    graph, hw = graph_of(graph, dims), hardware_of(hw, tiles)
    chosen = choose(Mode, mode)
    profile = load_profile(compiler) if isinstance(compiler, str) else compiler
    hw = profile.priced(hw)
    with held():
        try:
            plan = compile_graph(graph, hw, profile, precision, allow_unmodelled, max_memory_bytes)
        except (*BREAKS, MemoryError) as error:
            raise broken(graph, error) from error
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # told below, with its cause
            prices = price(plan, hw)
            line, found = doubted(plan, hw, chosen) if band else (timeline(plan, hw, prices), ())
        if not math.isfinite(float(line.latency_ns)):
            raise absurd(hw, float(line.latency_ns))
        report = build(plan, hw, prices, line, chosen)
        if priced := priced_as(plan, hw, profile.prices):
            report = replace(report, priced=priced)
        if band:
            report = replace(report, doubts=found, band_us=band_us(report.latency_us, found))
        if advice is False or (advice is not True and len(plan.queue) > advice):
            return report
        from npusim.advice.advise import advised
        from npusim.advice.asked import Asked

        return advised(report, Asked(graph, hw, profile, plan, prices, line, report))


def graph_of(model: Model, dims: Mapping[str, int] | None = None) -> Graph:
    """The static graph of a model in any form; of a file it has the file's name.

    Raises what `npusim.load` raises, and BadArgument for `dims` of a graph that is loaded already.
    """
    if isinstance(model, Graph):
        if dims:
            raise BadArgument("the graph is loaded, its dimensions are bound; give dims to npusim.load")
        return model
    from npusim.model_files import load, name_of

    graph = load(model, dims)
    return replace(graph, name=name_of(model)) if isinstance(model, str | os.PathLike) else graph


def hardware_of(hw: Machine, tiles: int | None = None) -> Hardware:
    """The NPU of a name, a YAML file or itself, with so many tiles. Raises BadHardware."""
    if not isinstance(hw, Hardware):
        from npusim.arch.presets import load_hardware

        hw = load_hardware(os.fspath(hw))
    return hw if tiles is None else hw.replace({"tiles": tiles})


def absurd(hw: Hardware, latency_ns: float) -> BadHardware:
    """Which number of the hardware makes a latency that is none: the one farthest from 1."""
    numbers = {name: abs(float(value)) for name, value in hw.numbers().items() if value}
    name = max(numbers, key=lambda n: abs(math.log10(numbers[n])))
    return BadHardware(
        f"the latency on '{hw.name}' comes to {latency_ns}; its most extreme number is {name} = {numbers[name]:g}"
    )
