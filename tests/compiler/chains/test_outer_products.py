"""What the products in front of an unrolled scan hand on, and in how many pieces they are cut together."""

from itertools import pairwise

import pytest

import npusim
from npusim.compiler.chains.doublings import shared_in_sixteens
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask, Plan
from npusim.compiler.rules.profile import load_profile
from npusim.graph import DType, Value
from tests.graphs import loaded
from tests.vendor.builder import Builder

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")
RATES = "Mul_0"  # steps by rates of decay, for Exp_1
UPDATE = "Mul_2"  # steps by inputs, for another product


def planned(tokens: int, channels: int, npu: str, states: int = 16) -> Plan:
    """Decays and updates of a scan."""
    g = Builder(weights=False)
    steps, terms = g.input(1, channels, tokens, 1), g.input(1, 1, tokens, states)
    decay = g.op("Exp", g.op("Mul", g.weight(1, channels, 1, states), steps))
    update = g.op("Mul", g.op("Mul", steps, terms), g.input(1, channels, tokens, 1))
    model = loaded(g.model(decay, update))
    return compile_graph(model, npusim.hardware(npu), load_profile("2026"), "fp16", False, None)


def written(plan: Plan, name: str) -> float:
    """Bytes that an op writes to DDR."""
    tasks = zip(plan.label, plan.ask, strict=True)
    of_op = (ask for label, ask in tasks if label.split("/")[0] == name)
    return sum(a.nbytes for a in of_op if isinstance(a, DmaTask) and a.destination == "ddr")


@pytest.mark.parametrize("npu", NPUS)
@pytest.mark.parametrize(("tokens", "channels"), [(16, 512), (64, 1536), (80, 1536), (33, 2048)])
def test_what_the_first_product_of_an_update_makes_never_leaves(npu, tokens, channels) -> None:
    assert written(planned(tokens, channels, npu), UPDATE) == 0


@pytest.mark.parametrize(
    ("npu", "tokens", "stays"),  # of 1,024 channels: Intel's schedules
    [
        ("meteor_lake", 20, True),
        ("meteor_lake", 48, False),
        ("lunar_lake", 48, True),
        ("lunar_lake", 128, False),
        ("panther_lake", 20, True),
        ("panther_lake", 48, False),
    ],
)
def test_rates_stay_for_their_exponential_where_a_tile_has_room_for_three(npu, tokens, stays) -> None:
    assert (written(planned(tokens, 1024, npu), RATES) == 0) == stays


@pytest.mark.parametrize(
    ("npu", "tokens", "stays"),  # of 256 and 1,536 channels: Intel's schedules
    [("meteor_lake", 7, False), ("meteor_lake", 8, True), ("lunar_lake", 7, False), ("lunar_lake", 8, True)]
    + [("panther_lake", 4, False), ("panther_lake", 5, True)],
)
def test_of_few_tokens_the_tiles_share_product_and_exponential_otherwise(npu, tokens, stays) -> None:
    assert (written(planned(tokens, 256, npu), RATES) == 0) == stays


@pytest.mark.parametrize("npu", NPUS)
def test_twice_the_tokens_take_about_twice_as_long(npu) -> None:
    def us(tokens: int) -> float:
        g = Builder(weights=False)
        steps, terms = g.input(1, 1024, tokens, 1), g.input(1, 1, tokens, 16)
        update = g.op("Mul", g.op("Mul", steps, terms), g.input(1, 1024, tokens, 1))
        model = loaded(g.model(update))
        return npusim.simulate(model, npusim.hardware(npu), "2026", band=False).latency_us

    times = [us(tokens) for tokens in (16, 32, 64, 128, 256)]
    for once, twice in pairwise(times):
        assert once <= twice <= 2.3 * once


@pytest.mark.parametrize(
    ("channels", "alike"),  # on three tiles: as 512 are, 176, 176 and 160, of kernel and sum
    [(256, True), (512, True), (1536, True), (640, False), (1024, False), (2048, False)],
)
def test_a_kernel_that_shares_sixteens_meets_the_sum_where_both_are_as_uneven(channels, alike) -> None:
    state = Value("state", (1, channels, 16), DType.FLOAT16)
    assert shared_in_sixteens(state, 3) == alike


def products(sequences: int, npu: str) -> float:
    """Bytes written of outer products of several sequences, which a kernel reads."""
    g = Builder(weights=False)
    outer = g.op("Mul", g.input(sequences, 1536, 1), g.input(sequences, 1, 16))
    model = loaded(g.model(g.op("Mul", outer, g.input(sequences, 1536, 1))))
    plan = compile_graph(model, npusim.hardware(npu), load_profile("2026"), "fp16", False, None)
    filled = sequences * 1536 * 16 * 2
    return (written(plan, "Mul_0") - filled) / filled


@pytest.mark.parametrize(
    ("npu", "sequences", "crosses"),
    [("lunar_lake", 4, 0), ("lunar_lake", 8, 0), ("panther_lake", 8, 0), ("panther_lake", 4, 1)],
)
def test_columns_of_outer_products_are_filled_up_through_ddr(npu, sequences, crosses) -> None:
    assert products(sequences, npu) == pytest.approx(crosses)
