"""Layers skipped at run time and early exits: probabilities, laws, a case by hand, real networks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument
from npusim.whatif.composed.alternatives import MOST_COMBINED, Outcomes
from tests.shared import SHARED, needs_shared
from tests.whatif.networks import Network

RESNET = SHARED / "graphs" / "large" / "resnet50_ts.onnx"


def chain(blocks):
    """A stem and residual blocks, as a graph; the convolutions of block k are named."""
    net = Network(3, 0)
    net.block("plain", 8)
    for _ in range(blocks):
        net.block("residual", 8)
    return npusim.load(net.model())


@pytest.fixture(scope="module")
def three():
    return chain(3)


def asked(graph, text, **options):
    report = npusim.suppose(graph, text, band=False, **options)
    return report, report.what_ifs[0].numbers


INNER = "skip:node=conv[2-9]"  # the first convolution of the first blocks


@settings(max_examples=10)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_skip_more_probable_is_never_slower_and_lies_between_all_and_nothing(three, p, q):
    low, high = sorted((p, q))
    rare, often = (
        asked(three, f"{INNER},decision=free,probability={x}")[1]["expected_us"] for x in (low, high)
    )
    assert often <= rare * (1 + 1e-9)
    numbers = asked(three, f"{INNER},decision=free,probability={low}")[1]
    assert numbers["least_us"] * (1 - 1e-9) <= rare <= numbers["whole_us"] * (1 + 1e-9)
    assert numbers["p10_us"] <= numbers["p50_us"] <= numbers["p90_us"]


@pytest.mark.parametrize("what", ["node=conv*", "after=relu1"])
def test_what_is_never_skipped_and_decided_for_nothing_changes_nothing_to_the_byte(three, what):
    report, numbers = asked(three, f"skip:{what},probability=0,decision=free")
    assert numbers["expected_us"] == report.latency_us == npusim.simulate(three, band=False).latency_us
    latency = asked(three, f"skip:{what},probability=0,decision=free", mode="latency")
    assert latency[1]["whole_us"] == pytest.approx(latency[0].latency_us, rel=1e-12)


def test_by_hand_two_outcomes(three):
    """One exit: at 0.25 the head alone, else the whole. The host decides once in either case."""
    report, n = asked(three, "skip:after=relu1,probability=0.25")
    assert n["decision_us"] == pytest.approx(float(npusim.hardware("lunar_lake").host.latency_ns) / 1000)
    assert n["expected_us"] == pytest.approx(
        0.25 * n["least_us"] + 0.75 * report.latency_us + n["decision_us"]
    )
    table = report.what_ifs[0].tables["distribution"]
    assert [row["percent"] for row in table] == pytest.approx([25, 75])


def test_by_hand_two_exits():
    """Half stop at the first, half of the others at the second: 1/2, 1/4, 1/4; decisions 1, 2, 2."""
    report, n = asked(chain(3), "skip:after=relu1,add5,probability=0.5,decision=device")
    assert n["decisions"] == pytest.approx(0.5 * 1 + 0.25 * 2 + 0.25 * 2)
    weights = [row["percent"] for row in report.what_ifs[0].tables["distribution"]]
    assert weights == pytest.approx([50, 25, 25])


def test_many_blocks_are_summed_as_few_are_combined(monkeypatch):
    """The grid's mean and quantiles against all combinations of the same blocks."""
    graph = chain(4)
    exact = asked(graph, "skip:node=conv*,decision=free,probability=0.3")[1]
    monkeypatch.setattr("npusim.whatif.composed.alternatives.MOST_COMBINED", 1)
    summed = asked(graph, "skip:node=conv*,decision=free,probability=0.3")[1]
    for key in ("expected_us", "p10_us", "p50_us", "p90_us"):
        assert summed[key] == pytest.approx(exact[key], rel=0.05), key
    assert MOST_COMBINED == 10


@given(st.lists(st.floats(1, 100), min_size=1, max_size=30), st.floats(0, 1))
def test_a_quantile_is_one_of_the_outcomes(us, share):
    values = np.array(us)
    found = Outcomes(values, np.full(len(us), 1 / len(us)), max(us), min(us), 1.0, 1.0, 0.0)
    assert found.quantile_us(share) in us
    assert sum(weight for _, weight in found.rows(8)) == pytest.approx(1.0)
    assert sum(w * x for x, w in found.rows(8)) == pytest.approx(found.mean_us)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("skip:node=conv99", "no node of 'network' is called 'conv99'; did you mean conv"),
        ("skip:probability=0.5", "takes node= .* or after= .*, one of the two"),
        ("skip:node=conv0,after=relu1", "one of the two"),
        ("skip:node=conv0,probability=1.5", "probability is 1.5; it must be at most 1"),
        ("skip:node=conv0,decision=fate", "decision 'fate' is not on offer; choose from host"),
    ],
)
def test_what_is_wrong_is_a_sentence(three, text, said):
    with pytest.raises(BadArgument, match=said):
        npusim.suppose(three, text)


@needs_shared
def test_of_resnet_50_the_host_costs_more_than_skipping_saves_and_the_device_would_not():
    graph = npusim.load(RESNET)
    pattern = "skip:node=*layers.[1-5]/layer/*,probability=0.4"
    host, device = (asked(graph, f"{pattern},decision={d}")[1] for d in ("host", "device"))
    assert host["decisions"] == 12
    assert host["expected_us"] > host["whole_us"] > device["expected_us"] > device["least_us"]
    assert "pays_from_probability" not in host and 0 < device["pays_from_probability"] < 0.4


@needs_shared
def test_a_pruned_network_may_skip_too():
    graph = npusim.load(RESNET)
    texts = ["prune:channels=0.5", "skip:node=*layers.[1-5]/layer/*,decision=device"]
    narrow, wide = (npusim.suppose(graph, t, band=False).what_ifs[-1].numbers for t in (texts, texts[1]))
    swapped = npusim.suppose(graph, texts[::-1], band=False).what_ifs[0].numbers
    assert narrow["whole_us"] < wide["whole_us"] and swapped == narrow


def test_two_that_compose_runs_are_asked_one_at_a_time(three):
    with pytest.raises(BadArgument, match="'split' composes several runs, and so does one in front of it"):
        npusim.suppose(three, ["skip:node=conv*", "split"])


def test_a_sweep_over_its_options_is_the_runs_one_by_one(three):
    pytest.importorskip("xarray")
    fixed = "skip:node=conv*,decision=device"
    vary = {"whatif.skip.probability": [0.0, 0.5], "tiles": [1, 4], "dma.bytes_per_cycle": [32, 64]}
    found = npusim.sweep(three, "lunar_lake", vary, what_ifs=[fixed])["latency_us"]
    for p in (0.0, 0.5):
        for tiles in (1, 4):
            hw = npusim.hardware("lunar_lake").replace({"tiles": tiles, "dma.bytes_per_cycle": 32})
            numbers = npusim.suppose(three, f"{fixed},probability={p}", hw, band=False).what_ifs[0].numbers
            point = {"whatif.skip.probability": p, "tiles": tiles, "dma.bytes_per_cycle": 32}
            assert float(found.sel(point)) == pytest.approx(numbers["expected_us"], rel=1e-12)
