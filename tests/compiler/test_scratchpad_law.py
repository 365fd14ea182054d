"""The law of more scratchpad: it is hardly ever used to do worse.

Bounds are over the best of any smaller scratchpad from half to twice the NPU's own. What remains is where two ways to
cut a step are ordered otherwise by their estimate than in the schedule: BERT-base rises by 3.1 % at half of NPU 5010's
scratchpad, and by at most 2.1 % from 0.6 of it on, by 0.4 % over 0.80 to 1.12."""

import itertools
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import load
from npusim.pricing import timeline
from tests.compiler import at_size
from tests.compiler.strategies import graphs
from tests.shared import SHARED, needs_shared

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")
npus = st.sampled_from(NPUS)
profiles = st.sampled_from(["2026", "2026-as-released"])
shares = st.tuples(st.integers(50, 199), st.integers(1, 150)).map(lambda p: (p[0], min(200, sum(p))))
#: Of 450 random products 6 rise by more than 2 % in `2026`, where one that begins to fit whole is slower than in
#: blocks, its transfers not beside the compute (512 x 577 x 512 on NPU 3720: 98 us in blocks, 117 whole); none as
#: released.
PRODUCTS = {"2026": 1.25, "2026-as-released": 1.05}
FEW = settings(max_examples=min(30, settings().max_examples))
extents = st.sampled_from([128, 384, 512, 577, 1024, 2048])


@cache
def network(graph):
    return load(SHARED / "graphs" / f"{graph}.onnx")


def rise(graph, name, profile, less, more):
    """Time with `more` percent of the scratchpad over that with `less`."""
    profile = load_profile(profile)
    hw = profile.priced(load_hardware(name))
    times = []
    for share in (less, more):
        other = hw.replace({"scratchpad.capacity_bytes": int(hw.scratchpad.capacity_bytes * share / 100)})
        times.append(float(timeline(compile_graph(graph, other, profile), other).latency_ns))
    return times[1] / times[0]


@FEW
@given(st.sampled_from(["Softmax", "Gelu", "Sigmoid", "Add"]), extents, extents, npus, profiles, shares)
def test_kernels_and_sums(op, rows, width, name, profile, share):
    if op == "Add":
        shape = (1, rows, width)
        graph = at_size.one_op("Add", {"x": shape, "z": shape}, shape)
    else:
        graph = at_size.unary(op, 8, rows, width, **({"axis": -1} if op == "Softmax" else {}))
    assert rise(graph, name, profile, *share) <= 1.02


@FEW
@given(st.sampled_from([1, 32, 128, 197, 512]), extents, extents, npus, profiles, shares)
def test_products(rows, terms, channels, name, profile, share):
    assert rise(at_size.product(rows, terms, channels), name, profile, *share) <= PRODUCTS[profile]


@FEW
@given(graphs(), npus, profiles, shares)
def test_random_plans(graph, name, profile, share):
    assert rise(graph, name, profile, *share) <= 1.01


@needs_shared
@settings(max_examples=min(10, settings().max_examples))
@given(
    st.sampled_from(["large/resnet50_ts", "large/mbv2_ts", "large/bert_base_L128_ts", "llm/blocks/llama1b1_pre_1024"]),
    npus, profiles, shares,
)  # fmt: skip
def test_networks(graph, name, profile, share):
    assert rise(network(graph), name, profile, max(60, share[0]), max(60, share[1])) <= 1.04


@needs_shared
@pytest.mark.parametrize("name", NPUS)
def test_the_whole_curve_of_resnet_never_rises(name):
    curve = [50, 60, 70, 80, 90, 100, 110, 125, 150, 175, 200]
    for less, more in itertools.pairwise(curve):
        assert rise(network("large/resnet50_ts"), name, "2026", less, more) <= 1.001


@needs_shared
@pytest.mark.parametrize("name", NPUS)
def test_tables_and_recurrent_weights_are_no_dearer(name):
    for graph in ("dlrm_b128", "bilstm_512_t100"):
        loaded = load(SHARED / "cases/real" / f"{graph}.onnx")
        assert all(rise(loaded, name, "2026-as-released", a, b) <= 1.002 for a, b in [(60, 80), (100, 140)])
