"""The door: a model in; the prediction, the measurement and what lies between them out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from npusim.arch.hardware import Hardware
from npusim.choices import Runtime, choose
from npusim.errors import BadArgument, BadModel, TooLarge
from npusim.graph import Graph
from npusim.measured.clock import LEAST
from npusim.measures import US
from npusim.model_files import CONFIG, front_end, load, only_onnx
from npusim.report.record import Report
from npusim.rival.join import FLOAT32, HOST, causes, join, kinds
from npusim.rival.over import over as ask_over
from npusim.rival.over import parse_over
from npusim.rival.record import CPU, Against, Over, Timing
from npusim.rival.runtimes import cpus, npu_here, onnxruntime_cpu, openvino
from npusim.rival.stand_in import measurable
from npusim.simulation import DEFAULT_HARDWARE, MEASURED_COMPILER, Machine, hardware_of, simulate
from npusim_xamba.extras import missing

BUSY = 0.25  # load of the machine a processor, above which its times are doubted
EXTRAS = {Runtime.ONNXRUNTIME: "ort", Runtime.OPENVINO: "openvino"}
MOST_THREADS = 1024
HALF = (
    "onnxruntime turns float16 into float32 and back on most CPUs: the model in float32 may be faster there"
)
COPIES = 3  # of the weights a runtime may hold: as read, packed, turned into float32


def against(
    model: str | os.PathLike[str],
    hw: Machine = DEFAULT_HARDWARE,
    *,
    runtime: str = "onnxruntime",
    device: str | None = None,
    threads: int | None = None,
    runs: int = 50,
    seconds: float = 10.0,
    over: str | None = None,
    compiler: str = MEASURED_COMPILER,
    precision: str = "fp16",
    tiles: int | None = None,
    dims: Mapping[str, int] | None = None,
    fixed: Mapping[str, Any] | None = None,
    allow_unmodelled: bool = False,
    upper_bound: bool = False,
    max_memory_bytes: float | None = None,
) -> Against:
    """The latency of a model on an NPU, predicted, beside what it takes on this machine's CPU, measured.

    Args:
        model: path of an ONNX file (with OpenVINO of anything it reads and npusim loads). Weights that are not beside
            it are made for the measurement, all zero.
        runtime: onnxruntime or openvino.
        device: 'CPU' measures on it alone; by default this machine's NPU, if it has one, is measured too.
        threads: of the CPU; as many as the process may use by default.
        runs: inferences timed, at most; of each measurement none is begun after `seconds`, once there are five.
        over: 'batch=1,2,4' or 'batch': both machines over a free dimension; the first of `dims` by default.
        dims, fixed, upper_bound: as in `npusim.load`. The rest as in `npusim.simulate`.
        max_memory_bytes: that the measurement may take; three quarters of what is free by default.

    Raises BadArgument (runtime not installed, no such device), BadModel (the runtime refuses the model), TooLarge
    (the measurement would take too much memory), and what `npusim.load` and `npusim.simulate` raise.
    """
    path = os.fspath(model)
    bound = dict(dims or {})
    asked = checked(path, runtime, device, threads, runs, seconds, over, bound)
    machine = hardware_of(hw, tiles)
    count = threads or cpus()

    def read(**changed: int) -> Graph:
        graph = load(path, bound | changed, upper_bound=upper_bound, fixed=fixed)
        return replace(graph, name=os.path.basename(path))

    def predicted(graph: Graph) -> Report:
        return simulate(graph, machine, compiler, precision, allow_unmodelled, mode="latency")

    if asked is not None and asked[0] not in bound:
        bound[asked[0]] = asked[1][0]
    graph = read()
    report = predicted(graph)
    weights = weight_bytes(graph)
    _check_memory(path, weights, max_memory_bytes)
    notes = list(_busy())
    timer = onnxruntime_cpu if choose(Runtime, runtime) == Runtime.ONNXRUNTIME else openvino

    def measured(size: int) -> float:
        at = bound | {asked[0]: size} if asked else bound
        with measurable(path, at) as (file, _):
            return timer(file, read(**at), count, runs, seconds / 5, fixed).median_us

    with measurable(path, bound) as (file, made):
        cpu = timer(file, graph, count, runs, seconds, fixed)
        here = _here(file, graph, runs, seconds, fixed, device, notes)
    if "float16" in cpu.computes_in:
        notes.append(HALF)
    found: Over | None = None
    if asked is not None:
        found = ask_over(*asked, lambda size: predicted(read(**{asked[0]: size})), measured, seconds)
    host = host_parts(report, machine)
    sides, alone = join(report, graph, cpu)
    own = (*join(report, graph, here), here) if here is not None else None
    return Against(
        report=report,
        cpu=cpu,
        here=here,
        kinds=kinds(sides, alone, cpu, host, own),
        causes=causes(sides, alone, cpu, host),
        weight_bytes=weights,
        made_bytes=made,
        over=found,
        notes=tuple(notes),
    )


def host_parts(report: Report, hw: Hardware) -> dict[str, float]:
    """The host's part of an inference on the NPU, microseconds: the request, and float32 turned and back."""
    launch = min(float(hw.host.latency_ns) * US, report.host_us)
    return {HOST: launch, FLOAT32: report.host_us - launch}


def weight_bytes(graph: Graph) -> float:
    """Bytes of all constants of some size, as the file stores them, without tables of which only rows are read."""
    tables = {
        node.inputs[0]
        for node in graph.nodes
        if node.op_type in ("Gather", "GatherBlockQuantized") and node.inputs
    }
    read = {
        name
        for node in graph.nodes
        for name in node.inputs
        if name and not (name in tables and node.op_type in ("Gather", "GatherBlockQuantized"))
    }
    values = (graph.values[name] for name in read)
    return sum(v.elements * v.dtype.bits / 8 for v in values if v.constant)


def _here(
    file: str, graph: Graph, runs: int, seconds: float, fixed: Any, device: str | None, notes: list[str]
) -> Timing | None:
    """This machine's NPU, measured; a refusal is a note, unless it was asked for."""
    if device == CPU:
        return None
    try:
        found = npu_here(file, graph, runs, seconds, fixed)
    except BadModel as error:
        notes.append(f"this machine's NPU was not measured: {error}")
        return None
    if found is None and device is not None:
        from npusim.measured.measure import probe

        raise BadArgument(f"device '{device}' is not here: {probe().sentence}")
    return found


def checked(
    path: str,
    runtime: str,
    device: str | None,
    threads: int | None,
    runs: int,
    seconds: float,
    over: str | None,
    dims: dict[str, int],
) -> tuple[str, tuple[int, ...]] | None:
    """The dimension to go over and its sizes, if any. Raises BadArgument for whatever cannot be, before any work."""
    from importlib.util import find_spec

    runtime = choose(Runtime, runtime)
    if find_spec(runtime) is None:
        raise BadArgument(missing(runtime, EXTRAS[runtime]))
    if runtime == Runtime.ONNXRUNTIME and front_end(path) is not CONFIG:
        only_onnx(path, "--runtime onnxruntime", "add --runtime openvino")
    if device not in (None, "CPU", "NPU"):
        raise BadArgument(f"device '{device}' is not on offer: choose CPU or NPU")
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        raise BadArgument(f"{threads} threads are not on offer: take 1 to {MOST_THREADS} (here are {cpus()})")
    if runs < LEAST:
        raise BadArgument(f"{runs} runs have no quartiles; take {LEAST} or more")
    if not 0 < seconds < 1e6:
        raise BadArgument(f"{seconds:g} seconds are no time to measure in; give some above 0")
    if over is None:
        return parse_over(next(iter(dims)), dims) if dims else None
    return parse_over(over, dims)


def _check_memory(path: str, weights: float, most: float | None) -> None:
    from npusim.terminal.memory import free_memory
    from npusim.terminal.units import nbytes

    free = free_memory()
    allowed = most if most is not None else 0.75 * free if free else float("inf")
    need = COPIES * weights
    if need > allowed:
        told = (
            f"--max-memory allows {nbytes(allowed)}" if most is not None else f"{nbytes(free or 0)} are free"
        )
        raise TooLarge(
            f"{path}: measuring may take {nbytes(need)}, {COPIES} times its weights, and {told}; "
            "measure where there is more, or give --max-memory if you know better"
        )


def _busy() -> Iterator[str]:
    """A sentence where the machine has other work."""
    if not hasattr(os, "getloadavg"):
        return
    load, count = os.getloadavg()[0], os.cpu_count() or 1
    if load > BUSY * count:
        yield (
            f"the machine was busy (load {load:.1f} on {count} processor{'s' * (count != 1)}): "
            "the CPU's times may be too long"
        )
