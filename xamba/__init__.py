"""xamba: graph rewrites for neural processing units that keep the answer.

>>> import onnx_ir as ir, xamba
>>> result = xamba.CumBA()(model)          # or any onnx_ir.passes.PassManager
>>> result.modified, result.rewritten, result.kept
>>> xamba.optimize("in.onnx", "out.onnx")  # verified before it is written
>>> xamba.verify("in.onnx", "out.onnx").ok
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xamba.actiba import ActiBA
    from xamba.cumba import CumBA
    from xamba.equivalence import verify
    from xamba.pipeline import PASSES, optimize, rewrite
    from xamba.reduba import ReduBA

_HOMES = {
    "CumBA": "cumba",
    "ReduBA": "reduba",
    "ActiBA": "actiba",
    "PASSES": "pipeline",
    "optimize": "pipeline",
    "rewrite": "pipeline",
    "verify": "equivalence",
}
__all__ = ["PASSES", "ActiBA", "CumBA", "ReduBA", "optimize", "rewrite", "verify"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"xamba.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'xamba' has no attribute '{name}'")
