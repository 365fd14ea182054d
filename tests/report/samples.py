"""Reports made by hand and by Hypothesis: consistent ones, without a simulation behind them."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st

from npusim.report.record import NodeReport, Report, TaskReport, Unmodelled
from npusim.report.words import SOURCES, kind

LONG_NAME = "/backbone/layers.0/mixer/" + "a_very_long_module_name/" * 7 + "MatMul_12345"
assert len(LONG_NAME) > 200


def node(
    name: str, op_type: str, engine: str, start_us: float, duration_us: float, **rest: object
) -> NodeReport:
    given = {"bound_by": engine, "bytes_moved": 0.0, "reason": "", "source": "fitted"} | rest
    return NodeReport(name, op_type, engine, start_us, duration_us, **given)  # type: ignore[arg-type]


def sample() -> Report:
    """Four nodes and one without a cost: a convolution, a scan on one DSP, a view, a very long name."""
    tasks = (
        TaskReport("/conv1/Conv", "/conv1/Conv/input", "dma0", 0.0, 3.0, 150528, "ddr", "scratchpad"),
        TaskReport("/conv1/Conv", "/conv1/Conv/weights", "dma1", 0.0, 2.5, 18816, "ddr", "scratchpad"),
        TaskReport("/conv1/Conv", "/conv1/Conv", "mac_array", 3.0, 12.25, tiles=4, pieces=2),
        TaskReport("/ssd/CumSum", "/ssd/CumSum", "dsp", 15.25, 1234.5, tiles=1),
        TaskReport(LONG_NAME, LONG_NAME + "/mask", "dma0", 15.25, 4.0, 131072, "ddr", "scratchpad"),
        TaskReport(LONG_NAME, LONG_NAME, "mac_array", 1249.75, 20.125, tiles=4),
        TaskReport(LONG_NAME, LONG_NAME + "/output", "dma1", 1269.875, 3.0, 131072, "scratchpad", "ddr"),
    )
    nodes = (
        node(
            "/conv1/Conv",
            "Conv",
            "mac_array",
            0.0,
            15.25,
            bytes_moved=169344.0,
            tiles=4,
            pieces=2,
            split="rows",
            macs=118013952.0,
            busy_us={"mac_array": 12.25, "dma": 5.5},
            fused=("/bn1/BatchNormalization", "/relu/Relu"),
            critical_us=15.25,
            lowering="convolution",
            reason="a convolution is the MAC array's own work; rows split over 4 tiles",
        ),
        node(
            "/ssd/CumSum",
            "CumSum",
            "dsp",
            15.25,
            1234.5,
            source="assumed",
            lowering="dsp",
            split="none",
            critical_us=1234.5,
            busy_us={"dsp": 1234.5},
            reason="no MAC-array form; compiler 2024.12 runs a scan on one DSP of one tile, 7 of 8 DSPs wait",
        ),
        node("/ssd/Reshape", "Reshape", "none", 15.25, 0.0, bound_by="none", source="published"),
        node(
            LONG_NAME,
            "MatMul",
            "mac_array",
            15.25,
            1257.625,
            bytes_moved=262144.0,
            tiles=4,
            split="rows",
            busy_us={"mac_array": 20.125, "dma": 7.0},
            macs=16777216.0,
            critical_us=23.125,
            bound_by="dsp",
            lowering="convolution",
            reason="a matrix product is a 1x1 convolution; it waits for '/ssd/CumSum'",
        ),
    )
    return Report(
        latency_us=1272.875,
        graph="mamba_block.onnx",
        hardware="lunar_lake",
        compiler="2024.12",
        precision="fp16",
        tiles=4,
        engines={"mac_array": 32.375, "dsp": 1234.5, "dma": 12.5},
        nodes=nodes,
        tasks=tasks,
        unmodelled=(Unmodelled("/moe/Einsum", "Einsum", 4096.0),),
        coverage={
            "fitted": {"time": 0.03, "nodes": 0.5, "macs": 1.0, "bytes": 1.0},
            "published": {"time": 0.0, "nodes": 0.25, "macs": 0.0, "bytes": 0.0},
            "assumed": {"time": 0.97, "nodes": 0.25, "macs": 0.0, "bytes": 0.0},
        },
        warnings=("input 'x' is float32 in the file; Intel's compiler runs it as fp16",),
        macs=134791168.0,
        bytes_moved=431488.0,
        nodes_in_file=9,
        nodes_folded=3,
        clocks_mhz={"mac_array": 1850.0, "dsp": 1057.0, "dma": 1057.0},
        model_sha256="9f" * 32,
        versions={"npusim": "0.1.0", "onnx": "1.23.2"},
    )


times_us = st.integers(0, 10**9).map(lambda ns: ns / 1000)
counts = st.integers(0, 10**12).map(float)
texts = st.text(max_size=30)  # any Unicode: quotes, newlines, escape codes, emoji
units = st.integers(1, 6)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any report: every engine takes its tasks in order; times are whole nanoseconds."""
    names = draw(st.lists(st.one_of(texts.filter(bool), st.just(LONG_NAME)), unique=True, max_size=6))
    free_us: Counter[str] = Counter()
    tasks, nodes = [], []
    for name in names:
        own = []
        for step, engine in enumerate(
            draw(st.lists(st.sampled_from(["mac_array", "dsp", "dma0", "dma1"]), max_size=4))
        ):
            start_us, duration_us = round(free_us[engine] + draw(times_us), 3), draw(times_us)
            free_us[engine] = round(start_us + duration_us, 3)  # type: ignore[assignment]
            memories = ("ddr", "scratchpad") if draw(st.booleans()) else ("scratchpad", "ddr")
            where = memories if engine.startswith("dma") else ("", "")
            parts = (
                f"{name}/{step}",
                engine,
                start_us,
                duration_us,
                draw(counts),
                *where,
                draw(units),
                draw(units),
            )
            own.append(TaskReport(name, *parts, draw(st.integers(1, 2))))
        busy_us: Counter[str] = Counter()
        for task in own:
            engine = kind(task.engine)
            busy_us[engine] = round(busy_us[engine] + task.duration_us, 3)  # type: ignore[assignment]
        start_us = min((task.start_us for task in own), default=0.0)
        end_us = max((task.start_us + task.duration_us for task in own), default=0.0)
        nodes.append(
            NodeReport(
                name,
                draw(st.sampled_from(["Conv", "CumSum", "SimplifiedLayerNormalization", "Reshape"])),
                kind(own[0].engine) if own else "none",
                start_us,
                round(end_us - start_us, 3),
                draw(st.sampled_from(["mac_array", "dsp", "dma", "launch", "none"])),
                draw(counts),
                draw(texts),
                draw(st.sampled_from(SOURCES)),
                draw(texts),
                draw(st.sampled_from(["rows", "channels", "groups", "none", ""])),
                draw(units),
                draw(units),
                draw(counts),
                dict(busy_us),
                tuple(draw(st.lists(texts, max_size=2))),
                draw(units),
                round(end_us - start_us, 3) if draw(st.booleans()) else 0.0,
            )
        )
        tasks += own
    shares = st.fixed_dictionaries(
        {"nodes": st.floats(0, 1), "macs": st.floats(0, 1), "bytes": st.floats(0, 1)}
    )
    return Report(
        latency_us=max(free_us.values(), default=0.0),
        graph=draw(texts),
        hardware=draw(texts),
        compiler=draw(texts),
        precision=draw(st.sampled_from(["fp16", "int8"])),
        tiles=draw(units),
        engines={engine: draw(times_us) for engine in ("mac_array", "dsp", "dma")},
        nodes=tuple(nodes),
        tasks=tuple(tasks),
        unmodelled=tuple(draw(st.lists(st.builds(Unmodelled, texts, texts, counts), max_size=2))),
        coverage=draw(st.dictionaries(st.sampled_from(SOURCES), shares, max_size=3)),
        warnings=tuple(draw(st.lists(texts, max_size=2))),
        macs=draw(counts),
        bytes_moved=draw(counts),
        nodes_in_file=draw(units),
        nodes_folded=draw(units),
        clocks_mhz=draw(st.dictionaries(st.sampled_from(["mac_array", "dsp"]), counts)),
        model_sha256=draw(texts),
        versions=draw(st.dictionaries(texts, texts, max_size=2)),
    )
