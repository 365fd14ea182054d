"""The first lines of both commands, before anything else is imported: from here on Ctrl-C ends them in silence."""

import _signal  # what `signal` is made of, and built in: nothing is read from disk for it

_signal.signal(_signal.SIGINT, _signal.SIG_DFL)


def npusim() -> None:
    """Entry point of `npusim`."""
    _enter("npusim")


def xamba() -> None:
    """Entry point of `xamba`."""
    _enter("xamba")


def _enter(tool: str) -> None:
    from importlib import import_module

    import_module(f"{tool}.__main__").main()
