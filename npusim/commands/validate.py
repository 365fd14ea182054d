"""`npusim validate`: how far the predictions are from reference tables."""

from __future__ import annotations

from npusim.commands import options as opt
from npusim.terminal.results import answer, check_results


def validate(
    reference: opt.Reference = None,
    hw: opt.Hws = None,
    json: opt.Json = None,
    html: opt.Html = None,
    output: opt.PageOutput = None,
) -> None:
    """Compare predictions with reference tables: per engine and NPU, beside a roofline's error.

    Files a folder does not hold are named and left out.
    """
    inputs = [*(hw or []), *([reference] if reference else [])]
    outputs = check_results({"--json": json, "--html": html}, inputs, output, opt.PAGES)

    from npusim.reference.validate import validate as compare
    from npusim.terminal.progress import working

    with working("comparing"):
        result = compare(reference, hw, without_one=True)
    from npusim.reference.document import to_json
    from npusim.reference.page import page

    def as_html() -> str:
        from npusim.reference.html import to_html

        return to_html(result)

    answer(outputs, {"--json": lambda: to_json(result), "--html": as_html}, lambda width: page(result, width))
