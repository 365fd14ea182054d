"""A model in onnxruntime on this machine's CPU, and what it wants to be fed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from npusim.errors import BadModel
from npusim.measured.measure import NoNpu, last_line
from npusim_xamba.extras import missing

_NUMPY: dict[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(float16)": np.dtype(np.float16),
    "tensor(double)": np.dtype(np.float64),
    "tensor(bool)": np.dtype(bool),
    **{f"tensor({kind})": np.dtype(kind) for kind in ("int8", "uint8", "int16", "uint16", "int32", "int64")},
    **{f"tensor({kind})": np.dtype(kind) for kind in ("uint32", "uint64")},
}


def session(model: str | Path, level: str = "BASIC", threads: int = 0, profile: str | None = None) -> Any:
    """An `onnxruntime.InferenceSession` on the CPU.

    Args:
        level: of onnxruntime's own rewrites: DISABLE_ALL, BASIC, EXTENDED, ALL.
        threads: that share one op; 0 leaves it to onnxruntime.
        profile: begin of the name of the file its profiler writes; None: no profiler.

    Raises NoNpu where onnxruntime is not installed, BadModel when it refuses the model.
    """
    try:
        import onnxruntime
    except ImportError:
        raise NoNpu(missing("onnxruntime", "ort")) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # its errors come back as exceptions; stderr is ours
    word = level if level.startswith("DISABLE") else f"ENABLE_{level}"
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_{word}")
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = profile
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no base of their own
        raise BadModel(f"{model}: onnxruntime cannot load it: {last_line(error)}") from None


def wanted(
    running: Any, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shape and type of each input of a session; `shapes` binds those that are free in the file.

    Raises BadModel for one that is free in both.
    """
    return {
        port.name: (_shape(port, shapes), _NUMPY[port.type])
        for port in running.get_inputs()
        if port.type in _NUMPY
    }


def _shape(port: Any, shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    known = shapes.get(port.name)
    if known is not None:
        return known
    if not all(isinstance(size, int) for size in port.shape):
        raise BadModel(
            f"input '{port.name}' has a free dimension ({port.shape}); fix it with --dim name=value"
        )
    return tuple(port.shape)
