"""What a command answers: files in the forms that were asked for, and a page where standard output is free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from npusim.errors import BadArgument, BadOutput
from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs

if TYPE_CHECKING:
    from npusim.terminal.layout import Line

TEXT = ".txt"  # the page itself, 80 cells wide
JSON_ONLY = {".json": "--json"}


def check_results(
    files: Mapping[str, str | None],
    inputs: Iterable[str] = (),
    output: str | None = None,
    endings: Mapping[str, str] = JSON_ONLY,
) -> dict[str, str]:
    """The files asked for, option by option, as `check_outputs` has them.

    Args:
        files: path, or None, of each option that writes one form: {'--json': 'r.json', '--csv': None}.
        inputs: paths that are read.
        output: the file of `-o`, in the form its ending says; '-' is the first of `endings`.
        endings: the option whose form an ending asks for; '.txt' is the page.

    Raises BadOutput, BadArgument.
    """
    if output is None:
        return check_outputs(files, inputs)
    option = _form(output, endings)
    if files.get(option) is not None:
        raise BadArgument(
            f"-o '{output}' and {option} '{files[option]}' ask for the same; give one of the two"
        )
    outputs = check_outputs({**files, "-o": output}, inputs)
    return {option if name == "-o" else name: path for name, path in outputs.items()}


def _form(output: str, endings: Mapping[str, str]) -> str:
    if output == STDOUT:
        return next(iter(endings.values()))
    for ending in sorted((*endings, TEXT), key=len, reverse=True):
        if output.lower().endswith(ending):
            return endings.get(ending, TEXT)
    raise BadOutput(f"-o '{output}': name a file that ends in {', '.join((*endings, TEXT))}")


def answer(
    outputs: Mapping[str, str],
    writers: Mapping[str, Callable[[], str | bytes]],
    page: Callable[[int], Iterable[Line]],
) -> None:
    """Write every file asked for (all or none), then show the page, unless standard output holds a file.

    `writers` make the text of each option; `page` makes the lines for a width in cells. Raises BadOutput.
    """
    texts: dict[str, str | bytes] = {
        outputs[option]: write() for option, write in writers.items() if option in outputs
    }
    if TEXT in outputs:
        texts[outputs[TEXT]] = "".join(f"{line.text}\n" for line in page(80))
    write_outputs(texts)
    if STDOUT not in texts:
        from npusim.terminal.layout import page_width, show

        show(page(page_width()))
