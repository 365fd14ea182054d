"""`npusim what-if`: which questions there are, their options, and where the defaults are from."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.commands import options as opt
from npusim.terminal.results import answer, check_results


def what_if(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One question in full.", show_default=False)
    ] = None,
    json: opt.Json = None,
    output: opt.Output = None,
) -> None:
    """List the what-ifs of --what-if NAME:key=value,...: options, bounds, defaults and their sources."""
    outputs = check_results({"--json": json}, output=output)
    from npusim.whatif.listing import document, page
    from npusim.whatif.registry import find, questions
    from npusim_xamba.envelope import envelope, text

    if name is None:
        found = questions()
    else:
        one = find(name)
        found = {one.name: one}
    answer(
        outputs,
        {"--json": lambda: text(envelope("npusim.what_ifs", {"what_ifs": document(found)}))},
        lambda width: page(found, width, full=name is not None),
    )
