"""From profile files of one's own machine to a fitted hardware: read, compile the plan, observe, fit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.measured.fitted import ProfileFit, fit_profile
from npusim.measured.observations import Observations, observe
from npusim.measured.profile import VENDOR, Profile
from npusim.measured.readers.read import for_calibration, read_reports


@dataclass(frozen=True, slots=True)
class MachineFit:
    """The fit, what it was fitted to, and sentences the user should read."""

    fit: ProfileFit
    observations: Observations
    profiles: tuple[Profile, ...]
    notes: tuple[str, ...]


def fit_machine(
    hw: Hardware,
    model: str,
    reports: Sequence[str],
    tiles: int | None = None,
    compiler: str = "2026-measured",
    precision: str = "fp16",
    dims: Mapping[str, int] | None = None,
) -> MachineFit:
    """`hw` fitted to profiles of `model`; the plan has the tiles of the profile unless `tiles` says otherwise.

    Raises BadReport (a profile of a CPU, of no device, an INVALID one), BadArgument (too little in them, or
    profiles of different tile counts), and what loading and compiling raise.
    """
    from npusim.compiler.compile import compile_graph
    from npusim.compiler.rules.profile import load_profile
    from npusim.model_files import load
    from npusim.simulation import simulate

    profiles = [for_calibration(p) for p in read_reports(reports)]
    seen_tiles = sorted({p.tiles for p in profiles if p.tasks and p.tiles})
    if tiles is None and len(seen_tiles) > 1:
        raise BadArgument(
            f"the profiles use {seen_tiles[0]} and {seen_tiles[-1]} tiles; fit them one by one, or say --tiles"
        )
    used = tiles or (seen_tiles[0] if seen_tiles else int(hw.tiles))
    if used > int(hw.tiles_max):
        raise BadArgument(f"the profile uses {used} tiles, {hw.name} has {hw.tiles_max}; choose another --hw")
    shaped = hw.replace({"tiles": used}) if used != int(hw.tiles) else hw
    graph = load(model, dims=dict(dims or {}))
    rules = load_profile(compiler)
    hw, shaped = rules.priced(hw), rules.priced(shaped)
    plan = compile_graph(graph, shaped, rules, precision)
    report = simulate(graph, shaped, rules, precision, band=False)
    seen = observe(plan, report, graph, profiles, hw.generation)
    clocks = {p.mac_clock_mhz for p in profiles if p.mac_clock_mhz}
    fit = fit_profile(hw, seen, origin(profiles), clocks.pop() if len(clocks) == 1 else 0.0)
    return MachineFit(fit, seen, tuple(profiles), tuple(_notes(hw, profiles, used)))


def origin(profiles: Sequence[Profile]) -> str:
    """Where the fitted numbers come from: files, label, and today's date."""
    files = ", ".join(os.path.basename(p.path) for p in profiles)
    labels = " and ".join(dict.fromkeys(p.label for p in profiles))
    return f"{files} ({labels}), fitted {date.today().isoformat()}"


def _notes(hw: Hardware, profiles: Sequence[Profile], tiles: int) -> list[str]:
    notes = [f"{os.path.basename(p.path)}: {note}" for p in profiles for note in p.notes]
    if any(p.label == VENDOR for p in profiles):
        notes.append("fitted to estimates of Intel's compiler, not to hardware")
    if tiles != int(hw.tiles):
        notes.append(
            f"the profile is of {tiles} tiles, {hw.name} has {hw.tiles}: set `tiles` if your part has {tiles}"
        )
    return notes
