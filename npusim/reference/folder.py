"""The files of a reference folder: found with or without `.gz`, missing ones noted."""

from __future__ import annotations

import gzip
import importlib.resources
import zlib
from pathlib import Path

from npusim.errors import BadArgument

GENERATIONS = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}
PUBLISHED, NETWORKS = "published_latency.csv", "networks.csv"

#: CRC-32 of the tables that constants were fitted to: the whole ones, and the samples of them that travel with npusim.
FITTED = {
    "dma_ground_truth": (1172274927, 2724293202),
    "dma_npu3720": (1927476542, 747895005),
    "dma_npu4000": (1052222210, 2547446777),
    "dma_npu5010": (76553358, 492287516),
    "dsp_npu3720": (1672522604, 3466853380),
    "dsp_npu4000": (2085320957, 337502140),
    "dsp_npu5010": (2035462163, 709529613),
    "layer_npu3720": (875551902, 797255196),
    "layer_npu4000": (2198371707, 1148165126),
    "layer_npu5010": (3216427864, 2332113427),
    "mac_array_npu3720": (955904076, 1040385318),
    "mac_array_npu3720_ground_truth": (546551523, 2436303690),
    "mac_array_npu4000": (3226469629, 2943142352),
    "mac_array_npu4000_ground_truth": (1104236782, 1669314573),
    "mac_array_npu5010": (2462990583, 1321287749),
    "mac_array_npu5010_lut": (2843808826, 1713379908),
}


def shipped() -> Path:
    """The folder of small tables that travels with npusim."""
    return Path(str(importlib.resources.files("npusim"))) / "reference" / "data"


class Folder:
    """A reference folder. `missing` collects the names that were asked for and are not there."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.missing: list[str] = []
        if not self.path.is_dir():
            raise BadArgument(
                f"--reference '{path}' is no folder; name one with tables such as dma_npu3720.csv"
            )

    def find(self, name: str) -> Path | None:
        """`name`.csv.gz or `name`.csv in the folder, or None, and then it counts as missing."""
        name = name.removesuffix(".csv")
        for candidate in (f"{name}.csv.gz", f"{name}.csv"):
            if (self.path / candidate).is_file():
                return self.path / candidate
        self.missing.append(f"{name}.csv")
        return None

    @staticmethod
    def fitted(path: Path) -> bool:
        """True for a table whose one half constants were fitted to; any other is new to them as a whole."""
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rb") as file:
            return zlib.crc32(file.read()) in FITTED.get(path.name.split(".")[0], ())
