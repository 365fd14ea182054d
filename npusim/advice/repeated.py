"""Advice on keys that are repeated for their queries, then multiplied: Intel's compiler 8.4 writes them out."""

from __future__ import annotations

from dataclasses import replace

from npusim.advice.asked import Asked
from npusim.report.record import Advice
from npusim.terminal.units import digits

AS_REPEATED, ONCE = (
    "shared_heads_as_repeated",
    "shared_heads",
)  # of `fusion.patterns` (compiler/fuse/shared_heads.py)
LEAST_SHARE = 0.02


def repeated_keys(asked: Asked) -> Advice | None:
    """Heads of keys that could be read once, were they not scaled behind their repetition (torch exports of SDPA with
    fewer heads of keys than of queries do so). Planned again only where a repetition is left in the plan."""
    patterns = asked.profile.fusion.patterns
    nodes = asked.nodes("Expand", "Tile")
    if AS_REPEATED not in patterns or not nodes:
        return None
    once = tuple(ONCE if name == AS_REPEATED else name for name in patterns)
    profile = replace(asked.profile, fusion=replace(asked.profile.fusion, patterns=once))
    saves = asked.saving(LEAST_SHARE, profile=profile)
    if saves is None:
        return None
    many = (
        "one repetition of heads is" if len(nodes) == 1 else f"{digits(len(nodes))} repetitions of heads are"
    )
    sentence = (
        f"{many} written to DDR, since keys are multiplied behind them: multiply the queries, or "
        f"the scores, and heads are read once, predicted to save {saves}"
    )
    command = "npusim run MODEL --compiler 2026-measured"
    share = asked.share(nodes)
    return Advice(
        "heads", sentence, command, saves.us, share, tuple(n.name for n in nodes[:50]), saves.band_us
    )
