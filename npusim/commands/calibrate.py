"""`npusim calibrate`: fit the constants of one block of an NPU to a reference folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from npusim.commands.output import STDOUT, check_outputs, write_outputs

if TYPE_CHECKING:
    from npusim.calibrate.run import Calibration
    from npusim.report.layout import Line

BlockArgument = Annotated[str, typer.Argument(metavar="mac-array|dma|dsp", help="What to fit.")]
ReferenceOption = Annotated[str, typer.Option("--reference", metavar="DIR", help="Folder of tables.")]
HwOption = Annotated[str, typer.Option("--hw", metavar="NAME|FILE", help="The NPU to start from.")]
OutputOption = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="YAML to write: what changed, based on the NPU.")
]


def calibrate(block: BlockArgument, reference: ReferenceOption, hw: HwOption, output: OutputOption) -> None:
    """Fit one block to half of a folder's rows, judge it on the other half, and write the new numbers."""
    outputs = check_outputs({"--output": output}, inputs=[hw, reference])

    from npusim.arch.presets import load_hardware
    from npusim.calibrate.run import calibrate as fit
    from npusim.commands.progress import working

    start = load_hardware(hw)
    with working(f"fitting {block}"):
        found = fit(block, reference, start)
    write_outputs({outputs["--output"]: yaml_text(found, _base(hw, output), block)})
    if output != STDOUT:
        from npusim.report.layout import page_width, show

        show(_page(found, output, page_width()))


def yaml_text(found: Calibration, base: str, block: str) -> str:
    """The new hardware file: its base, and the numbers that changed, each with rows and errors."""
    import yaml

    from npusim.arch.config import KeyPath
    from npusim.arch.sources import join

    sources = found.after.sources
    changed: dict[KeyPath, object] = {tuple(n.split(".")): v for n, v in found.changed.items()}
    tree = join(changed, {path: sources[".".join(map(str, path))] for path in changed})
    head = {"name": f"{found.before.name}_{block.replace('-', '_')}", "based_on": base}
    return yaml.safe_dump(head | tree, sort_keys=False, allow_unicode=True, width=110)


def _base(hw: str, output: str) -> str:
    """How the new file names its base: a name stays, a path becomes relative to the new file."""
    from npusim.arch.presets import list_hardware

    if hw in list_hardware():
        return hw
    folder = os.path.dirname(os.path.abspath(output)) if output != STDOUT else os.getcwd()
    return os.path.relpath(os.path.abspath(hw), folder)


def _page(found: Calibration, output: str, width: int) -> list[Line]:
    from npusim.report.layout import Line, sentence, table

    rows = [(e.group, e.half, str(e.rows), f"{e.before:.1f}", f"{e.after:.1f}") for e in found.errors]
    header = ("mean absolute error, percent", "half", "rows", "before", "after")
    lines = table(header, rows, width, words=(0, 1))
    worse = [e for e in found.errors if e.half == "held out" and e.after > e.before + 0.05]
    if worse:
        names = "; ".join(e.group for e in worse)
        lines += [Line(""), *sentence(f"On held-out rows the new numbers are worse for: {names}", width, 0)]
    return [*lines, Line(""), Line(f"{output}: {len(found.changed)} numbers changed")]
