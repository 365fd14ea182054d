"""npusim: an ONNX graph in; its latency on an Intel NPU, and why, out.

    import npusim
    report = npusim.simulate(npusim.load("m.onnx"), npusim.hardware("lunar_lake"))

Everything is imported when first used, so `import npusim` is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from npusim.version import __version__

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware
    from npusim.arch.presets import load_hardware as hardware
    from npusim.comparison.waterfall import compare
    from npusim.graph import Graph
    from npusim.onnx_io import load
    from npusim.report.record import Report
    from npusim.simulation import simulate
    from npusim.sweeping.run import sweep
    from npusim.tradeoff.sensitivity import sensitivity

_WHERE = {
    "load": ("npusim.onnx_io", "load"),
    "simulate": ("npusim.simulation", "simulate"),
    "compare": ("npusim.comparison.waterfall", "compare"),
    "sweep": ("npusim.sweeping.run", "sweep"),
    "sensitivity": ("npusim.tradeoff.sensitivity", "sensitivity"),
    "hardware": ("npusim.arch.presets", "load_hardware"),
    "Hardware": ("npusim.arch.hardware", "Hardware"),
    "Graph": ("npusim.graph", "Graph"),
    "Report": ("npusim.report.record", "Report"),
}
__all__ = [
    "Graph",
    "Hardware",
    "Report",
    "__version__",
    "compare",
    "hardware",
    "load",
    "sensitivity",
    "simulate",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        module, attribute = _WHERE[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'npusim' has no attribute '{name}'")
