"""The command line. Commands stand in `npusim/commands`, one file each; here they are only gathered.

An error that is the user's to mend becomes one line on standard error and exit code 2. Any other exception
is a bug of ours and shows its traceback.
"""

from __future__ import annotations

import os
import sys
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
    """Entry point. Exit codes: 0 done, 2 an error told in one line, 130 interrupted; a command may have more."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a name a terminal cannot write is no reason to stop
    try:
        sys.exit(app(prog_name="npusim", standalone_mode=False))
    except NpusimError as error:
        _tell(f"{type(error).__name__}: {error}")
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()  # type: ignore[attr-defined]
            sys.exit(2)
        context = getattr(error, "ctx", None)
        usage = f". {context.get_usage()} (-h explains)" if context else ""
        _tell(f"BadArgument: {error.format_message().rstrip('.')}{usage}")


def _tell(sentence: str) -> None:
    """One line on standard error; what a model or a file name holds may not steer the terminal."""
    from npusim.terminal.layout import clean

    print(clean(" ".join(sentence.split())), file=sys.stderr)
    sys.exit(2)
