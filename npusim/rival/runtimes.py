"""One model timed on this machine: by onnxruntime or OpenVINO on the CPU, by OpenVINO on an NPU."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from npusim.errors import BadArgument, BadModel
from npusim.graph import Graph
from npusim.measured import measure as ov
from npusim.measured.clock import taken_us
from npusim.measured.layers import EDGES
from npusim.measured.samples import graph_inputs, random_array
from npusim.measured.session import session, wanted
from npusim.rival.record import CPU, NPU, TimedOp, Timing

WARM_UP = 10
PROFILED = 10  # inferences with counters
#: What a runtime calls its own forms of an op -> the op.
_KINDS = {
    "FusedConv": "Conv",
    "FusedMatMul": "MatMul",
    "FusedGemm": "Gemm",
    "SimplifiedLayerNormalization": "RMSNormalization",
    "SkipSimplifiedLayerNormalization": "RMSNormalization",
    "SkipLayerNormalization": "LayerNormalization",
    "QuickGelu": "Swish",
    "ReorderInput": "reorder",
    "ReorderOutput": "reorder",
    # OpenVINO
    "Broadcast": "Expand",
    "Convolution": "Conv",
    "Divide": "Div",
    "FullyConnected": "MatMul",
    "GroupConvolution": "Conv",
    "Multiply": "Mul",
    "MVN": "LayerNormalization",
    "Power": "Pow",
    "RMS": "RMSNormalization",
    "Reorder": "reorder",
    "SoftMax": "Softmax",
    "Subgraph": "fused elementwise",
    "Subtract": "Sub",
}
Fixed = Mapping[str, Any]


def onnxruntime_cpu(
    path: str, graph: Graph, threads: int, runs: int, most_s: float, fixed: Fixed | None = None
) -> Timing:
    """Timed by onnxruntime, all its rewrites on. `fixed`: values of inputs that the graph holds as constants.

    Raises BadArgument where onnxruntime is not installed, BadModel where it refuses the model.
    """
    before = _peak()
    try:
        plain = session(path, "ALL", threads)
    except ov.NoNpu as error:
        raise BadArgument(str(error)) from None
    import onnxruntime

    feeds = _feeds(graph, wanted(plain, _shapes(graph)), fixed or {})
    call = _running(plain, feeds, path)
    times = taken_us(call, runs, WARM_UP, most_s)
    del plain
    with tempfile.TemporaryDirectory() as folder:
        profiled = session(path, "ALL", threads, os.path.join(folder, "profile"))
        again = _running(profiled, feeds, path)
        counted = len(taken_us(again, PROFILED, 1, most_s / 2, least=1)) + 1
        with open(profiled.end_profiling(), encoding="utf-8") as file:
            events = json.load(file)
    ops, whole = _profiled(events, counted)
    widest = "float16 by way of float32" if _half(graph) else "float32"
    return _timing(
        CPU, cpu_name(), f"onnxruntime {onnxruntime.__version__}", threads, times, ops, whole, before, widest
    )


def openvino(
    path: str,
    graph: Graph,
    threads: int,
    runs: int,
    most_s: float,
    fixed: Fixed | None = None,
    device: str = CPU,
) -> Timing:
    """Timed by OpenVINO on the CPU, in float32, or on an NPU.

    Raises BadArgument where OpenVINO or the device is not there, BadModel where it refuses the model.
    """
    before = _peak()
    try:
        found = ov.require(device)
    except ov.NoNpu as error:
        raise BadArgument(str(error)) from None
    import openvino as package

    core = package.Core()
    network = ov.read_model(core, path, _shapes(graph))
    properties: dict[str, Any] = {"INFERENCE_NUM_THREADS": threads} if device == CPU else {}
    plain = ov.build(core, network, device, properties)
    ports = {port.any_name: port for port in plain.inputs}
    for name, port in ports.items():
        if port.partial_shape.is_dynamic:
            raise BadModel(
                f"input '{name}' has a free dimension ({port.partial_shape}); fix it with --dim name=value"
            )
    inputs = {name: (tuple(port.shape), port.element_type.to_dtype()) for name, port in ports.items()}
    feeds = _feeds(graph, inputs, fixed or {})
    request = plain.create_infer_request()
    for name, value in feeds.items():
        request.set_tensor(name, package.Tensor(value))
    times = taken_us(request.infer, runs, WARM_UP, most_s)
    del plain, request
    counting = ov.build(core, network, device, properties | {"PERF_COUNT": True})
    rows = ov.layers(counting, feeds)
    again = counting.create_infer_request()
    whole = statistics.median(taken_us(lambda: again.infer(feeds), PROFILED, 1, most_s / 4))
    ops = [
        TimedOp(row.name, _KINDS.get(row.op_type, row.op_type), row.real_us)
        for row in rows
        if row.status == "EXECUTED" and row.op_type not in EDGES
    ]
    name = str(ov.ask(core, device, "FULL_DEVICE_NAME") or device)
    known = f"OpenVINO {found.facts['openvino']}"
    return _timing(device, name, known, threads if device == CPU else 0, times, ops, whole, before, "float32")


def npu_here(path: str, graph: Graph, runs: int, most_s: float, fixed: Fixed | None = None) -> Timing | None:
    """Timed on this machine's own NPU; None where it has none."""
    if ov.probe().state != ov.DEVICE:
        return None
    return openvino(path, graph, 0, runs, most_s, fixed, NPU)


def cpu_name() -> str:
    """What the processor calls itself; 'CPU' where the system does not tell."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return " ".join(line.partition(":")[2].split())
    except OSError:
        pass
    import platform

    return platform.processor() or "CPU"


def cpus() -> int:
    """How many logical processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _timing(
    device: str,
    name: str,
    runtime: str,
    threads: int,
    times: list[float],
    ops: list[TimedOp],
    whole: float,
    before: int,
    computes_in: str,
) -> Timing:
    """The record. `whole`: an inference with counters. Counters cost time: ops that take longer than the median are
    scaled to it. Where an inference without them takes longer all the same, the machine was busier then: in proportion.
    """
    first, median, third = (float(np.percentile(times, q)) for q in (25, 50, 75))
    total = sum(op.us for op in ops)
    least = max(total, min(whole, median))
    scale = median / least if total and (least > median or whole < median) else 1.0
    scaled = tuple(TimedOp(op.name, op.op_type, op.us * scale) for op in ops)
    between = max(median - sum(op.us for op in scaled), 0.0)
    return Timing(
        device=device,
        name=name,
        runtime=runtime,
        threads=threads,
        median_us=median,
        quartiles_us=(first, third),
        runs=len(times),
        warm_up=WARM_UP,
        ops=scaled,
        between_us=between,
        memory_bytes=max(_peak() - before, 0),
        computes_in=computes_in,
    )


def _profiled(events: list[dict[str, Any]], counted: int) -> tuple[list[TimedOp], float]:
    """Median time of each kernel over all `counted` inferences but the first, and of a whole one, microseconds."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    whole: list[float] = []
    for event in events:
        name = str(event.get("name", ""))
        if event.get("cat") == "Node" and name.endswith("_kernel_time"):
            op = str(event.get("args", {}).get("op_name", ""))
            found[name.removesuffix("_kernel_time"), op].append(float(event.get("dur", 0.0)))
        elif name == "model_run":
            whole.append(float(event.get("dur", 0.0)))
    ops = []
    for (name, op), durations in found.items():
        a_run = max(len(durations) // max(counted, 1), 1)  # a body of a loop runs more than once
        warm = durations[a_run:] or durations
        ops.append(TimedOp(name, _KINDS.get(op, op), statistics.median(warm) * a_run))
    return ops, statistics.median(whole[1:] or whole or [0.0])


def _running(running: Any, feeds: Mapping[str, np.ndarray], path: str) -> Callable[[], object]:
    def call() -> object:
        try:
            return running.run(None, feeds)
        except Exception as error:  # onnxruntime's exceptions have no base of their own
            raise BadModel(f"{path}: onnxruntime cannot run it: {ov.last_line(error)}") from None

    return call


def _feeds(
    graph: Graph, inputs: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]], fixed: Fixed
) -> dict[str, np.ndarray]:
    known = {name: asked for name, asked in inputs.items() if name in graph.inputs}
    feeds = graph_inputs(graph, known)
    for name, (shape, dtype) in inputs.items():
        if name in fixed:
            feeds[name] = np.broadcast_to(np.asarray(fixed[name], dtype), shape).copy()
        elif name not in feeds:
            feeds[name] = random_array(name, shape, dtype)
    return feeds


def _shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    return {name: graph.values[name].shape for name in graph.inputs}


def _half(graph: Graph) -> bool:
    return any(value.dtype.label in ("float16", "bfloat16") for value in graph.values.values())


def _peak() -> int:
    """The most memory the process has held, bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    import sys

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024
