"""Running a model: onnxruntime where it is installed, ONNX's own reference implementation otherwise."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.errors import BadArgument, BadModel
from xamba.foreign import to_proto
from xamba.proof.values import arrays

BESIDE_BYTES = 2**20
BESIDE_TYPES = (ir.DataType.FLOAT, ir.DataType.DOUBLE)
LARGEST_PROTO_BYTES = 2**31 - 2**24
RUNTIMES = ("onnxruntime", "onnx.reference")


def runtimes(asked: str | None) -> list[str]:
    """Runtimes to try, in order."""
    if asked is None:
        return [r for r in RUNTIMES if r != "onnxruntime" or find_spec("onnxruntime")]
    asked = asked.lower()
    if asked not in RUNTIMES:
        raise BadArgument(f"no runtime '{asked}'; choose from {', '.join(RUNTIMES)}")
    if asked == "onnxruntime" and not find_spec("onnxruntime"):
        raise BadArgument("onnxruntime is not installed; leave --runtime away to use onnx.reference")
    return [asked]


class Runner:
    """A model that is ready to run. Raises `BadModel` when the runtime refuses it.

    threads: how many onnxruntime may use within an op (0: as many as it likes).
    """

    def __init__(self, model: ir.Model, runtime: str, label: str, threads: int = 0) -> None:
        self.label, self.runtime = label, runtime
        try:
            self._run, self.outputs = _open(model, runtime, threads)
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


def _open(model: ir.Model, runtime: str, threads: int) -> tuple[Any, list[str]]:
    if runtime == "onnx.reference":
        from onnx.reference import ReferenceEvaluator

        with _inline_weights(model, above=0):
            evaluator = ReferenceEvaluator(to_proto(model))
        return lambda feeds: evaluator.run(None, feeds), list(evaluator.output_names)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # its errors come back as exceptions; stderr is ours
    # The model as written: constants are folded, ops are not fused into others.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with _inline_weights(model, above=BESIDE_BYTES) as beside:
        raw = to_proto(model).SerializeToString()
    held = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in beside.values()]
    options.add_external_initializers(list(beside), held)
    session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    return lambda feeds: session.run(None, feeds), [o.name for o in session.get_outputs()]


@contextmanager
def _inline_weights(model: ir.Model, above: int) -> Iterator[dict[str, np.ndarray]]:
    """Within the block the model holds its external weights itself, but for large ones, which are yielded.

    above: bytes from which float32 weights stay beside the model (0: none do); they are not copied.
    A proto ends at 2 GB, and so do the weights that have to be in it.
    """
    swapped: list[tuple[ir.Value, Any]] = []
    beside: dict[str, np.ndarray] = {}
    inside = 0
    try:
        for value in model.graph.initializers.values():
            tensor = value.const_value
            if tensor is None:
                continue
            if above and tensor.nbytes >= above and tensor.dtype in BESIDE_TYPES:
                array = np.ascontiguousarray(tensor.numpy())
                beside[value.name or ""] = array
                swapped.append((value, tensor))
                value.const_value = ir.ExternalTensor(
                    "beside",
                    0,
                    array.nbytes,
                    tensor.dtype,
                    shape=ir.Shape(array.shape),
                    name=value.name or "",
                )
                continue
            inside += tensor.nbytes
            if inside >= LARGEST_PROTO_BYTES:
                raise ValueError(
                    f"weights of {inside / 2**30:.1f} GiB have to be in one file of at most "
                    f"{LARGEST_PROTO_BYTES / 2**30:.1f} GiB to be run"
                )
            if isinstance(tensor, ir.ExternalTensor):
                swapped.append((value, tensor))
                value.const_value = ir.tensor(tensor.numpy(), dtype=tensor.dtype, name=value.name)
        yield beside
    finally:
        for value, tensor in swapped:
            value.const_value = tensor


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
