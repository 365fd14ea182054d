"""Running a model: onnxruntime where it is installed, ONNX's own reference implementation otherwise."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir

from xamba.errors import BadArgument, BadModel
from xamba.foreign import to_proto
from xamba.proof.values import arrays

RUNTIMES = ("onnxruntime", "onnx.reference")


def runtimes(asked: str | None) -> list[str]:
    """Runtimes to try, in order."""
    if asked is None:
        return [r for r in RUNTIMES if r != "onnxruntime" or find_spec("onnxruntime")]
    if asked not in RUNTIMES:
        raise BadArgument(f"no runtime '{asked}'; choose from {', '.join(RUNTIMES)}")
    if asked == "onnxruntime" and not find_spec("onnxruntime"):
        raise BadArgument("onnxruntime is not installed; leave --runtime away to use onnx.reference")
    return [asked]


class Runner:
    """A model that is ready to run. Raises `BadModel` when the runtime refuses it."""

    def __init__(self, model: ir.Model, runtime: str, label: str) -> None:
        self.label, self.runtime = label, runtime
        try:
            self._run, self.outputs = _open(model, runtime)
        except Exception as error:
            raise BadModel(f"{runtime} cannot load {label}: {_first_line(error)}") from None

    def __call__(self, feeds: dict[str, np.ndarray]) -> dict[str, Any]:
        """Outputs by name, as arrays (see `values.arrays`)."""
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                values = zip(self.outputs, self._run(feeds), strict=True)
                return dict(pair for name, value in values for pair in arrays(name, value))
        except Exception as error:
            raise BadModel(f"{self.runtime} cannot run {self.label}: {_first_line(error)}") from None


def _open(model: ir.Model, runtime: str) -> tuple[Any, list[str]]:
    data = _with_weights(model)
    if runtime == "onnx.reference":
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(data)
        return lambda feeds: evaluator.run(None, feeds), list(evaluator.output_names)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # its errors come back as exceptions; stderr is ours
    # The model as written: constants are folded, ops are not fused into others.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    raw = data.SerializeToString()
    session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    return lambda feeds: session.run(None, feeds), [o.name for o in session.get_outputs()]


def _with_weights(model: ir.Model) -> onnx.ModelProto:
    """The whole model in one proto. A proto ends at 2 GB, and so does this check."""
    total = sum(v.const_value.nbytes for v in model.graph.initializers.values() if v.const_value is not None)
    if total >= 2**31 - 2**20:
        raise ValueError(f"its weights take {total / 2**30:.1f} GiB, and models over 2 GB are not verified")
    swapped = []
    for value in model.graph.initializers.values():
        if isinstance(value.const_value, ir.ExternalTensor):
            swapped.append((value, value.const_value))
            tensor = value.const_value
            value.const_value = ir.tensor(tensor.numpy(), dtype=tensor.dtype, name=value.name)
    try:
        return to_proto(model)
    finally:
        for value, tensor in swapped:
            value.const_value = tensor


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
