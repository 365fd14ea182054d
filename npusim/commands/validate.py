"""`npusim validate`: how far the predictions are from reference tables."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs

ReferenceOption = Annotated[
    str | None,
    typer.Option("--reference", metavar="DIR", help="Folder of tables instead of those that come along."),
]
JsonOption = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write it all as JSON.")]
HwOption = Annotated[
    list[str] | None,
    typer.Option("--hw", metavar="NAME|FILE", help="An NPU to judge; may be repeated. All by default."),
]


def validate(reference: ReferenceOption = None, json: JsonOption = None, hw: HwOption = None) -> None:
    """Compare predictions with reference tables: per engine and NPU, beside a roofline's error.

    Files a folder does not hold are named and left out.
    """
    outputs = check_outputs({"--json": json}, inputs=[*(hw or []), *([reference] if reference else [])])

    from npusim.reference.validate import validate as compare
    from npusim.terminal.progress import working

    with working("comparing"):
        result = compare(reference, hw)
    texts = {}
    if "--json" in outputs:
        from npusim.reference.document import to_json

        texts[outputs["--json"]] = to_json(result)
    write_outputs(texts)
    if STDOUT not in texts:
        from npusim.reference.page import page
        from npusim.terminal.layout import page_width, show

        show(page(result, page_width()))
