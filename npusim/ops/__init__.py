"""What work an op is: counts only. Ask `lowerings(node, graph)`; list with `known_ops()`.

Every module of this folder is imported, which registers its rules: a new family is one file."""

import pkgutil
from importlib import import_module

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

from npusim.ops.kernels import KERNELS, LOWERINGS  # noqa: E402  after the families, so that none is imported twice
from npusim.ops.left_out import LEFT_OUT  # noqa: E402
from npusim.ops.registry import OpCase, OpInfo, known_ops, lowerings, macs, op  # noqa: E402

__all__ = ["KERNELS", "LEFT_OUT", "LOWERINGS", "OpCase", "OpInfo", "known_ops", "lowerings", "macs", "op"]
