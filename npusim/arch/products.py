"""Names under which people buy an NPU -> the hardware file of its generation.

Core Ultra 1xx is Meteor Lake and 2xx without a V Arrow Lake, both with NPU 3720; 2xxV is Lunar Lake (NPU 4000), 3xx
Panther Lake (NPU 5010): Intel's driver tables (PCI ids 7D1D and AD1D, 643E, B03E). Parts of one generation differ in
clock and memory, which the file does not know: `npusim hw show` says what is assumed.
"""

from __future__ import annotations

import re

#: '155h', 'coreultra7155h', 'ultra9288v', 'ultrax7358h', 'coreultra7270kplus'
PART = re.compile(r"(?:core)?(?:ultra)?(?:x?[3579](?=\d{3}))?([123])\d{2}(v|u|h|hx|k|kf|kplus|t|s|f)?")
FAMILIES = {
    "arrowlake": "meteor_lake",
    "arl": "meteor_lake",
    "mtl": "meteor_lake",
    "lnl": "lunar_lake",
    "ptl": "panther_lake",
}


def preset_of(said: str) -> str | None:
    """The hardware file of a part or family, None for what is none, and for a bare number without a letter or 'ultra'.

    `said`: its name in lower case without spaces and 'intel'.
    """
    if said in FAMILIES:
        return FAMILIES[said]
    found = PART.fullmatch(said)
    if found is None or not (found[2] or "ultra" in said):
        return None
    series, letter = found[1], found[2]
    if series == "2":
        return "lunar_lake" if letter == "v" else "meteor_lake"
    return {"1": "meteor_lake", "3": "panther_lake"}[series]
