"""`npusim calibrate`: fit constants of an NPU to a reference folder, or to profiles of one's own machine."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from npusim.choices import PROFILE, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import parse_dims
from npusim.errors import BadArgument
from npusim.terminal.outputs import STDOUT, check_outputs
from npusim.terminal.results import answer
from npusim_xamba.envelope import envelope, text

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
    compiler: opt.CompilerOfDevices = "2026-measured",
    precision: opt.PrecisionOption = Precision.FP16,
    dim: opt.Dim = None,
    json: opt.Json = None,
) -> None:
    """Fit numbers of an NPU and write those that changed.

    A block (mac-array, dma, dsp) is fitted to half of a folder's rows and judged on the other half. 'profile' fits
    what profiles of MODEL determine (profiling.json, benchmark_app counters, npusim crosscheck --save) and says
    how sure each number is.
    """
    if block == PROFILE:
        _profile(hw, output, reports or [], model, tiles, compiler, precision, dim, json)
        return
    if reports or model:
        raise BadArgument(
            f"'{block}' is fitted to a --reference folder; reports and --model are for 'profile'"
        )
    if reference is None:
        raise BadArgument(f"'{block}' needs --reference DIR, a folder of tables")
    outputs = check_outputs({"--output": output, "--json": json}, inputs=[hw, reference])

    from npusim.arch.presets import load_hardware
    from npusim.reference.fit import calibrate as fit
    from npusim.terminal.progress import working

    start = load_hardware(hw)
    with working(f"fitting {block}"):
        found = fit(block, reference, start)
    from npusim.reference.fit_page import page

    content = {"block": block, "changed": found.changed, "errors": [e._asdict() for e in found.errors]}
    answer(
        outputs,
        {
            "--output": lambda: yaml_text(found, _base(hw, output), block),
            "--json": lambda: text(envelope("npusim.calibrate", content, hardware=start.name)),
        },
        lambda width: page(found, output, width),
    )


def _profile(
    hw: str,
    output: str,
    reports: list[str],
    model: str | None,
    tiles: int | None,
    compiler: str,
    precision: str,
    dim: list[str] | None,
    json: str | None,
) -> None:
    if not reports or model is None:
        raise BadArgument("'profile' needs REPORT files and --model, the ONNX file they are of")
    inputs = [hw, model, compiler, *reports]
    outputs = check_outputs({"--output": output, "--json": json}, inputs)

    from npusim.arch.presets import hardware_yaml, load_hardware
    from npusim.measured.fit import fit_machine
    from npusim.terminal.progress import working

    start = load_hardware(hw)
    with working("fitting to the profile"):
        found = fit_machine(start, model, reports, tiles, compiler, precision, parse_dims(dim))
    fit = found.fit
    from npusim.measured.fit_page import page

    content = {
        "block": PROFILE,
        "changed": fit.changed,
        "fitted": [asdict(number) for number in fit.fitted],
        "undetermined": fit.undetermined,
        "errors": [asdict(group) for group in fit.errors],
        "notes": list(found.notes),
    }
    answer(
        outputs,
        {
            "--output": lambda: hardware_yaml(fit.before, fit.after, fit.changed, _base(hw, output), PROFILE),
            "--json": lambda: text(
                envelope("npusim.calibrate", content, hardware=start.name, compiler=compiler)
            ),
        },
        lambda width: page(found, output, width),
    )


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
