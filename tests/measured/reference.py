"""The schedules of `../shared/reference/vendor_schedules`, read by our own importer, beside our predictions.

`cs` and `mm` come with their graphs. ResNet-50 and MobileNet-v2 are of another export than the graphs beside the
project: their layers have other names, so engines are compared by count of compute layers on the MAC array.
"""

import re

from npusim.arch.presets import load_hardware
from npusim.measured.join import compare
from npusim.measured.readers.read import read_report
from npusim.onnx_io import load
from npusim.simulation import simulate
from tests.measured.agreement import HARDWARE, RENAMED, Row, path_of
from tests.shared import SHARED

SCHEDULES = SHARED / "reference" / "vendor_schedules"
GRAPHS = {"cs": "cs", "mm": "mm", "resnet50": "resnet50_ts", "mbv2": "mbv2_ts"}
KINDS = {"cs": "micro", "mm": "micro", "resnet50": "CNN", "mbv2": "CNN"}


def schedules():
    """(name of the net, platform, path of the trace) of every schedule there."""
    if not SCHEDULES.is_dir():
        return []
    files = sorted(SCHEDULES.glob("*/compileTimeScheduleTrace.json*"))
    named = [(re.fullmatch(r"(\w+?)_(\d{4})(?:_\dtiles)?", f.parent.name), f) for f in files]
    return [(found[1], found[2], file) for found, file in named if found]


def reference_rows():
    """A row for each schedule."""
    return [row_of_trace(*key) for key in schedules()]


def row_of_trace(net, platform, file):
    """The row of one schedule, both sides read by the code behind `npusim crosscheck`."""
    profile = read_report(file)
    graph = load(path_of(GRAPHS[net]))
    hw = load_hardware(HARDWARE[platform]).replace({"tiles": profile.tiles, "step.minimum_ns": 0.0})
    report = simulate(graph, hw, "2026")
    found = compare(report, graph, profile)
    if KINDS[net] == "micro":
        ops = [p for p in found.pairs if not p.name.endswith("/convert")]
        same = sum(p.same_engine or (p.op_type, p.engine, p.theirs) in RENAMED for p in ops)
        count = len(ops)
    else:
        compute = [
            y for y in profile.layers if y.engine != "dma" and y.op_type not in ("Parameter", "Result")
        ]
        count, same = len(compute), sum(y.engine == "mac_array" for y in compute)
    free = {p.name for p in found.pairs if p.unpriced} | {
        n.name for n in report.nodes if n.op_type == "Convert"
    }
    time = lambda engine: round(
        sum(n.busy_us.get(engine, 0.0) for n in report.nodes if n.name not in free), 1
    )
    unpriced = sorted({y.op_type for y in profile.layers if y.unpriced} - {"Parameter", "Result"})
    return Row(
        net=f"{net} (schedule)",
        kind=KINDS[net],
        platform=platform,
        tiles=profile.tiles,
        ops=count,
        same=same,
        mb=round(report.bytes_moved / 1e6, 3),
        vendor_mb=round((profile.bytes_moved or 0.0) / 1e6, 3),
        mac_us=time("mac_array"),
        vendor_mac_us=round(profile.engines["mac_array"], 2),
        dsp_us=time("dsp"),
        vendor_dsp_us=round(profile.engines["dsp"], 2),
        total_us=round(report.latency_us, 1),
        vendor_total_us=round(profile.latency_us or 0.0, 2),
        free_kernels=" ".join(unpriced),
    )
