"""Which numbers of a run are a compiler's own prices, in one sentence."""

from __future__ import annotations

from npusim.arch.hardware import Hardware
from npusim.arch.sources import COMPILER
from npusim.compiler.plan import Plan
from npusim.compiler.rules.prices import KERNELS, OwnPrices
from npusim.measures import kernels_of


def priced_as(plan: Plan, hw: Hardware, own: OwnPrices) -> str:
    """What of the numbers under `plan` is priced as the compiler prices it, not as the hardware file says: blocks and
    kernels by name, and how many numbers; '' if nothing is."""
    kernels = {f"{KERNELS}{name}" for _, name in kernels_of(plan)}
    found = {
        name: name.rpartition(".")[0]
        for name, source in hw.sources.items()
        if source.kind == COMPILER and not name.endswith(".scalar")
    }
    used = [block for block in found.values() if block in kernels or not block.startswith(KERNELS)]
    if not used:
        return ""
    what = ", ".join(dict.fromkeys("MAC array" if block.startswith("mac_array") else block for block in used))
    return f"{what} ({len(used)} numbers) as {own.whose} prices them"
