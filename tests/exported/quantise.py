"""Exported networks in eight bits, by onnxruntime's static quantisation (QDQ, per channel, random calibration)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

CALIBRATIONS = 2


def quantised(file: Path, inputs: tuple[Any, ...]) -> None:
    """Put the file into eight bits, in its place; calibrated with images like the example."""
    import onnx
    import torch
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    names = [value.name for value in onnx.load(file).graph.input]

    class Random(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = CALIBRATIONS

        def get_next(self) -> dict[str, Any] | None:
            self.left -= 1
            if self.left < 0:
                return None
            drawn = (torch.rand_like(x) if x.is_floating_point() else x for x in inputs)
            return {name: x.numpy() for name, x in zip(names, drawn, strict=True)}

    with tempfile.TemporaryDirectory() as scratch:
        ready = Path(scratch) / "ready.onnx"
        quant_pre_process(str(file), str(ready))
        quantization.quantize_static(
            str(ready), str(file), Random(), quant_format=quantization.QuantFormat.QDQ, per_channel=True
        )


def settle(module: Any, inputs: tuple[Any, ...]) -> None:
    """Let batch normalisations see a batch, as in training: without it random weights leave next to nothing of an
    image, and Intel's compiler refuses scales of 1e-6."""
    import torch

    norms = [m for m in module.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        if norms:
            module(*(torch.rand(4 * x.shape[0], *x.shape[1:]) for x in inputs))
    module.eval()
