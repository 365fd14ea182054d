"""All comparisons of a reference folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from npusim.arch.hardware import Hardware
from npusim.arch.presets import load_hardware
from npusim.errors import BadArgument
from npusim.reference.dma_errors import dma
from npusim.reference.dsp_errors import dsp
from npusim.reference.errors import GroupErrors, Validation
from npusim.reference.folder import GENERATIONS, Folder, shipped
from npusim.reference.layers_errors import layers
from npusim.reference.mac_array_errors import mac_array
from npusim.reference.networks import left_out, networks


def validate(
    reference: str | Path | None = None,
    hardware: Sequence[str | Hardware] | None = None,
    without_one: bool = False,
) -> Validation:
    """Predictions against every table of the folder `reference` (the shipped one by default).

    Args:
        reference: a folder with tables named and made of columns as `docs/fidelity.md` lists them.
        hardware: names, YAML files or hardware; each is held against the tables of its generation. By
            default the three NPUs that come with npusim.
        without_one: also fit step and host anew without each published network, and judge that one (seconds).

    Raises:
        BadArgument: no folder, none of the tables in it, or a table that cannot be read.
        BadHardware: an unknown hardware, or one whose generation no tables can be for.
    """
    folder = Folder(shipped() if reference is None else reference)
    machines = [h if isinstance(h, Hardware) else load_hardware(h) for h in hardware or GENERATIONS.values()]
    skipped: Counter[str] = Counter()
    comparisons: list[GroupErrors] = []
    for part in (mac_array, dma, dsp, layers):
        for hw in machines:
            comparisons += part(folder, hw, skipped)
    rows = networks(folder, machines, skipped)
    if not comparisons and not rows:
        names = ", ".join(dict.fromkeys(folder.missing)) or "tables"
        raise BadArgument(f"--reference '{folder.path}' holds nothing to compare; looked for {names}")
    return Validation(
        reference="shipped tables" if reference is None else str(reference),
        hardware=tuple(hw.name for hw in machines),
        comparisons=tuple(comparisons),
        networks=tuple(rows),
        missing=tuple(dict.fromkeys(folder.missing)),
        left_out=tuple(left_out(folder, rows, machines)) if without_one else (),
        skipped=tuple(f"{count} of {why}" for why, count in skipped.items()),
    )
