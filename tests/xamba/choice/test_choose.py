"""Choosing by price: never slower, the same twice, and only where both witnesses agree."""

import sys
import tempfile
from pathlib import Path

import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusim
from npusim.simulation import simulate
from tests.shared import SHARED, needs_shared
from tests.xamba.build import copy, ops
from tests.xamba.choice.models import graphs, layers, segment_sum
from xamba.choice.choose import Chooser, optimize_for
from xamba.choice.moves import candidates
from xamba.choice.search import SAME
from xamba.choice.signs import Row
from xamba.choice.targets import shipped, targets
from xamba.errors import BadArgument, CannotPrice

sys.path.append(str(Path(__file__).resolve().parents[3] / "examples"))
import make_mamba2

PANTHER = targets(["panther_lake"], ["2026"])
LUNAR = targets(["lunar_lake"], ["2026"])


def never_slower(source, chooser):
    """Chooses for a file; prices what is on disk before and after by npusim's own door."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.onnx"
        choice = optimize_for(source, out, chooser)
        a, b = npusim.load(source), npusim.load(out)
        for target, before, after in zip(choice.targets, choice.before, choice.after, strict=True):
            old = simulate(a, target.hardware, target.compiler).latency_us
            new = simulate(b, target.hardware, target.compiler).latency_us
            assert new <= old * SAME, target.name
            assert (before, after) == (pytest.approx(old), pytest.approx(new))
    return choice


@settings(max_examples=8)
@given(graphs(most=5), st.sampled_from([(target,) for target in shipped()] + [shipped()]))
def test_the_result_is_never_slower_on_any_shipped_npu_and_compiler(m, wanted):
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.onnx"
        ir.save(m, source)
        never_slower(source, Chooser(wanted))


@needs_shared
@pytest.mark.parametrize("name", ["traps/segsum", "traps/rsum_mul_contraction", "traps/if_subgraph"])
def test_nor_for_real_files(name):
    never_slower(SHARED / "graphs" / f"{name}.onnx", Chooser(shipped()))


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "small/mamba_tf5_L8_dy",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("small/bamba_L32_dy", "small/mamba2_tf4_L16_ts")),
    ],
)
def test_nor_for_real_networks(name):
    never_slower(SHARED / "graphs" / f"{name}.onnx", Chooser(LUNAR + PANTHER))


@needs_shared
@pytest.mark.slow
def test_the_layer_of_the_paper_is_tens_of_times_faster_with_exact_rewrites():
    source = SHARED / "graphs" / "large" / "xamba_mamba2_1layer_T4_ts.onnx"
    both = targets(["lunar_lake"], ["2024.12", "2026"])
    choice = never_slower(source, Chooser(both, candidates(True, None, {"assume_finite": True})))
    old, new = (b / a for b, a in zip(choice.before, choice.after, strict=True))
    assert old > 200 and new > 30
    assert max(site.error or 0.0 for site in choice.sites) < 1e-6


def test_the_same_model_gives_the_same_choice():
    first, second = (Chooser(LUNAR).choose(layers(3)) for _ in range(2))
    assert first.sites == second.sites
    assert ops(first.model) == ops(second.model)


def test_the_model_given_is_not_changed():
    m = segment_sum(256)
    before = ir.to_proto(copy(m)).SerializeToString()
    assert Chooser(LUNAR).choose(m).modified
    assert ir.to_proto(m).SerializeToString() == before


def test_a_long_segment_sum_becomes_a_product_and_a_short_one_does_not():
    assert "CumSum" not in ops(Chooser(PANTHER).choose(segment_sum(256)).model)
    assert "CumSum" in ops(Chooser(PANTHER).choose(segment_sum(8)).model)


@pytest.fixture
def against(monkeypatch):
    """A table of Intel's estimates in which every CumBA loses."""
    row = Row("cumba", "CumSum", "segment sum", 256, 8, "5010", 10.0, 20.0, False, "alone")
    monkeypatch.setattr("xamba.choice.choose.known", lambda one, *_: [row] if one.name == "cumba" else [])


def test_where_the_witnesses_disagree_on_the_sign_it_is_not_taken_and_the_line_says_so(against):
    choice = Chooser(PANTHER).choose(segment_sum(256))
    assert "CumSum" in ops(choice.model)
    line = next(site for site in choice.sites if site.pass_name == "cumba")
    assert line.after[0] < line.before[0] and not line.taken and "Intel's compiler says it loses" in line.why


def test_who_trusts_the_price_alone_gets_it(against):
    assert "CumSum" not in ops(Chooser(PANTHER, trust=True).choose(segment_sum(256)).model)


def test_no_approximation_unless_an_error_is_allowed():
    m = segment_sum(64)
    assert all(site.pass_name != "actiba" for site in Chooser(LUNAR).choose(m).sites)
    strict = Chooser(LUNAR, max_error=1e-9, trust=True).choose(m)
    assert all(not site.taken for site in strict.sites if site.pass_name == "actiba")


def test_what_npusim_cannot_price_is_said():
    m = segment_sum(16)
    next(node for node in m.graph if node.op_type == "Exp").op_type = "NobodyKnowsThis"
    with pytest.raises(CannotPrice, match="NobodyKnowsThis"):
        Chooser(LUNAR).choose(m)


@pytest.mark.parametrize(
    "npus, compilers, words",
    [
        (["lunar_leak"], ["2026"], "lunar_lake"),
        (["lunar_lake"], ["2027"], "2024.12"),
        ([], ["2026"], "at least one NPU"),
    ],
)
def test_a_wrong_target_is_one_sentence_with_the_remedy(npus, compilers, words):
    with pytest.raises(BadArgument, match=words):
        targets(npus, compilers)


def branches():
    """A sum over 256 rows in one branch, nothing but a Neg in the other; the caller says which."""
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[8,256,256] x, bool which) => (float[8,256,256] y) {
        y = If(which) <
            then_branch = long () => (float[8,256,256] t) { a = Constant<value = int64 {1}>() t = CumSum(x, a) },
            else_branch = none () => (float[8,256,256] e) { e = Neg(x) }>
    }"""
    return ir.from_proto(onnx.parser.parse_model(text))


def test_what_an_input_holds_decides_which_branch_is_chosen_for():
    taken = Chooser(PANTHER, settings={"which": True}).choose(branches())
    assert "CumSum" not in ops(taken.model) and taken.after[0] < taken.before[0]
    assert not Chooser(PANTHER, settings={"which": False}).choose(branches()).modified
    with pytest.raises(BadArgument, match="no input is called 'what'"):
        Chooser(PANTHER, settings={"what": 1}).choose(branches())


@pytest.mark.slow
def test_a_move_that_stood_in_the_way_is_taken_back():
    """The longest sum gains most as a product, until `chunk` leaves 4 of its 256 rows."""
    sizes = make_mamba2.SMALL._replace(length=4, chunk=256, heads=8)
    m = ir.serde.deserialize_model(make_mamba2.make(s=sizes))
    choice = Chooser(LUNAR, candidates(True, None, {"assume_finite": True})).choose(m)
    assert {"chunk", "zeros"} <= {site.pass_name for site in choice.sites if site.taken}
    assert "cumba" not in {site.pass_name for site in choice.sites if site.taken}
