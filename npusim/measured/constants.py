"""What a device says of itself, and which constants of ours that implies.

`DEVICE_GOPS` is the peak of all tiles by element type, so it tells the clock; `NPU_MAX_TILES` the tiles of the part;
`NPU_PLATFORM` the generation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: 16-bit operations a tile does in a cycle: multiply and add of the MACs a cycle of each generation (VPUNN nr_macs).
OPERATIONS = {"3720": 2 * 1024, "4000": 2 * 1024, "5010": 2 * 2048}
NPUS = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}
FAR = 0.01  # relative difference of a clock that is worth a word


@dataclass(frozen=True, slots=True)
class Implied:
    """Constants a device implies; 0 or '' where it does not say."""

    generation: str = ""
    tiles: int = 0
    mac_clock_mhz: float = 0.0

    @property
    def options(self) -> str:
        """The options that ask npusim about this device, but for the model."""
        hw = NPUS.get(self.generation, "")
        words = [f"--hw {hw}" if hw else "", f"--tiles {self.tiles}" if self.tiles else ""]
        words.append(f"--clock {self.mac_clock_mhz:.0f}" if self.mac_clock_mhz else "")
        return " ".join(filter(None, words))


def implied(facts: Mapping[str, Any]) -> Implied:
    """From `gops`, `tiles_max` and `platform` of a device's facts; each may be missing or of another form."""
    found = re.search(r"\d{4}", str(facts.get("platform") or facts.get("architecture") or ""))
    generation = found.group() if found and found.group() in OPERATIONS else ""
    most = facts.get("tiles_max", facts.get("tiles"))
    tiles = most if isinstance(most, int) and not isinstance(most, bool) and 0 < most < 1000 else 0
    gops = _half_gops(facts.get("gops"))
    clock = gops * 1e3 / (tiles * OPERATIONS[generation]) if gops and tiles and generation else 0.0
    return Implied(generation, tiles, clock)


def sentence(facts: Mapping[str, Any], mac_clock_mhz: float, tiles: int) -> str:
    """What the device says beside what was simulated; '' where it says nothing."""
    found = implied(facts)
    if not found.options:
        return ""
    said = [
        f"NPU_PLATFORM {facts['platform']}" if facts.get("platform") else "",
        f"NPU_MAX_TILES {found.tiles}" if found.tiles else "",
        f"DEVICE_GOPS {_half_gops(facts.get('gops')):.6g} in fp16" if _half_gops(facts.get("gops")) else "",
    ]
    text = f"the device says {', '.join(filter(None, said))}: npusim {found.options}"
    other = []
    if found.mac_clock_mhz and abs(found.mac_clock_mhz / mac_clock_mhz - 1) > FAR:
        other.append(f"a MAC clock of {mac_clock_mhz:.0f} MHz")
    if found.tiles and found.tiles != tiles:
        other.append(f"{tiles} tiles")
    return f"{text}; simulated were {' and '.join(other)}" if other else text


def _half_gops(gops: Any) -> float:
    """Giga-operations a second of 16-bit floats from OpenVINO's map by type; 0 where there is none."""
    if not isinstance(gops, Mapping):
        return 0.0
    for kind, value in gops.items():
        if (
            re.search(r"f16|float16", str(kind))
            and "bf16" not in str(kind)
            and isinstance(value, int | float)
        ):
            return float(value) if 0 < value < 1e9 else 0.0
    return 0.0
