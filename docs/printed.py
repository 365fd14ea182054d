"""Commands in documents and what they print: run, compared with the page, and printed again.

A block begun by ```console holds commands after `$ ` and what they print. A line `...` stands for lines left out.
`python docs/printed.py README.md docs/tutorial.md` prints the blocks again; where a block was shortened it keeps as
many lines as it had.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"```console\n(.*?)```", re.S)
CODE = re.compile(r"```python\n(.*?)```", re.S)
LEFT_OUT = "..."


class Printed(NamedTuple):
    """One command of a document, and the lines below it."""

    command: str
    lines: list[str]


def commands(block: str) -> list[Printed]:
    """The commands of a block, each with what stands below it."""
    found: list[Printed] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(Printed(line[2:], []))
        elif found:
            found[-1].lines.append(line)
    return found


def workplace(folder: Path) -> Path:
    """The folder made ready: the examples lie in it as they do in a checkout."""
    target = folder / "examples"
    if not target.exists():
        target.symlink_to(ROOT / "examples")
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command as a reader types it, in `folder`; npusim and xamba are those of this checkout."""
    words = shlex.split(command)
    start = [sys.executable, "-m", words[0]] if words[0] in ("npusim", "xamba") else [sys.executable]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    return subprocess.run(
        [*start, *words[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def same(shown: list[str], printed: list[str]) -> bool:
    """Is `printed` what the page shows, lines left out at `...`?"""
    pattern = "\n".join(
        r"(?:.*\n)*?.*" if line.strip() == LEFT_OUT else re.escape(line.rstrip()) for line in shown
    )
    return re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed)) is not None


def again(text: str, folder: Path) -> str:
    """The document with every block printed again."""

    def block(found: re.Match[str]) -> str:
        lines = []
        for command, shown in commands(found[1]):
            printed = run(command, folder).stdout.rstrip("\n").splitlines()
            if LEFT_OUT in shown:
                kept = shown.index(LEFT_OUT)
                printed = [*printed[:kept], LEFT_OUT]
            lines += [f"$ {command}", *printed]
        return "```console\n" + "\n".join(lines) + "\n```"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    import tempfile

    for name in sys.argv[1:]:
        path = Path(name)
        with tempfile.TemporaryDirectory() as place:
            path.write_text(again(path.read_text("utf-8"), workplace(Path(place))), "utf-8")
