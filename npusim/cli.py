"""The command line. Commands stand in `npusim/commands`, one file each; here they are only gathered."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.errors import NpusimError
from npusim.version import __version__
from npusim_xamba.command_line import run as run_app
from npusim_xamba.lazy import group_of

COMMANDS = {
    "run": "npusim.commands.run:run",
    "explain": "npusim.commands.explain:explain",
    "check": "npusim.commands.check:check",
    "compare": "npusim.commands.compare:compare",
    "claim": "npusim.commands.claim:claim",
    "generate": "npusim.commands.generate:generate",
