"""Every real exported graph runs on every NPU under every compiler profile, without an op we cannot price."""

from itertools import product

import pytest

from npusim.arch.presets import list_hardware, load_hardware
from npusim.compiler.rules.profile import list_profiles
from npusim.errors import UnknownShape
from npusim.onnx_io import load
from npusim.ops.registry import macs
from npusim.simulation import DEFAULT_COMPILER, DEFAULT_HARDWARE, simulate
from tests.conftest import LONG
from tests.shared import SHARED, needs_shared

FILES = (
    sorted(p for f in ("large", "small") for p in (SHARED / "graphs" / f).glob("*.onnx"))
    if SHARED.is_dir()
    else []
)
DATA_DEPENDENT = "jamba_moe_L8_ts"


def graph_of(path, **options):
    return load(path, {"batch": 1} if path.stem.endswith(("dyb", "tsb")) else None, **options)


def everywhere(path):
    """Every NPU with every compiler profile; for a large graph each of them once, unless all is asked for."""
    pairs = list(product(list_hardware(), list_profiles()))
    if LONG or path.parent.name == "small":
        return pairs
    return [pair for pair in pairs if DEFAULT_COMPILER in pair or DEFAULT_HARDWARE in pair]


@needs_shared
@pytest.mark.parametrize("path", [p for p in FILES if p.stem != DATA_DEPENDENT], ids=lambda p: p.stem)
def test_a_real_graph_runs_everywhere_and_counts_its_macs(path):
    graph = graph_of(path)
    expected = sum(macs(n, graph) * n.repeats for n in graph.nodes)
    for name, compiler in everywhere(path):
        report = simulate(graph, load_hardware(name), compiler)
        assert report.latency_us > 0 and not report.unmodelled
        assert report.macs == expected
        assert sum(n.critical_us for n in report.nodes) == pytest.approx(report.latency_us)
        assert all(n.reason for n in report.nodes if n.engine != "none")
        for share in ("nodes", "bytes", "time"):
            assert sum(row[share] for row in report.coverage.values()) == pytest.approx(1)


@needs_shared
@pytest.mark.parametrize("path", [p for p in FILES if p.stem != DATA_DEPENDENT], ids=lambda p: p.stem)
def test_int8_is_never_slower_than_fp16_by_more_than_its_quantisation(path):
    graph, hw = graph_of(path), load_hardware("meteor_lake")
    fp16, int8 = (simulate(graph, hw, precision=p) for p in ("fp16", "int8"))
    added = sum(n.critical_us for n in int8.nodes if n.op_type == "QuantizeLinear")
    assert int8.latency_us - added <= fp16.latency_us * 1.05


@needs_shared
def test_shapes_that_depend_on_data_are_refused_by_name_or_priced_at_their_bound_with_a_warning():
    path = SHARED / "graphs" / "small" / f"{DATA_DEPENDENT}.onnx"
    with pytest.raises(UnknownShape, match="NonZero"):
        load(path)
    report = simulate(load(path, upper_bound=True), load_hardware("lunar_lake"))
    assert report.latency_us > 0 and any("most" in w for w in report.warnings)


@needs_shared
@pytest.mark.parametrize("form", ["resnet50", "mbv2", "bert"])
def test_a_quantised_graph_takes_what_precision_int8_predicts_within_the_extra_quantise_steps(form):
    floats = {"resnet50": "resnet50_ts", "mbv2": "mbv2_ts", "bert": "bert_base_L128_ts"}[form]
    hw = load_hardware("meteor_lake")
    asked = simulate(load(SHARED / "graphs" / "large" / f"{floats}.onnx"), hw, precision="int8").latency_us
    found = simulate(load(SHARED / "graphs" / "large" / f"{form}_qdq.onnx"), hw).latency_us
    assert found == pytest.approx(asked, rel=0.05)


@needs_shared
def test_resnet_50_on_meteor_lake_is_within_25_percent_of_the_published_throughput():
    import csv

    with (SHARED / "reference" / "published_latency.csv").open() as file:
        wanted = ("resnet-50", "fp16", "throughput")
        rows = [
            row
            for row in csv.DictReader(file)
            if "155H" in row["hardware"] and (row["model"], row["precision"], row["metric"]) == wanted
        ]
    report = simulate(load(SHARED / "graphs" / "large" / "resnet50_ts.onnx"), load_hardware("meteor_lake"))
    for row in rows:
        assert report.latency_us == pytest.approx(1e6 / float(row["value"]), rel=0.25)
    assert rows
