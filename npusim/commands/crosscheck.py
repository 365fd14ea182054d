"""`npusim crosscheck`: the prediction beside a real NPU, Intel's compiler, or a profile file."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from npusim.choices import Mode, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import Conditions, parse_dims, parse_fixed, parse_trips
from npusim.terminal.results import answer, check_results

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware
    from npusim.graph import Graph
    from npusim.measured.profile import Profile
    from npusim.measured.readers.measurement import Measurement
    from npusim.measured.values import ValueCheck

NO_NPU_EXIT = 3
DIFFERENT_EXIT = 1


def crosscheck(
    model: opt.Model,
    hw: opt.Hw = "lunar_lake",
    device: opt.Device = None,
    report: opt.Reports = None,
    vendor_compiler: opt.VendorCompiler = False,
    vendor_command: opt.VendorCommand = None,
    values: opt.Values = False,
    tiles: opt.Tiles = None,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    clock: opt.Clock = None,
    dim: opt.Dim = None,
    allow_unmodelled: opt.AllowUnmodelled = False,
    upper_bound: opt.UpperBound = False,
    set_value: opt.SetValue = None,
    trips: opt.Trips = None,
    save: opt.Save = None,
    json: opt.Json = None,
    html: opt.Html = None,
    output: opt.PageOutput = None,
    top: opt.Rows = 12,
) -> None:
    """Put the prediction for MODEL beside reality.

    Without --report, --vendor-compiler or --values the model is measured on this machine's NPU. Exit code 3: there
    is none here. Exit code 1: --values found outputs that differ.
    """
    files = report or []
    inputs = [model, hw, compiler, *files]
    outputs = check_results({"--json": json, "--save": save, "--html": html}, inputs, output, opt.PAGES)
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
        asked = Conditions(
            hw, tiles, compiler, precision, Mode.THROUGHPUT, parse_dims(dim), allow_unmodelled, upper_bound,
            parse_fixed(set_value), parse_trips(trips), clock=clock,
        )  # fmt: skip
        hardware, graph = asked.hardware(), asked.graph(model)
        predicted = asked.simulate(graph, hardware)
        found = _Findings(model, graph, hardware)
        if command:
            profiles.append(found.vendor(command))
        measured = found.measure(device) if device is not None else None
        checked = found.values() if values else None
    except NoNpu as error:
        from npusim.terminal.layout import clean

        print(clean(f"no NPU here: {' '.join(str(error).split())}"), file=sys.stderr)
        raise typer.Exit(NO_NPU_EXIT) from None

    from npusim.measured.document import to_json
    from npusim.measured.join import compare
    from npusim.measured.page import measured_page, page, values_page
    from npusim.measured.readers.measurement import read_measurement
    from npusim.measured.readers.measurement import to_json as measurement_text
    from npusim.terminal.layout import Line

    kept = ""
    implies = ""
    if measured is not None:
        from json import loads

        from npusim.measured.constants import sentence

        implies = sentence(measured.device, float(hardware.mac_array.clock_mhz), int(hardware.tiles))

        kept = measurement_text(measured)
        profiles.append(read_measurement(loads(kept), "this machine"))
    comparisons = [compare(predicted, found.graph, p, found.host_us) for p in profiles]

    def lines(width: int) -> list[Line]:
        shown: list[Line] = []
        for number, comparison in enumerate(comparisons):
            shown += ([Line("")] if number else []) + page(comparison, top, width)
        if measured is not None:
            shown += [Line(""), *measured_page(measured, width, implies)]
        return shown + (values_page(checked, width) if checked is not None else [])

    def as_html() -> str:
        from npusim.errors import BadArgument
        from npusim.measured.html import to_html

        if not comparisons:
            raise BadArgument("--html shows profiles; add --report, --vendor-compiler or --device")
        return to_html(comparisons)

    answer(
        outputs,
        {
            "--save": lambda: kept,
            "--json": lambda: to_json(comparisons, measured, checked),
            "--html": as_html,
        },
        lines,
    )
    if checked is not None and not checked.ok:
        raise typer.Exit(DIFFERENT_EXIT)


class _Findings:
    """The model as the outside world needs it: its graph, static shapes, the NPU's platform and tiles."""

    def __init__(self, model: str, graph: Graph, hardware: Hardware) -> None:
        from npusim.measures import US, host_ns

        self.model, self.graph, self.tiles = model, graph, int(hardware.tiles)
        self.platform, self.host_us = hardware.generation, float(host_ns(graph, hardware)) * US
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
