"""xamba: graph rewrites for neural processing units that keep the answer.

>>> import onnx_ir as ir, xamba
>>> result = xamba.CumBA()(model)          # or any onnx_ir.passes.PassManager
>>> result.modified, result.rewritten, result.kept
>>> xamba.optimize("in.onnx", "out.onnx")  # verified before it is written
>>> xamba.verify("in.onnx", "out.onnx").ok
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from npusim_xamba.version import __version__ as __version__

if TYPE_CHECKING:
    from xamba.passes.actiba import ActiBA
    from xamba.passes.base import XambaPass
    from xamba.passes.cumba import CumBA
    from xamba.passes.reduba import ReduBA
    from xamba.pipeline import optimize, rewrite
    from xamba.proof.equivalence import verify

    PASSES: dict[str, type[XambaPass]]

_HOMES = {"optimize": "pipeline", "rewrite": "pipeline", "verify": "proof.equivalence"}
__all__ = ["PASSES", "ActiBA", "CumBA", "ReduBA", "optimize", "rewrite", "verify"]


def __getattr__(name: str) -> Any:
    """`PASSES` and each pass by its class name come from the folder of passes, once they are asked for."""
    if name in _HOMES:
        return getattr(import_module(f"xamba.{_HOMES[name]}"), name)
    if not name.startswith("_"):
        passes = import_module("xamba.passes.registry").passes()
        if name == "PASSES":
            return passes
        for one in passes.values():
            if one.__name__ == name:
                return one
    raise AttributeError(f"module 'xamba' has no attribute '{name}'")


def __dir__() -> list[str]:
    """What TAB lists: the functions, and every pass by its class name."""
    passes = import_module("xamba.passes.registry").passes()
    return sorted({*__all__, "__version__", *(one.__name__ for one in passes.values())})
