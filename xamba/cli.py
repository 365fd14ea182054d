"""The command line of xamba: its commands stand in `xamba/commands.py` and are built when asked for.

They stand on the passes, and these on a graph library that takes half a second to import, which neither `xamba --help`
nor a mistyped command has to wait for.
"""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from npusim_xamba.command_line import run as run_app
from npusim_xamba.lazy import group_of
from npusim_xamba.version import __version__
from xamba.errors import NotEquivalent, XambaError

COMMANDS = {name: f"xamba.commands:{name}" for name in ("optimize", "verify", "passes")}
#: The first sentence of each, as its function has it.
SENTENCES = {
    "optimize": "Rewrite a model; verified before it is written, and not written when the answer differs.",
    "verify": "Run two models on the same inputs of many kinds.",
    "passes": "List the passes, each with its rule.",
}
app = typer.Typer(
    cls=group_of(COMMANDS, SENTENCES),
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Rewrite ONNX graphs for NPUs and check that the answer stays.",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"xamba {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Rewrite ONNX graphs for NPUs and check that the answer stays."""


def main() -> None:
    """Errors of the user are one line, and exit code 2 (1 when answers differ)."""
    # A line for every value without a type, of which exporters leave many: nothing that a user could mend.
    logging.getLogger("onnx_ir").setLevel(logging.ERROR)
    run_app(app, "xamba", XambaError, lambda error: 1 if isinstance(error, NotEquivalent) else 2)
