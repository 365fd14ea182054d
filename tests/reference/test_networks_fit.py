"""The two constants that whole networks show: recovered from predictions made with hidden ones, and the real rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import load
from npusim.reference.networks_fit import (
    HOST,
    STEP,
    NetworkPoint,
    errors,
    fit_networks,
    leave_one_out,
    predict_us,
)
from tests.graphs import loaded, model, node, weights
from tests.shared import SHARED, needs_shared

HW = load_hardware("meteor_lake")


def chain(depth, width):
    """`depth` matrix products: many small steps, or few large ones."""
    nodes = [node("MatMul", f"t{i} w{i}", f"t{i + 1}") for i in range(depth)]
    constants = {f"w{i}": weights(width, width, seed=i) for i in range(depth)}
    graph = loaded(model(nodes, {"t0": [64, width]}, [f"t{depth}"], constants))
    return compile_graph(graph, HW, load_profile("2026-measured"))


PLANS = [chain(30, 64), chain(3, 512), chain(12, 128)]


@pytest.mark.slow
@settings(max_examples=8)
@given(st.floats(2e3, 3e4), st.floats(5e4, 5e5))
def test_hidden_step_and_host_times_are_recovered(step, host):
    hidden = HW.replace({STEP: step, HOST: host})
    blank = [NetworkPoint(str(i), p, 1.0, s) for i, p in enumerate(PLANS) for s in (False, True)]
    truth = predict_us(blank, hidden)
    points = [NetworkPoint(p.model, p.plan, t, p.synchronous) for p, t in zip(blank, truth, strict=True)]
    found = fit_networks(HW, points)
    assert float(found.step.minimum_ns) == pytest.approx(step, rel=0.02, abs=20)
    assert float(found.host.latency_ns) == pytest.approx(host, rel=0.02, abs=2e3)
    assert found.sources[STEP].kind == "fitted"
    assert np.abs(errors(points, found)).max() < 0.02
    assert set(leave_one_out(HW, points)) == {"0", "1", "2"}


@needs_shared
def test_the_nine_published_meteor_lake_rows_stay_within_the_bars():
    from npusim.reference.validate import validate

    rows = [
        r
        for r in validate(SHARED / "reference", ["meteor_lake"]).networks
        if "155H" in r.product and r.judged
    ]
    off = np.abs([r.error for r in rows])
    assert len(rows) == 9 and off.mean() <= 5.5 and off.max() <= 12  # bars: 6 and 15 %; found: 5.1 and 11.1


@needs_shared
def test_refitting_finds_the_constants_of_the_hardware_file():
    graphs = {"resnet-50": "resnet50_ts", "mobilenet-v2": "mbv2_ts", "bert-base-cased": "bert_base_L128_ts"}
    from npusim.reference.validate import validate

    rows = [
        r
        for r in validate(SHARED / "reference", ["meteor_lake"]).networks
        if "155H" in r.product and r.judged
    ]
    plans = {}
    for r in rows:
        key = (r.model, r.precision)
        if key not in plans:
            graph = load(SHARED / "graphs" / "large" / f"{graphs[r.model]}.onnx")
            plans[key] = compile_graph(graph, HW, load_profile("2026-measured"), r.precision)
    points = [
        NetworkPoint(r.model, plans[r.model, r.precision], r.published_us, r.metric != "throughput")
        for r in rows
    ]
    found = fit_networks(HW, points)
    assert float(found.step.minimum_ns) == pytest.approx(float(HW.step.minimum_ns), rel=0.03)
    assert float(found.host.latency_ns) == pytest.approx(float(HW.host.latency_ns), rel=0.1)
