"""The files of a reference folder: found with or without `.gz`, missing ones noted."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from npusim.errors import BadArgument

GENERATIONS = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}
PUBLISHED, NETWORKS = "published_latency.csv", "networks.csv"


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
