"""`npusim calibrate`: fit constants of an NPU to a reference folder, or to profiles of one's own machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from npusim.commands import simulation as sim
from npusim.commands.output import STDOUT, check_outputs, write_outputs
from npusim.errors import BadArgument

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware
    from npusim.calibrate.run import Calibration
    from npusim.report.layout import Line

BlockArgument = Annotated[str, typer.Argument(metavar="mac-array|dma|dsp|profile", help="What to fit.")]
ReportsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[REPORT]...", help="Profiles of MODEL on this NPU, for 'profile'."),
]
ReferenceOption = Annotated[
    str | None, typer.Option("--reference", metavar="DIR", help="Folder of tables, for a block.")
]
ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="MODEL", help="ONNX file the profiles are of.")
]
HwOption = Annotated[str, typer.Option("--hw", metavar="NAME|FILE", help="The NPU to start from.")]
OutputOption = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="YAML to write: what changed, based on the NPU.")
]
PROFILE = "profile"


def calibrate(
    block: BlockArgument,
    hw: HwOption,
    output: OutputOption,
    reports: ReportsArgument = None,
    reference: ReferenceOption = None,
    model: ModelOption = None,
    tiles: sim.TilesOption = None,
    compiler: sim.CompilerOption = "2026",
    precision: sim.PrecisionOption = "fp16",
    dim: sim.DimOption = None,
) -> None:
    """Fit numbers of an NPU and write those that changed.

    A block (mac-array, dma, dsp) is fitted to half of a folder's rows and judged on the other half. 'profile' fits
    what profiles of MODEL determine (profiling.json, benchmark_app counters, npusim crosscheck --save) and says
    how sure each number is.
    """
    if block == PROFILE:
        _profile(hw, output, reports or [], model, tiles, compiler, precision, dim)
        return
    if reports or model:
        raise BadArgument(
            f"'{block}' is fitted to a --reference folder; reports and --model are for 'profile'"
        )
    if reference is None:
        raise BadArgument(f"'{block}' needs --reference DIR, a folder of tables")
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


def _profile(
    hw: str,
    output: str,
    reports: list[str],
    model: str | None,
    tiles: int | None,
    compiler: str,
    precision: str,
    dim: list[str] | None,
) -> None:
    if not reports or model is None:
        raise BadArgument("'profile' needs REPORT files and --model, the ONNX file they are of")
    outputs = check_outputs({"--output": output}, inputs=[hw, model, compiler, *reports])

    from npusim.arch.presets import load_hardware
    from npusim.calibrate.machine import fit_machine
    from npusim.commands.progress import working

    start = load_hardware(hw)
    with working("fitting to the profile"):
        found = fit_machine(start, model, reports, tiles, compiler, precision, sim.parse_dims(dim or []))
    changed = hardware_yaml(found.fit.before, found.fit.after, found.fit.changed, _base(hw, output), PROFILE)
    write_outputs({outputs["--output"]: changed})
    if output != STDOUT:
        from npusim.calibrate.profile_page import page
        from npusim.report.layout import page_width, show

        show(page(found, output, page_width()))


def yaml_text(found: Calibration, base: str, block: str) -> str:
    """The new hardware file: its base, and the numbers that changed, each with rows and errors."""
    return hardware_yaml(found.before, found.after, found.changed, base, block)


def hardware_yaml(
    before: Hardware, after: Hardware, changes: dict[str, object], base: str, suffix: str
) -> str:
    """A hardware file `based_on` another: the numbers that changed, with their sources."""
    import yaml

    from npusim.arch.config import KeyPath
    from npusim.arch.sources import join

    sources = after.sources
    changed: dict[KeyPath, object] = {tuple(n.split(".")): v for n, v in changes.items()}
    tree = join(changed, {path: sources[".".join(map(str, path))] for path in changed})
    head = {"name": f"{before.name}_{suffix.replace('-', '_')}", "based_on": base}
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
