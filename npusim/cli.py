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
    "against": "npusim.commands.against:against",
    "generate": "npusim.commands.generate:generate",
    "serve": "npusim.commands.serve:serve",
    "ops": "npusim.commands.ops:ops",
    "what-if": "npusim.commands.what_if:what_if",
    "sweep": "npusim.commands.sweep:sweep",
    "pareto": "npusim.commands.pareto:pareto",
    "validate": "npusim.commands.validate:validate",
    "calibrate": "npusim.commands.calibrate:calibrate",
    "crosscheck": "npusim.commands.crosscheck:crosscheck",
    "hw": "npusim.commands.hw:app",
}
app = typer.Typer(
    name="npusim",
    cls=group_of(COMMANDS),
    help="ONNX in; latency on an Intel NPU, and the reason for it, out.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"npusim {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """ONNX in; latency on an Intel NPU, and the reason for it, out."""


def main() -> None:
    """Exit codes: 0 done, 2 an error told in one line, 130 interrupted; a command may have more."""
    run_app(app, "npusim", NpusimError)
