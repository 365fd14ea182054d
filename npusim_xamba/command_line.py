"""A command line from its start to its exit code, the same for both tools.

Whatever is the user's to mend becomes one line on standard error and exit code 2; Ctrl-C ends with 130 and without a
traceback at any time. Any other exception is a bug of ours and shows its traceback.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from npusim_xamba import process
from npusim_xamba.asking import by_command_line
from npusim_xamba.text import clean, near

WRONG_EXIT = 2
INTERRUPTED_EXIT = 130


def enter(load: Callable[[], Callable[[], None]]) -> None:
    """Load and run a tool's `main`; Ctrl-C while it loads ends as it does later, and once it is done it is ignored."""
    with suppress(ValueError):  # not the main thread: a program called us
        signal.signal(signal.SIGINT, signal.default_int_handler)  # as it was before `start`
    try:
        process.begin()
        load()()
    except KeyboardInterrupt:
        _stop_listening()
        sys.exit(INTERRUPTED_EXIT)
    finally:
        _stop_listening()
        process.end()


def _stop_listening() -> None:
    """What is left is the interpreter's end, and that shows a traceback if it is interrupted."""
    with suppress(ValueError):  # not the main thread: a program called us
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def run(
    app: Any,
    program: str,
    theirs: type[Exception],
    code: Callable[[Exception], int] = lambda error: WRONG_EXIT,
) -> NoReturn:
    """Run a typer app to the end of the process.

    Args:
        app: the app.
        program: its name in usage lines.
        theirs: the base of errors that are the user's to mend.
        code: the exit code of one of them.
    """
    import typer

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a name a terminal cannot write is no reason to stop
    with by_command_line():
        try:
            sys.exit(app(prog_name=program, standalone_mode=False))
        except theirs as error:
            _tell(f"{type(error).__name__}: {error}", code(error))
        except (KeyboardInterrupt, typer.Abort):
            sys.exit(INTERRUPTED_EXIT)
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            if type(error).__name__ == "NoArgsIsHelpError":
                error.show()  # type: ignore[attr-defined]
                sys.exit(WRONG_EXIT)
            _tell(f"BadArgument: {_usage(error)}", WRONG_EXIT)


def _usage(error: Any) -> str:
    """A usage error of typer in one sentence, with the nearest command or option, and the usage at its end."""
    said = error.format_message().rstrip(".?")
    context = getattr(error, "ctx", None)
    if context is None:
        return str(said)
    commands = getattr(context.command, "commands", None)
    if commands and said.startswith("No such command") and "Did you mean" not in said:
        said += near(said.split("'")[1], commands)
    return f"{said}. {context.get_usage()} (-h explains)"


def _tell(sentence: str, code: int) -> NoReturn:
    """One line on standard error; what a model or a file name holds may not steer the terminal."""
    print(clean(" ".join(sentence.split())), file=sys.stderr)
    sys.exit(code)
