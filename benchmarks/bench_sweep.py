"""How fast sweeps are. Run with `make bench`; quote medians and ratios, these machines are noisy.

Targets: one-layer Mamba-2, 100,000 points of five pricing numbers, under 6 s of CPU time and 1 GB; ResNet-50 at
least 300 times the points per second of a Python loop over `simulate` in the same run; two Dask workers at least
1.6 times one. Ten million points to Zarr stay under `--memory`.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

import npusim
from npusim.arch.presets import load_hardware
from npusim.onnx_io import load
from npusim.sweeping.question import ask
from npusim.sweeping.store import Store
from tests.shared import SHARED, needs_shared

LARGE = SHARED / "graphs" / "large"
MAMBA, RESNET = LARGE / "xamba_mamba2_1layer_T4_ts.onnx", LARGE / "resnet50_ts.onnx"
FIVE = {
    "dma.bytes_per_cycle": "16:128",
    "mac_array.clock_mhz": "800:2000",
    "dsp.clock_mhz": "500:1500",
    "mac_array.macs_per_cycle": "1024:4096",
    "ddr.bandwidth_gb_per_s": "50:150",
}
GRID = {name: f"{ends}:10" for name, ends in FIVE.items()}  # 10^5 points


def cpu_seconds(run, rounds=5):
    """Median CPU time of this process, all threads."""
    run()
    found = []
    for _ in range(rounds):
        before = time.process_time()
        run()
        found.append(time.process_time() - before)
    return statistics.median(found)


@needs_shared
@pytest.mark.parametrize("kind", ["grid", "random points"])
@pytest.mark.parametrize("path", [MAMBA, RESNET], ids=lambda p: p.stem)
def bench_sweep_against_a_loop(benchmark, path, kind):
    graph, hw = load(path), load_hardware("lunar_lake")
    vary, more = (GRID, {}) if kind == "grid" else (FIVE, {"points": 100_000, "method": "random"})
    sample = npusim.sweep(graph, hw, FIVE, points=20, method="random")

    def sweep():
        assert npusim.sweep(graph, hw, vary, **more)["latency_us"].size == 100_000

    def loop():
        for k in range(20):
            npusim.simulate(graph, hw.replace({n: sample[n].values[k].item() for n in FIVE}))

    together, alone = cpu_seconds(sweep), cpu_seconds(loop)
    ratio = (alone / 20) / (together / 100_000)
    benchmark.extra_info |= {"cpu_seconds_100k": together, "ratio_to_loop": ratio}
    print(
        f"\n{path.stem}, {kind}: 100,000 points {together:.3f} s CPU; {ratio:,.0f} x a loop", file=sys.stderr
    )
    benchmark.pedantic(sweep, rounds=3)


def command(*arguments):
    """CPU seconds and peak MB of a whole `npusim sweep`, start-up included."""
    script = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(u.ru_utime + u.ru_stime, u.ru_maxrss * 1024 / 1e6)"
    )
    words = [w for name, ends in FIVE.items() for w in ("--vary", f"{name}={ends}")]
    whole = [
        sys.executable,
        "-c",
        script,
        sys.executable,
        "-m",
        "npusim",
        "sweep",
        str(MAMBA),
        *words,
        *arguments,
    ]
    said = subprocess.run(whole, check=True, capture_output=True, text=True).stdout
    cpu, peak = said.split()
    return float(cpu), float(peak)


@needs_shared
@pytest.mark.parametrize(("points", "memory"), [(100_000, "1GB"), (10_000_000, "300MB")])
def bench_command(benchmark, points, memory):
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out.zarr")
        arguments = ("--points", str(points), "--method", "random", "--memory", memory, "-o", out)
        cpu, peak = benchmark.pedantic(command, args=arguments, rounds=1)
    benchmark.extra_info |= {"cpu_seconds": cpu, "peak_mb": peak}
    print(f"\n{points:,} points to .zarr: {cpu:.2f} s CPU, peak {peak:.0f} MB of {memory}", file=sys.stderr)


def machine_gives(rounds=3):
    """Speed-up of two plain busy loops over one: what two processes can gain on this machine just now."""
    spin = [sys.executable, "-c", "for i in range(30_000_000): pass"]

    def seconds(count):
        began = time.perf_counter()
        running = [subprocess.Popen(spin) for _ in range(count)]
        for process in running:
            process.wait()
        return time.perf_counter() - began

    return statistics.median(2 * seconds(1) / seconds(2) for _ in range(rounds))


@needs_shared
def bench_two_workers_against_one(benchmark):
    from npusim.sweeping.cluster import connected, run_blocks

    graphs, hw = {"mamba2": load(MAMBA)}, load_hardware("lunar_lake")
    question = ask(graphs, hw, FIVE, "2026", "fp16", 3_000_000, "random", 0)

    def run(workers, folder):
        store = Store.create(folder, question, 1 << 16)
        with connected(workers, None) as client:
            began = time.perf_counter()
            run_blocks(client, store, store.todo(), store.mark)
            seconds = time.perf_counter() - began
        shutil.rmtree(folder)
        return seconds

    with tempfile.TemporaryDirectory() as parent:
        one, two = (
            statistics.median(run(workers, f"{parent}/{workers}.zarr") for _ in range(3))
            for workers in (1, 2)
        )
        free = machine_gives()
        benchmark.extra_info |= {
            "one_worker_s": one,
            "two_workers_s": two,
            "ratio": one / two,
            "machine": free,
        }
        said = f"one worker {one:.1f} s, two {two:.1f} s: {one / two:.2f} x; two busy loops gain {free:.2f} x"
        print(f"\n{said}", file=sys.stderr)
        benchmark.pedantic(run, args=(2, f"{parent}/again.zarr"), rounds=1)
