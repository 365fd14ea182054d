"""`npusim validate`: how far the predictions are from reference tables."""

from __future__ import annotations

from npusim.commands import options as opt
from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs


def validate(reference: opt.Reference = None, json: opt.Json = None, hw: opt.Hws = None) -> None:
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
