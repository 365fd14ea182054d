"""Profiles for tests: the sample files of tests/data/reports, and edited copies of them, in memory or in a folder."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from npusim.arch.presets import load_hardware
from npusim.report.trace import to_trace
from npusim.simulation import MEASURED_COMPILER, simulate
from tests.graphs import loaded, model, node, weights

REPORTS = Path(__file__).resolve().parents[1] / "data" / "reports"
FILES = sorted(p for p in REPORTS.rglob("*") if p.suffix in (".csv", ".json", ".xml"))
MODEL = REPORTS / "model.onnx"
LUNAR = load_hardware("lunar_lake")

NPU_COUNTERS = """layerName;execStatus;layerType;execType;realTime (ms);cpuTime (ms)
x;Status.EXECUTED;Parameter;DMA;0.010;0.020
mm;Status.EXECUTED;MatMul;DPU;0.040;0.160
soft;Status.EXECUTED;SoftPlus;Shave;0.030;0.120
silu;Status.EXECUTED;Swish;SW;0.020;0.080
y;Status.EXECUTED;CumSum;Shave;0.100;0.400
Total;;;;0.200;0.780

"""
NPU_SUMMARY = """Command line parameters
-d;NPU

Configuration setup
target device;NPU
API;sync
number of parallel infer requests;1

Execution results
latency (ms);0.35
"""


def net():
    """A chain of products and activations of six sizes: something for every engine."""
    sizes = [(256, 256), (256, 1024), (1024, 512), (512, 1536), (1536, 128), (128, 768)]
    kinds = ["Exp", "Sigmoid", "Softplus", "Tanh", "Gelu", "Sqrt"]
    nodes, constants, last = [], {}, "x"
    for i, ((k, n), kind) in enumerate(zip(sizes, kinds, strict=True)):
        constants[f"w{i}"] = weights(k, n, seed=i)
        nodes += [node("MatMul", f"{last} w{i}", f"m{i}"), node(kind, f"m{i}", f"a{i}")]
        last = f"a{i}"
    return model(nodes, {"x": [256, 256]}, [last], constants)


NET = loaded(net())


def synthetic_trace(graph, hw, noise=0.0, seed=0, status="OK", clock=False):
    """What an NPU with the numbers of `hw` would write, were npusim right: our trace, each task's time scattered."""
    report = simulate(graph, hw, MEASURED_COMPILER)
    rng = np.random.default_rng(seed)
    factors = np.exp(noise * rng.standard_normal(len(report.tasks)))
    tasks = [replace(t, duration_us=t.duration_us * f) for t, f in zip(report.tasks, factors, strict=True)]
    document = json.loads(to_trace(replace(report, tasks=tuple(tasks))))
    for event in document["traceEvents"]:
        if event.get("cat") == "Layer":
            event["args"] = {
                k: v for k, v in event["args"].items() if k not in ("Bound by", "Reason", "Source")
            }
    document["workpoint"]["status"] = status
    if not clock:
        del document["workpoint"]["freq"]
    return document


def write(folder, name, content):
    """A file in a folder; dicts become JSON."""
    path = folder / name
    path.write_text(json.dumps(content) if isinstance(content, dict) else content)
    return path
