"""YAML files that come along, kept as Python keeps its own modules: as bytecode in `__pycache__` beside them.

To import PyYAML and read two such files is a seventh of what a run on a small network takes. Python's import system
has all that is needed to spare it: what it keeps is in step with the source, is put in place whole, and is not
written where nothing may be (`PYTHONDONTWRITEBYTECODE`, a folder of another user's). Users' own files are read anew
each time, and nothing is put beside them.
"""

from __future__ import annotations

import sys
import zlib
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from npusim.arch.config import read_yaml
from npusim.arch.names import Places

#: To be counted up when the same text is read as something else: what was kept before counts no longer.
READING = 1

#: The file cannot be read, holds a date or no finite number, or what was kept of it is cut short or garbled.
_NOT_KEPT = (OSError, NameError, EOFError, ValueError, TypeError, ImportError)


class _Yaml(SourceFileLoader):
    """A YAML file as source: its values, and the line of each name."""

    def path_stats(self, path: Any) -> dict[str, Any]:
        """By what Python knows that a source has changed: its text, as files may change within a tick of the clock."""
        text = self.get_data(path)
        return {"mtime": zlib.crc32(text, READING), "size": len(text)}

    def source_to_code(self, data: Any, path: Any, **settings: Any) -> Any:  # type: ignore[override]
        values, places = read_yaml(path)
        lines = {name: int(place.rpartition(":")[2]) for name, place in places.items()}
        return compile(f"values = {values!r}\nlines = {lines!r}", str(path), "exec", dont_inherit=True)


def read_kept(path: Path) -> tuple[dict[str, Any], Places]:
    """As `read_yaml`, of a file that comes along."""
    held: dict[str, Any] = {}
    try:
        code = _Yaml(path.stem, str(path)).get_code(path.stem)
        exec(code or "", held)
    except _NOT_KEPT:
        return read_yaml(path)
    return held["values"], {name: f"{path}:{line}" for name, line in held["lines"].items()}


def keep_all(folder: Path) -> None:
    """Keep every YAML file below a folder, so that the first run is as quick as the second (`make` does so)."""
    for path in folder.resolve().rglob("*.yaml"):
        read_kept(path)


if __name__ == "__main__":
    keep_all(Path(sys.argv[1]))
