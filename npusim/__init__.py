"""npusim: an ONNX graph in; its latency on an Intel NPU, and why, out.

    import npusim
    report = npusim.simulate("m.onnx", "lunar_lake")
    report.save("r.html")
    print(npusim.explain(report, "CumSum"))

Everything is imported when first used, so `import npusim` is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from npusim.version import __version__

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware
    from npusim.arch.presets import list_hardware
    from npusim.arch.presets import load_hardware as hardware
    from npusim.checking.check import check
    from npusim.comparison.waterfall import compare
    from npusim.errors import NpusimError
    from npusim.generating.generate import generate
    from npusim.graph import Graph
    from npusim.model_files import load
    from npusim.report.explain import explain
    from npusim.report.record import Report
    from npusim.rival.ask import against
    from npusim.serving.serve import serve
    from npusim.simulation import simulate
    from npusim.sweeping.run import sweep
    from npusim.tradeoff.claim import claim
    from npusim.tradeoff.pareto import pareto
    from npusim.tradeoff.sensitivity import sensitivity
    from npusim.whatif.run import suppose, what_if

_WHERE = {
    "load": ("npusim.model_files", "load"),
    "simulate": ("npusim.simulation", "simulate"),
    "explain": ("npusim.report.explain", "explain"),
    "against": ("npusim.rival.ask", "against"),
    "check": ("npusim.checking.check", "check"),
    "compare": ("npusim.comparison.waterfall", "compare"),
    "serve": ("npusim.serving.serve", "serve"),
    "sweep": ("npusim.sweeping.run", "sweep"),
    "sensitivity": ("npusim.tradeoff.sensitivity", "sensitivity"),
    "what_if": ("npusim.whatif.run", "what_if"),
    "suppose": ("npusim.whatif.run", "suppose"),
    "generate": ("npusim.generating.generate", "generate"),
    "pareto": ("npusim.tradeoff.pareto", "pareto"),
    "claim": ("npusim.tradeoff.claim", "claim"),
    "hardware": ("npusim.arch.presets", "load_hardware"),
    "list_hardware": ("npusim.arch.presets", "list_hardware"),
    "Hardware": ("npusim.arch.hardware", "Hardware"),
    "Graph": ("npusim.graph", "Graph"),
    "Report": ("npusim.report.record", "Report"),
    "NpusimError": ("npusim.errors", "NpusimError"),
}
__all__ = [
    "Graph",
    "Hardware",
    "NpusimError",
    "Report",
    "__version__",
    "against",
    "check",
    "claim",
    "compare",
    "explain",
    "generate",
    "hardware",
    "list_hardware",
    "load",
    "pareto",
    "sensitivity",
    "serve",
    "simulate",
    "suppose",
    "sweep",
    "what_if",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        module, attribute = _WHERE[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'npusim' has no attribute '{name}'")


def __dir__() -> list[str]:
    """What TAB lists: the names of this interface."""
    return sorted(__all__)
