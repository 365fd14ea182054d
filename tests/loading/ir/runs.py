"""The ONNX model that an OpenVINO IR becomes, with its weights, run by onnxruntime."""

from __future__ import annotations

import lzma
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.external_data_helper import load_external_data_for_model

from npusim.loading.ir.front import model_of
from tests.shared import SHARED

IR = SHARED / "graphs" / "ir"


def with_weights(path: Path) -> onnx.ModelProto:
    """What `npusim.load` makes of the file, before its shapes are known, weights read from the .bin."""
    model = onnx.ModelProto.FromString(model_of(str(path))[0].SerializeToString())
    load_external_data_for_model(model, str(path.parent))
    return model


def run(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by name, from onnxruntime without its rewrites."""
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    given = {i.name: feeds[i.name] for i in session.get_inputs()}
    return dict(zip(names, session.run(names, given), strict=True))


def unpacked(name: str, folder: Path) -> Path:
    """A large file in `folder`, its .bin as a sparse file: it is nearly all zeros."""
    target = folder / f"{name}.xml"
    shutil.copyfile(IR / "large" / f"{name}.xml", target)
    size, zeros = 0, bytes(2**22)
    with lzma.open(IR / "large" / f"{name}.bin.xz") as packed, open(folder / f"{name}.bin", "wb") as file:
        while block := packed.read(len(zeros)):
            size += len(block)
            if block == zeros:
                file.seek(len(block), 1)
            else:
                file.write(block)
        file.truncate(size)
    return target


def worst(found: np.ndarray, wanted: np.ndarray) -> float:
    """Largest difference, relative to the largest magnitude."""
    if not wanted.size:
        return 0.0
    a, b = found.astype(np.float64), wanted.astype(np.float64)
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-12))


def graph_row(report: Any) -> tuple[float, float, float]:
    return report.macs, report.bytes_moved, report.latency_us
