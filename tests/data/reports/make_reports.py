"""Make the sample reports of this folder: real files of OpenVINO's benchmark_app, run on a CPU, and one of our own.

    python tests/data/reports/make_reports.py        (needs openvino and its benchmark_app)

Times in them are of whatever machine ran this; tests use their form only.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT))

from onnx import save  # noqa: E402

from npusim.arch.presets import load_hardware  # noqa: E402
from npusim.measured.measure import measure  # noqa: E402
from npusim.measured.readers.measurement import to_json  # noqa: E402
from npusim.report.trace import to_trace  # noqa: E402
from npusim.simulation import simulate  # noqa: E402
from tests.graphs import loaded, model, node, weights  # noqa: E402

#: Folder -> options of benchmark_app.
RUNS = {
    "detailed": ["-hint", "latency", "-report_type", "detailed_counters", "-pc", "-pcsort", "no_sort"],
    "detailed_json": ["-hint", "latency", "-report_type", "detailed_counters", "-pc", "-json_stats"],
    "average": ["-hint", "latency", "-report_type", "average_counters"],
    "average_json": ["-hint", "latency", "-report_type", "average_counters", "-json_stats"],
    "two_requests": ["-hint", "throughput", "-nireq", "2", "-report_type", "detailed_counters"],
}


def proto():
    """A product, two activations, a sum: a few layers of different kinds."""
    nodes = [
        node("MatMul", "x w", "mm"),
        node("Softplus", "mm", "soft"),
        node("Sigmoid", "soft", "gate"),
        node("Mul", "soft gate", "silu"),
        node("CumSum", "silu axis", "y"),
    ]
    return model(nodes, {"x": [1, 64, 64]}, ["y"], {"w": weights(64, 64), "axis": [1]})


def main():
    program = Path(sys.executable).with_name("benchmark_app")
    with tempfile.TemporaryDirectory() as scratch:
        save(proto(), Path(scratch) / "model.onnx")
        for name, options in RUNS.items():
            shutil.rmtree(HERE / name, ignore_errors=True)
            (HERE / name).mkdir()
            graph = ["-exec_graph_path", "exec_graph.xml"] if name == "detailed" else []
            command = [program, "-m", "model.onnx", "-d", "CPU", "-niter", "10", "-infer_precision", "f32"]
            command += [*options, *graph, "-report_folder", "out"]
            (Path(scratch) / "out").mkdir()
            subprocess.run(
                command, cwd=scratch, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            for file in sorted((Path(scratch) / "out").iterdir()):
                shutil.move(file, HERE / name / file.name)
            (Path(scratch) / "out").rmdir()
            for file in Path(scratch).glob("exec_graph.xml"):
                shutil.move(file, HERE / name / file.name)
        measured = measure(Path(scratch) / "model.onnx", "CPU")
        (HERE / "cpu_measurement.json").write_text(to_json(replace(measured, date="2026-11-25")))
    report = simulate(loaded(proto()), load_hardware("lunar_lake"))
    (HERE / "npusim_trace.json").write_text(to_trace(report))
    save(proto(), HERE / "model.onnx")


if __name__ == "__main__":
    main()
