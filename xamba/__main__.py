"""`xamba`, and `python -m xamba`: the command line, with Ctrl-C minded before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Callable

from npusim_xamba.command_line import enter


def _load() -> Callable[[], None]:
    from xamba.cli import main

    return main


def main() -> None:
    """Entry point."""
    enter(_load)


if __name__ == "__main__":
    main()
