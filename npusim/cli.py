"""The command line. Commands stand in `npusim/commands`, one file each; here they are only gathered."""

from __future__ import annotations

import os
from typing import Annotated

# pydantic looks through all installed packages for plugins before it builds its first model: 20 ms of start-up
# for nothing, as we use none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# OpenBLAS starts a thread a core as numpy is imported and lets them spin: a tenth of a second of CPU time, and no
# command multiplies matrices large enough to need them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer

from npusim.commands import hw
from npusim.commands.calibrate import calibrate
from npusim.commands.compare import compare
from npusim.commands.crosscheck import crosscheck
from npusim.commands.explain import explain
from npusim.commands.ops import ops
from npusim.commands.pareto import pareto
from npusim.commands.run import run
from npusim.commands.sweep import sweep
from npusim.commands.validate import validate
from npusim.errors import NpusimError
from npusim.version import __version__
from npusim_xamba.command_line import run as run_app

app = typer.Typer(
    name="npusim",
    help="ONNX in; latency on an Intel NPU, and the reason for it, out.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run)
app.command()(explain)
app.command()(compare)
app.add_typer(hw.app, name="hw")
app.command()(ops)
app.command()(sweep)
app.command()(pareto)
app.command()(validate)
app.command()(calibrate)
app.command()(crosscheck)


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
