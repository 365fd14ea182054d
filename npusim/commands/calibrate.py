"""`npusim calibrate`: fit constants of an NPU to a reference folder, or to profiles of one's own machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from npusim.choices import PROFILE, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import parse_dims
from npusim.errors import BadArgument
from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs

if TYPE_CHECKING:
    from npusim.reference.fit import Calibration


def calibrate(
    block: opt.BlockArgument,
    hw: opt.Hw,
    output: opt.HardwareOutput,
    reports: opt.Profiles = None,
    reference: opt.Reference = None,
    model: opt.ProfiledModel = None,
    tiles: opt.Tiles = None,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    dim: opt.Dim = None,
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
    from npusim.reference.fit import calibrate as fit
    from npusim.terminal.progress import working

    start = load_hardware(hw)
    with working(f"fitting {block}"):
        found = fit(block, reference, start)
    write_outputs({outputs["--output"]: yaml_text(found, _base(hw, output), block)})
    if output != STDOUT:
        from npusim.reference.fit_page import page
        from npusim.terminal.layout import page_width, show

        show(page(found, output, page_width()))


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

    from npusim.arch.presets import hardware_yaml, load_hardware
    from npusim.measured.fit import fit_machine
    from npusim.terminal.progress import working

    start = load_hardware(hw)
    with working("fitting to the profile"):
        found = fit_machine(start, model, reports, tiles, compiler, precision, parse_dims(dim))
    changed = hardware_yaml(found.fit.before, found.fit.after, found.fit.changed, _base(hw, output), PROFILE)
    write_outputs({outputs["--output"]: changed})
    if output != STDOUT:
        from npusim.measured.fit_page import page
        from npusim.terminal.layout import page_width, show

        show(page(found, output, page_width()))


def yaml_text(found: Calibration, base: str, block: str) -> str:
    """The new hardware file: its base, and the numbers that changed, each with rows and errors."""
    from npusim.arch.presets import hardware_yaml

    return hardware_yaml(found.before, found.after, found.changed, base, block)


def _base(hw: str, output: str) -> str:
    """How the new file names its base: a name stays, a path becomes relative to the new file."""
    from npusim.arch.presets import list_hardware

    if hw in list_hardware():
        return hw
    folder = os.path.dirname(os.path.abspath(output)) if output != STDOUT else os.getcwd()
    return os.path.relpath(os.path.abspath(hw), folder)
