"""The same model in OpenVINO (CPU, float32) and in onnxruntime: do the outputs agree?

Says nothing about time. It checks that the file means the same to the runtime an NPU is reached through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from npusim.errors import BadModel
from npusim.graph import DType, Graph
from npusim.measured.measure import NOT_INSTALLED, NoNpu, build, last_line, probe, read_model
from npusim.measured.samples import graph_inputs
from npusim.measured.session import session, wanted
from npusim.model_files import only_onnx

#: Largest error allowed, relative to the largest magnitude of an output: rounding of the widest type it meets.
#: float32 networks of this project's size stay below 1e-5; fp16 rounds at 5e-4 a step, an int8 step is 8e-3.
TOLERANCES = {"float32": 1e-3, "float16": 2e-2, "int8": 1e-1}


@dataclass(frozen=True, slots=True)
class OutputDifference:
    """One output: largest |a - b|, largest |a|, 10 log10(sum a^2 / sum (a - b)^2), and whether it is within."""

    name: str
    shape: tuple[int, ...]
    max_abs: float
    scale: float
    sqnr_db: float | None  # None: equal
    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ValueCheck:
    """`tolerance`: relative to an output's largest magnitude. `precision`: what OpenVINO said it computed in."""

    outputs: tuple[OutputDifference, ...]
    tolerance: float
    precision: str
    versions: dict[str, str]

    @property
    def ok(self) -> bool:
        return all(output.ok for output in self.outputs)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"ok": self.ok}


def check_values(model: str | Path, graph: Graph, tolerance: float | None = None) -> ValueCheck:
    """Run `model` (the file `graph` was loaded from) in both runtimes on the same random inputs.

    Raises NoNpu when one of the runtimes is not installed, BadModel when one refuses the model.
    """
    only_onnx(str(model), "--values", "onnxruntime reads nothing else")
    found = probe()
    if found.state == NOT_INSTALLED:
        raise NoNpu(found.sentence)
    import openvino
    from openvino.properties import hint

    shapes = {name: graph.values[name].shape for name in graph.inputs}
    running = session(model)
    feeds = graph_inputs(graph, wanted(running, shapes))
    core = openvino.Core()
    compiled = build(core, read_model(core, model, shapes), "CPU", {})
    names = [output.name for output in running.get_outputs()]
    try:
        expected = running.run(names, feeds)
    except Exception as error:  # onnxruntime's exceptions have no base of their own
        raise BadModel(f"{model}: onnxruntime cannot run it: {last_line(error)}") from None
    try:
        results = compiled({port.any_name: _feed(feeds, port) for port in compiled.inputs})
        answer = [results[port] for port in compiled.outputs]
    except Exception as error:
        raise BadModel(f"{model}: OpenVINO cannot run it: {last_line(error)}") from None
    if len(answer) != len(expected):
        raise BadModel(f"{model}: OpenVINO gives {len(answer)} outputs, onnxruntime {len(expected)}")
    limit = TOLERANCES[_widest(graph)] if tolerance is None else tolerance
    pairs = zip(names, expected, answer, strict=True)
    return ValueCheck(
        tuple(difference(n, np.asarray(a), np.asarray(b), limit) for n, a, b in pairs),
        limit,
        str(compiled.get_property(hint.inference_precision).get_type_name()),
        {"openvino": str(found.facts["openvino"]), "onnxruntime": _version("onnxruntime")},
    )


def difference(name: str, a: np.ndarray, b: np.ndarray, limit: float) -> OutputDifference:
    """Compare one output; infinities and NaN must stand in the same places."""
    if a.shape != b.shape:
        reason = f"shape {list(a.shape)} in onnxruntime, {list(b.shape)} in OpenVINO"
        return OutputDifference(name, a.shape, float("inf"), 0.0, None, False, reason)
    x, y = a.astype(np.float64), b.astype(np.float64)
    both = np.isfinite(x) & np.isfinite(y)
    odd = int((~(both | (x == y) | (np.isnan(x) & np.isnan(y)))).sum())
    wrong = np.abs(x[both] - y[both])
    max_abs, scale = float(wrong.max(initial=0.0)), float(np.abs(x[both]).max(initial=0.0))
    noise, signal = float((wrong**2).sum()), float((x[both] ** 2).sum())
    sqnr = float(10 * np.log10(signal / noise)) if noise and signal else None
    reason = ""
    if odd:
        reason = f"{odd} elements are finite in one of them only"
    elif max_abs > limit * scale:
        reason = f"error {max_abs:.3g} is above {limit:.2g} x {scale:.3g}"
    return OutputDifference(name, a.shape, max_abs, scale, sqnr, not reason, reason)


def _feed(feeds: Mapping[str, np.ndarray], port: Any) -> np.ndarray:
    name = next((n for n in port.names if n in feeds), None)
    if name is None:
        raise BadModel(f"OpenVINO asks for an input '{port.any_name}' that the file does not name")
    return feeds[name]


def _widest(graph: Graph) -> str:
    """The coarsest arithmetic a graph holds: int8 where it quantises, float16, or float32."""
    if any(
        node.op_type in ("QuantizeLinear", "QLinearConv", "DynamicQuantizeLinear") for node in graph.nodes
    ):
        return "int8"
    half = any(value.dtype in (DType.FLOAT16, DType.BFLOAT16) for value in graph.values.values())
    return "float16" if half else "float32"


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
