"""The second witness: the committed table, and Intel's compiler where it is at hand (here a stand-in)."""

import os

import pytest

from npusim.measured.profile import VENDOR, Profile, ProfileLayer
from tests.xamba.build import ops
from tests.xamba.choice.models import segment_sum
from xamba import CumBA
from xamba.choice.choose import Chooser
from xamba.choice.signs import MARGIN, known, nearest, rows
from xamba.choice.targets import targets
from xamba.choice.witness import Witness, vendor
from xamba.errors import BadArgument
from xamba.facts.facts import Facts

LUNAR = targets(["lunar_lake"])
PANTHER = targets(["panther_lake"])


def speaking(length, generation):
    m = segment_sum(length)
    node = next(n for n in m.graph if n.op_type == "CumSum")
    row = nearest(CumBA(), node, Facts(m), generation)
    assert row is not None
    return row


def test_the_table_holds_all_three_generations_and_only_what_was_compiled():
    assert {row.generation for row in rows()} == {"3720", "4000", "5010"}
    assert all(row.before_us > 0 and row.after_us > 0 for row in rows())


@pytest.mark.parametrize("generation", ["3720", "4000", "5010"])
def test_short_segment_sums_lose_and_long_ones_gain(generation):
    assert all(speaking(length, generation).loses for length in (4, 8, 16))
    assert not speaking(256, generation).loses
    assert not speaking(600, generation).loses  # the longest row speaks for what is longer


def test_what_the_compiler_prices_at_nothing_is_completed_and_marked():
    lunar, panther = speaking(256, "4000"), speaking(256, "5010")
    assert lunar.completed and "*" in str(lunar)
    assert not panther.completed and "*" not in str(panther)


def test_of_the_nearest_length_the_row_that_says_most_against_it_speaks():
    row = speaking(16, "5010")
    near = [r for r in rows() if (r.block, r.length, r.generation) == ("segment sum", 16, "5010")]
    assert row.after_us / row.before_us == max(r.after_us / r.before_us for r in near)


def test_no_row_speaks_of_an_op_or_a_length_nobody_knows():
    m = segment_sum(16)
    assert known(CumBA(), ("exp", "no such node"), m, ["5010"]) == []


class StandIn(Witness):
    """Prices a model by its products and sums; refuses it when told to."""

    product_us, refuses = 10.0, False

    def _compile(self, file, generation, tiles):
        import onnx

        found = [n.op_type for n in onnx.load(str(file)).graph.node]
        if self.refuses and "MatMul" in found:
            return "no such luck"
        us = 20.0 + self.product_us * found.count("MatMul")
        layers = (ProfileLayer("cumsum", "CumSum", "dsp", 0.0, unpriced=True),) if "CumSum" in found else ()
        return Profile("", "stand-in", VENDOR, latency_us=us, layers=layers)


@pytest.fixture
def compiler(monkeypatch):
    monkeypatch.setattr("xamba.choice.choose.Witness", StandIn)
    yield StandIn
    StandIn.product_us, StandIn.refuses = 10.0, False


def test_a_sum_without_a_price_gets_ours_so_that_a_cheap_product_is_taken(compiler):
    choice = Chooser(LUNAR, witness=["stand-in"]).choose(segment_sum(64))
    assert "CumSum" not in ops(choice.model)
    assert any("what it leaves out" in site.witness for site in choice.sites if site.taken)


def test_where_the_two_disagree_on_the_sign_the_rewrite_is_not_taken(compiler):
    compiler.product_us = 1e6
    choice = Chooser(LUNAR, witness=["stand-in"]).choose(segment_sum(256))
    assert "CumSum" in ops(choice.model)
    assert any("Intel's compiler says it loses" in site.why for site in choice.sites)
    assert "CumSum" not in ops(
        Chooser(LUNAR, trust=True, witness=["stand-in"]).choose(segment_sum(256)).model
    )


def test_a_result_that_the_compiler_refuses_is_not_taken(compiler):
    compiler.refuses = True
    choice = Chooser(LUNAR, witness=["stand-in"]).choose(segment_sum(256))
    assert "CumSum" in ops(choice.model)
    assert any("refused" in site.why for site in choice.sites)


def test_the_margin_is_small():
    assert 1 < MARGIN < 1.05


def test_a_command_that_is_not_there_is_said_before_anything_is_priced():
    with pytest.raises(BadArgument, match="'no_such_compiler now' cannot be started"):
        vendor("no_such_compiler now")


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("NPUSIM_VENDOR_COMPILER"), reason="NPUSIM_VENDOR_COMPILER names no compiler of Intel's"
)
def test_intels_own_compiler_agrees_on_a_long_segment_sum_and_stops_a_short_one():
    """Six compiles of a few seconds each."""
    command = vendor(True)
    long = Chooser(PANTHER, [CumBA()], witness=command).choose(segment_sum(128))
    assert "CumSum" not in ops(long.model)
    assert all("NPU 5010" in site.witness and "refused" not in site.witness for site in long.sites)
    asked = Witness(command, PANTHER)
    before, after = segment_sum(16), segment_sum(16)
    CumBA().run(after)
    assert "us -> " in asked.against(before, after)
