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
    from xamba.passes.actiba import ActiBA
    from xamba.passes.cumba import CumBA
    from xamba.passes.reduba import ReduBA
    from xamba.pipeline import PASSES, optimize, rewrite
    from xamba.proof.equivalence import verify

_HOMES = {
    "CumBA": "passes.cumba",
    "ReduBA": "passes.reduba",
    "ActiBA": "passes.actiba",
    "PASSES": "pipeline",
    "optimize": "pipeline",
    "rewrite": "pipeline",
    "verify": "proof.equivalence",
}
__all__ = ["PASSES", "ActiBA", "CumBA", "ReduBA", "optimize", "rewrite", "verify"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"xamba.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'xamba' has no attribute '{name}'")
