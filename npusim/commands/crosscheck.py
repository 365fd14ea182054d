"""`npusim crosscheck`: the prediction beside a real NPU, Intel's compiler, or a profile file."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from npusim.commands import simulation as sim
from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs

if TYPE_CHECKING:
    from npusim.measured.profile import Profile
    from npusim.measured.readers.measurement import Measurement
    from npusim.measured.values import ValueCheck

NO_NPU_EXIT = 3
DIFFERENT_EXIT = 1

DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device", metavar="NPU|CPU", help="Measure here through OpenVINO; a CPU checks names only."
    ),
]
ReportOption = Annotated[
    list[str] | None,
    typer.Option("--report", metavar="FILE", help="Compare with a profile; may be repeated."),
]
VendorOption = Annotated[
    bool, typer.Option("--vendor-compiler", help="Compare with the schedule Intel's compiler makes.")
]
CommandOption = Annotated[
    str | None,
    typer.Option(
        "--vendor-command", metavar="CMD", help="Command that runs the compiler: CMD MODEL PLATFORM OUT."
    ),
]
ValuesOption = Annotated[
    bool, typer.Option("--values", help="Compare the outputs of OpenVINO (CPU, float32) and onnxruntime.")
]
SaveOption = Annotated[
    str | None, typer.Option("--save", metavar="FILE", help="Keep the measurement; --report reads it back.")
]
JsonOption = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write it all as JSON.")]
TopOption = Annotated[int, typer.Option("--top", metavar="N", min=0, help="Layers in the table of the gap.")]


def crosscheck(
    model: sim.ModelArgument,
    hw: sim.HwOption = "lunar_lake",
    device: DeviceOption = None,
    report: ReportOption = None,
    vendor_compiler: VendorOption = False,
    vendor_command: CommandOption = None,
    values: ValuesOption = False,
    tiles: sim.TilesOption = None,
    compiler: sim.CompilerOption = "2026",
    precision: sim.PrecisionOption = "fp16",
    dim: sim.DimOption = None,
    allow_unmodelled: sim.AllowOption = False,
    upper_bound: sim.UpperOption = False,
    save: SaveOption = None,
    json: JsonOption = None,
    top: TopOption = 12,
) -> None:
    """Put the prediction for MODEL beside reality.

    Without --report, --vendor-compiler or --values the model is measured on this machine's NPU. Exit code 3: there
    is none here. Exit code 1: --values found outputs that differ.
    """
    files = report or []
    outputs = check_outputs({"--json": json, "--save": save}, inputs=[model, hw, compiler, *files])
    wants_vendor = vendor_compiler or vendor_command is not None
    if device is None and not (files or wants_vendor or values):
        device = "NPU"
    if save is not None and device is None:
        from npusim.errors import BadArgument

        raise BadArgument("--save keeps a measurement, but nothing is measured; add --device NPU")
    # What cannot be had is told before any work, and what is missing on this machine before a long simulation.
    from npusim.measured.compiler import command_of
    from npusim.measured.measure import NoNpu, require
    from npusim.measured.readers.read import read_reports

    try:
        command = command_of(vendor_command) if wants_vendor else []
        if device is not None:
            require(device)
        profiles = read_reports(files)
        predicted = sim.simulate_file(
            model, hw, tiles, compiler, precision, dim, allow_unmodelled, upper_bound
        )
        found = _Findings(model, hw, predicted.tiles, dim, upper_bound)
        if command:
            profiles.append(found.vendor(command))
        measured = found.measure(device) if device is not None else None
        checked = found.values() if values else None
    except NoNpu as error:
        print(f"no NPU here: {' '.join(str(error).split())}", file=sys.stderr)
        raise typer.Exit(NO_NPU_EXIT) from None

    from npusim.measured.document import to_json
    from npusim.measured.join import compare
    from npusim.measured.readers.measurement import read_measurement
    from npusim.measured.readers.measurement import to_json as measurement_text

    texts = {}
    if measured is not None:
        from json import loads

        text = measurement_text(measured)
        profiles.append(read_measurement(loads(text), "this machine"))
        if "--save" in outputs:
            texts[outputs["--save"]] = text
    comparisons = [compare(predicted, found.graph, p, found.host_us) for p in profiles]
    if "--json" in outputs:
        texts[outputs["--json"]] = to_json(comparisons, measured, checked)
    write_outputs(texts)
    if STDOUT not in texts:
        from npusim.measured.page import measured_page, page, values_page
        from npusim.terminal.layout import Line, page_width, show

        width = page_width()
        for number, comparison in enumerate(comparisons):
            show(([Line("")] if number else []) + page(comparison, top, width))
        if measured is not None:
            show([Line(""), *measured_page(measured, width)])
        if checked is not None:
            show(values_page(checked, width))
    if checked is not None and not checked.ok:
        raise typer.Exit(DIFFERENT_EXIT)


class _Findings:
    """The model once more, as the outside world needs it: its graph, static shapes and the NPU's platform."""

    def __init__(self, model: str, hw: str, tiles: int, dim: list[str] | None, upper_bound: bool) -> None:
        from npusim.arch.presets import load_hardware
        from npusim.onnx_io import load

        self.model, self.tiles = model, tiles
        hardware = load_hardware(hw)
        self.platform, self.host_us = hardware.generation, float(hardware.host.latency_ns) / 1e3
        self.graph = load(model, dims=sim.parse_dims(dim or []), upper_bound=upper_bound)
        self.shapes = {name: self.graph.values[name].shape for name in self.graph.inputs}

    def vendor(self, command: list[str]) -> Profile:
        from npusim.measured.compiler import compile_with_vendor
        from npusim.terminal.progress import working

        with working("compiling with Intel's compiler"):
            return compile_with_vendor(self.model, self.platform, self.tiles, command, self.shapes)

    def measure(self, device: str) -> Measurement:
        from npusim.measured.measure import measure
        from npusim.terminal.progress import working

        with working(f"measuring {os.path.basename(self.model)} on the {device}"):
            found = measure(self.model, device, self.shapes)
        return replace(found, model=os.path.basename(self.model))

    def values(self) -> ValueCheck:
        from npusim.measured.values import check_values
        from npusim.terminal.progress import working

        with working("running the model in OpenVINO and onnxruntime"):
            return check_values(self.model, self.graph)
