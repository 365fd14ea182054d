"""How fast npusim is. Run with `make bench`; quote medians and ratios, these machines are noisy.

Targets: `simulate` of a loaded ResNet-50 that was simulated before under 6 ms, of a 24-layer Mamba-2 under 40 ms; the
whole command under 0.5 s of CPU time on ResNet-50, and not above 1.2 times its imports on a small Mamba-2 (it is 1.6 to
1.8, `docs/why.md`); a graph of 100,000 nodes under 8 s, in proportion.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from npusim.arch.presets import load_hardware
from npusim.graph import DType, Graph, Node, Value
from npusim.onnx_io import load
from npusim.simulation import simulate
from tests.shared import SHARED, needs_shared

LARGE = SHARED / "graphs" / "large"
NETS = [
    "resnet50_ts",
    "mbv2_ts",
    "bert_base_L128_ts",
    "mamba2_130m_tf4_L4_ts__clean",
    "mamba2_130m_tf4_L256_dy",
]


@needs_shared
@pytest.mark.parametrize("name", NETS)
def bench_simulate(benchmark, name):
    graph, hw = load(LARGE / f"{name}.onnx"), load_hardware("lunar_lake")
    report = benchmark(simulate, graph, hw)
    assert report.latency_us > 0


@needs_shared
@pytest.mark.parametrize("name", [*NETS, "mamba2_130m_tf4_L4_ts"])
def bench_load(benchmark, name):
    assert benchmark(load, LARGE / f"{name}.onnx").nodes


IMPORTS = [sys.executable, "-c", "import numpy, onnx, pydantic, typer"]
COMMANDS = {"resnet50": LARGE / "resnet50_ts.onnx", "mamba2": SHARED / "graphs/small/mamba2_tf4_L16_dy.onnx"}


def cpu_seconds(command: list[str]) -> float:
    """CPU time of a process from its start to its end, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@needs_shared
@pytest.mark.parametrize("name", COMMANDS)
def bench_command_line_cpu_seconds(benchmark, name):
    """CPU time of the whole `npusim run`, start-up included, in turns with the imports it cannot do without.

    The ratio is what to compare; the byte code must be there (`python -m compileall -q npusim npusim_xamba xamba`)."""
    run = [sys.executable, "-m", "npusim", "run", str(COMMANDS[name]), "--hw", "lunar_lake"]
    pairs = [(cpu_seconds(run), cpu_seconds(IMPORTS)) for _ in range(9)]
    seconds, imports = (float(np.median(column)) for column in zip(*pairs, strict=True))
    benchmark.extra_info |= {
        "cpu_seconds_median": seconds,
        "imports_cpu_seconds_median": imports,
        "ratio": seconds / imports,
        "peak_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }
    print(
        f"\nwhole command, {name}: {seconds:.3f} s CPU, {seconds / imports:.2f} of imports", file=sys.stderr
    )
    benchmark.pedantic(cpu_seconds, args=(run,), rounds=1)


def chain(count: int) -> Graph:
    """`count` element-wise nodes in a row."""
    values = {f"t{i}": Value(f"t{i}", (64, 64), DType.FLOAT16) for i in range(count + 1)}
    kinds = ("Relu", "Sigmoid", "Add")
    nodes = tuple(
        Node(f"n{i}", op := kinds[i % 3], (f"t{i}", f"t{i}") if op == "Add" else (f"t{i}",), (f"t{i + 1}",))
        for i in range(count)
    )
    return Graph("chain", nodes, values, ("t0",), (f"t{count}",), opset=20)


@pytest.mark.parametrize("count", [1_000, 10_000, 100_000])
def bench_long_chain(benchmark, count):
    hw, graph = load_hardware("lunar_lake"), chain(count)
    report = benchmark.pedantic(simulate, args=(graph, hw), rounds=1 if count > 10_000 else 3)
    assert len(report.nodes) >= count / 2
    benchmark.extra_info["nodes"] = count


@pytest.mark.parametrize("count", [1_000, 10_000, 100_000])
def bench_load_long_chain(benchmark, count):
    from onnx import TensorProto, helper, save

    nodes = [helper.make_node("Relu", [f"t{i}"], [f"t{i + 1}"], name=f"n{i}") for i in range(count)]
    io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [64, 64]) for n in ("t0", f"t{count}")]
    graph = helper.make_graph(nodes, "chain", io[:1], io[1:])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chain.onnx"
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)
        assert len(benchmark.pedantic(load, args=(os.fspath(path),), rounds=1).nodes) == count
