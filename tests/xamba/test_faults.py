"""Faults put into a model on purpose: verify names every one of them, in float32 and in float16."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from tests.shared import SHARED, needs_shared
from tests.xamba.build import copy, one_op
from xamba import ActiBA, CumBA, ReduBA, rewrite, verify

HOSTILE = SHARED / "cases" / "hostile"
TYPES = {"float32": "float", "float16": "float16"}
HEAD = '<ir_version: 8, opset_import: ["" : 17]>'
SUMS = "g (T[batch,16,16] x) => (T[batch,16,16] c, T[batch,16] s) <int64 a = {1}, int64[1] b = {1}>"
ONE = "g (T[batch,16,16] x) => (T[batch,16,16] y)"
FREE = "g (T[batch,length,4] x) => (T[batch,length,4] y)"


def sums(c: str = "c = CumSum(x, a)", s: str = "s = ReduceSum<keepdims = 0>(x, b)") -> str:
    return f"{SUMS} {{ {c}\n {s} }}"


def elementwise(body: str, constants: str = "") -> str:
    return f"{ONE} <{constants}> {{ {body} }}" if constants else f"{ONE} {{ {body} }}"


ROWS = "0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8"
LOOK_UP = "g (int64[batch,4] ids) => (T[batch,4] y) <T[8] w = {ROWS}> { y = Gather(w, ids) }"
BRANCHES = """g (T[4] x, bool c) => (T[4] y) { y = If (c) <
  then_branch = t () => (T[4] u) { u = Neg(x) }, else_branch = e () => (T[4] v) { v = ELSE(x) }> }"""
RARE = """g (T[4] x) => (T[4] y) <T limit = {30000.0}> { m = ReduceMax<keepdims = 0>(x)
  c = Greater(m, limit)
  y = If (c) <then_branch = t () => (T[4] u) { u = THEN(x) }, else_branch = e () => (T[4] v) { v = Abs(x) }> }"""
POSITIONS = """s = Shape(x) axis = Constant<value = int64 {PLACE}>() n = Gather(s, axis)
  zero = Constant<value = int64 {0}>() one = Constant<value = int64 {1}>() r = Range(zero, n, one)
  limit = Constant<value = int64 {LIMIT}>() k = Less(r, limit) f = Cast<to = CODE>(k)
  shape = Constant<value_ints = [SHAPE]>() g = Reshape(f, shape) y = Mul(x, g)"""
PLAIN = f"{FREE} {{ y = Identity(x) }}"


def only_below(place: int, limit: int, shape: str) -> str:
    """The input times 0 from an index on."""
    body = POSITIONS.replace("PLACE", str(place)).replace("LIMIT", str(limit)).replace("SHAPE", shape)
    return f"{FREE} {{ {body} }}"


SCALED = "t = ReduceSum<keepdims = 0>(x, b) k = Constant<value = T {1.01}>() s = Mul(t, k)"
OTHER_SUM = "k = Constant<value = int64[1] {2}>() s = ReduceSum<keepdims = 0>(x, k)"
FAULTS = {
    "one sum scaled by 1.01": (
        sums(),
        sums(s=SCALED),
    ),
    "a bias dropped": (
        elementwise("m = MatMul(x, x) y = Add(m, bias)", "T bias = {0.25}"),
        elementwise("y = MatMul(x, x)"),
    ),
    "exclusive": (sums(), sums(c="c = CumSum<exclusive = 1>(x, a)")),
    "reverse": (sums(), sums(c="c = CumSum<reverse = 1>(x, a)")),
    "another axis": (sums(), sums(c="two = Constant<value = int64 {2}>() c = CumSum(x, two)")),
    "the wrong second output": (
        sums(),
        sums(s=OTHER_SUM),
    ),
    "NaN hidden": (
        elementwise("y = Tanh(x)"),
        elementwise("n = IsNaN(x) z = Where(n, o, x) y = Tanh(z)", "T o = {0.0}"),
    ),
    "infinity hidden": (
        elementwise("y = Neg(x)"),
        elementwise("z = Clip(x, lo, hi) y = Neg(z)", "T lo = {-65000.0}, T hi = {65000.0}"),
    ),
    "clipped at 100": (
        elementwise("y = Neg(x)"),
        elementwise("z = Clip(x, lo, hi) y = Neg(z)", "T lo = {-100.0}, T hi = {100.0}"),
    ),
    "wrong at zero": (
        elementwise("y = Exp(x)"),
        elementwise("e = Exp(x) k = Equal(x, o) y = Where(k, o, e)", "T o = {0.0}"),
    ),
    "tiny numbers lost": (
        elementwise("y = Neg(x)"),
        elementwise(
            "a = Abs(x) k = Less(a, d) n = Neg(x) y = Where(k, o, n)", "T o = {0.0}, T d = {0.00001}"
        ),
    ),
    "the logarithm of zero": (
        elementwise("r = Abs(x) y = Log(r)"),
        elementwise("r = Abs(x) m = Max(r, d) y = Log(m)", "T d = {0.00001}"),
    ),
    "the else branch": (BRANCHES.replace("ELSE", "Relu"), BRANCHES.replace("ELSE", "Abs")),
    "a branch that ordinary data do not take": (RARE.replace("THEN", "Neg"), RARE.replace("THEN", "Relu")),
    "another batch": (PLAIN, only_below(0, 2, "-1, 1, 1")),
    "another length": (PLAIN, only_below(1, 8, "-1, 1")),
    "one row of an embedding": (
        LOOK_UP.replace("ROWS", ROWS),
        LOOK_UP.replace("ROWS", ROWS.replace("0.7", "0.71")),
    ),
}


def parsed(text: str, dtype: str) -> ir.Model:
    code = "10" if dtype == "float16" else "1"
    words = f"{HEAD} {text}".replace("T[", f"{TYPES[dtype]}[").replace("T ", f"{TYPES[dtype]} ")
    words = re.sub(r"(float16(?:\[\d+\])? (?:\w+ = )?){([^}]*)}", _as_bits, words)
    proto = onnx.parser.parse_model(words.replace("CODE", code))
    onnx.checker.check_model(proto, full_check=True)
    return ir.from_proto(proto)


def _as_bits(found: re.Match) -> str:
    """The text form writes a float16 as the whole number of its bits."""
    numbers = np.array([float(x) for x in found[2].split(",")], np.float16).view(np.uint16)
    return f"{found[1]}{{{', '.join(map(str, numbers))}}}"


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_found_and_nothing_else(fault, dtype):
    right, wrong = (parsed(text, dtype) for text in FAULTS[fault])
    assert not verify(right, wrong).ok
    rewritten = copy(right)
    rewrite(rewritten, [CumBA(), ReduBA()])
    assert verify(right, rewritten).ok and verify(wrong, copy(wrong)).ok


@pytest.mark.parametrize("dtype", TYPES)
def test_only_the_output_that_is_wrong_fails(dtype):
    right, wrong = (parsed(text, dtype) for text in FAULTS["one sum scaled by 1.01"])
    assert [(o.name, o.ok) for o in verify(right, wrong).outputs] == [("c", True), ("s", False)]


@pytest.mark.parametrize("op", ["ReduceSum", "CumSum"])
def test_one_wrong_entry_of_a_mask_is_found_in_float16(op):
    constants = [onnx.numpy_helper.from_array(np.array([1] if op == "ReduceSum" else 1, np.int64), "a")]
    right = one_op(op, [2, 64, 8], "float16", constants)
    wrong = copy(right)
    rewrite(wrong, [CumBA(), ReduBA()])
    mask = max(wrong.graph.initializers.values(), key=lambda v: v.const_value.size)
    array = mask.const_value.numpy().copy()
    array.ravel()[-1] *= 1.01
    mask.const_value = ir.tensor(array, name=mask.name)
    assert not verify(right, wrong).ok


def with_table(dtype: str, inline: bool = False, **options) -> tuple[ir.Model, ir.Model]:
    right = one_op("Softplus", [4, 64], dtype)
    rewritten = copy(right)
    ActiBA(inline=inline, **options).run(rewritten)
    return right, rewritten


def table_node(model: ir.Model) -> ir.Node:
    return next(node for node in model.graph if node.op_type == "PWL")


def changed(node: ir.Node, name: str, index: int, factor: float) -> None:
    values = list(node.attributes[name].as_floats())
    values[index] *= factor
    node.attributes[name] = ir.AttrFloat32s(name, values)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "name, index, factor", [("slopes", 16, 1.3), ("offsets", 20, 0.8), ("slopes", -1, 0.0)]
)
def test_a_wrong_table_is_found_whatever_its_metadata_claim(dtype, name, index, factor):
    right, wrong = with_table(dtype)
    assert verify(right, wrong).ok
    node = table_node(wrong)
    changed(node, name, index, factor)
    node.metadata_props["xamba.achieved"] = node.metadata_props["xamba.max_rel"] = "0.9"
    assert not verify(right, wrong).ok


@pytest.mark.parametrize("dtype", TYPES)
def test_stale_metadata_change_nothing(dtype):
    right, rewritten = with_table(dtype)
    before = verify(right, rewritten)
    for key, text in {
        "achieved": "0.5",
        "segments": "1",
        "activation": "Exp",
        "parameter": "nonsense",
    }.items():
        table_node(rewritten).metadata_props[f"xamba.{key}"] = text
    after = verify(right, rewritten)
    assert after.ok and after.limit == before.limit


def test_a_sum_that_saturates_is_found():
    large = 2**30
    right = one_op("Add", [3, 5], "int32", [onnx.numpy_helper.from_array(np.array(large, np.int32), "c")])
    head = f"{HEAD} g (int32[3,5] x) => (int32[3,5] y) <int64 c = {{{large}}}, int64 top = {{{2**31 - 1}}}>"
    body = "w = Cast<to = 7>(x) s = Add(w, c) m = Min(s, top) y = Cast<to = 6>(m)"
    wrong = ir.from_proto(onnx.parser.parse_model(f"{head} {{ {body} }}"))
    assert not verify(right, wrong).ok
    assert verify(right, wrong, extreme_integers=False).ok


def test_a_second_model_that_does_not_run_at_another_batch_has_not_the_same_answer():
    right = parsed("g (T[batch,4] x) => (T[batch,4] y) { y = Relu(x) }", "float32")
    fixed = "g (T[batch,4] x) => (T[batch,4] y) <int64[2] s = {2, 4}> { r = Reshape(x, s) y = Relu(r) }"
    verdict = verify(right, parsed(fixed, "float32"))
    assert not verdict.ok and "cannot run" in verdict.outputs[0].reason


def pairs() -> list[tuple[Path, Path]]:
    wrong = sorted(HOSTILE.glob("verify_*_wrong_*.onnx")) if HOSTILE.is_dir() else []
    return [(HOSTILE / f"{p.stem.split('_wrong')[0]}_right.onnx", p) for p in wrong]


@needs_shared
@pytest.mark.parametrize("right, wrong", pairs(), ids=lambda p: p.stem)
def test_the_hostile_pairs(right, wrong):
    assert verify(right, right).ok and not verify(right, wrong).ok


@needs_shared
@pytest.mark.parametrize("name", ["log_of_sigmoid", "one_over_sigmoid"])
def test_a_tail_of_zero_under_a_logarithm_is_seen(name):
    path = SHARED / "cases" / "rewrites" / f"{name}.onnx"
    model = ir.load(path)
    node = next(n for n in model.graph if n.op_type == "Sigmoid")
    small = one_op("Sigmoid", [4])
    ActiBA().run(small)
    call = ir.node("PWL", [node.inputs[0]], dict(table_node(small).attributes), domain="xamba")
    call.outputs[0].name = "table"
    model.graph.insert_before(node, call)
    node.outputs[0].replace_all_uses_with(call.outputs[0])
    model.functions.update(small.functions)
    model.opset_imports["xamba"] = 1
    assert not verify(path, model).ok


def test_a_segment_sum_by_difference_is_not_good_in_float16():
    """sum(x[i:j]) as a difference of two cumulative sums: what is left of two large numbers that cancel."""
    head = "g (T[1,1024,4] x) => (T[1,1023,4] y) <int64 a = {1}, int64[1] one = {1}, int64[1] zero = {0}"
    right = parsed(f"{head}, int64[1] end = {{1024}}> {{ y = Slice(x, one, end, one) }}", "float32")
    body = (
        "c = CumSum(x, a) high = Slice(c, one, end, one) low = Slice(c, zero, last, one) y = Sub(high, low)"
    )
    wrong = parsed(f"{head}, int64[1] end = {{1024}}, int64[1] last = {{1023}}> {{ {body} }}", "float32")
    assert not verify(right, wrong, as_type="fp16").ok


@pytest.mark.parametrize("as_type", ["fp16", "bf16"])
def test_a_right_rewrite_is_right_as_an_npu_rounds_it(as_type):
    right = parsed(sums(), "float32")
    rewritten = copy(right)
    rewrite(rewritten, [CumBA(block=4), ReduBA()])
    verdict = verify(right, rewritten, as_type=as_type)
    assert verdict.ok and any("rounded to" in draw for draw in verdict.draws)
