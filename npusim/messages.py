"""ONNX's protobuf messages, without the rest of the `onnx` package.

They are generated in a module of their own, which needs protobuf only. The package around it imports checkers,
printers and number formats: 50 ms of CPU time, a sixth of what a command takes on a small network, and most networks
ask for none of them. Who imports `onnx` later finds this very module, so a message has one class.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

NAME = "onnx.onnx_ml_pb2"


@cache
def messages() -> Any:
    """The module with `ModelProto`, `TensorProto` and the other messages."""
    if "onnx" not in sys.modules:
        package = find_spec("onnx")  # finds the folder and imports nothing
        spec = PathFinder.find_spec(NAME, package.submodule_search_locations if package else None)
        if spec is not None and spec.loader is not None:
            module = sys.modules[NAME] = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    import onnx

    return onnx
