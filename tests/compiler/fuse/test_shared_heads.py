"""Heads of keys and values that are repeated for their queries in front of a product: the product reads each once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from npusim import simulate
from npusim.compiler.fuse import fuse
from npusim.compiler.rules.profile import load_profile
from npusim.ops.registry import lowerings
from tests.graphs import loaded, model, node
from tests.shared import SHARED

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")


def scores(kv, times, rows, length, size, form="transposed", more_outputs=(), widen="Expand"):
    """q k^T of grouped attention as exporters write it; `form`: how the keys reach the product."""
    heads = kv * times
    nodes = [node("Unsqueeze", "k two", "k5")]
    nodes += [node("Expand", "k5 wide", "ke")] if widen == "Expand" else [node("Tile", "k5 tiles", "ke")]
    constants = {"two": [2], "wide": [1, kv, times, length, size], "tiles": [1, 1, times, 1, 1]}
    constants |= {"four": [1, heads, length, size], "three": [heads, length, size], "c": np.float32(0.3)}
    if form == "values":  # [1, heads, length, size] as it is: p v
        nodes += [node("Reshape", "ke four", "kr"), node("MatMul", "q kr", "y")]
        return loaded(
            model(
                nodes,
                {"q": [1, heads, rows, length], "k": [1, kv, length, size]},
                ["y", *more_outputs],
                constants,
            )
        )
    constants["back"] = [1, heads, size, length]
    nodes += [
        node("Reshape", "ke three", "kr"),
        node("Transpose", "kr", "kt", perm=[0, 2, 1]),
        node("Reshape", "kt back", "kb"),
    ]
    if form == "scaled":
        nodes += [node("Mul", "kb c", "ks")]
    nodes += [node("MatMul", "q ks" if form == "scaled" else "q kb", "y")]
    inputs = {"q": [1, heads, rows, size], "k": [1, kv, length, size]}
    return loaded(model(nodes, inputs, ["y", *more_outputs], constants))


#: Reads heads once, scaled or not; 2026 writes out keys that are scaled behind their repetition, as that compiler does.
ONCE = "2026-measured"


def ops(graph, profile=ONCE):
    return [n.op_type for n in fuse(graph, load_profile(profile), "5010", True, "fp16").nodes]


def product(graph):
    fused = fuse(graph, load_profile(ONCE), "4000", False, "fp16")
    (found,) = (n for n in fused.nodes if n.op_type == "MatMul")
    return found, lowerings(found, fused)[0].steps[0]


SIZES = {
    "kv": st.integers(1, 8), "times": st.integers(2, 8), "rows": st.integers(1, 40), "length": st.integers(2, 300),
    "size": st.sampled_from([32, 64, 96, 128]), "form": st.sampled_from(["transposed", "values", "scaled"]),
}  # fmt: skip


@given(**SIZES, widen=st.sampled_from(["Expand", "Tile"]))
def test_the_product_has_a_problem_a_head_of_keys_and_all_its_multiplications(
    kv, times, rows, length, size, form, widen
):
    found, work = product(scores(kv, times, rows, length, size, form, widen=widen))
    assert work.groups == kv and work.out_h * work.out_w == times * rows
    assert work.macs == kv * times * rows * length * size
    assert ("Mul" in found.post_ops) == (form == "scaled")


@given(**SIZES, npu=st.sampled_from(NPUS))
def test_no_head_is_written_out(kv, times, rows, length, size, form, npu):
    graph = scores(kv, times, rows, length, size, form)
    once = simulate(graph, npu, ONCE, band=False)
    repeated = simulate(graph, npu, "2024.12", band=False)
    assert once.macs == repeated.macs
    assert not [n for n in once.nodes if n.op_type in ("Expand", "Tile") and n.bytes_moved]


def test_keys_of_a_llama_layer_cross_once():
    """8 heads of 64 for 32 queries after 1,024 tokens: 1,048,576 bytes of keys, not four times as many."""
    report = simulate(scores(8, 4, 1, 1024, 64), "lunar_lake", band=False)
    keys, queries, result = 8 * 1024 * 64 * 2, 32 * 64 * 2, 32 * 1024 * 2
    turned = 2 * keys  # through DDR at most, to lie as the product wants them
    assert keys <= report.bytes_moved <= keys + turned + 4 * (queries + result)


@pytest.mark.parametrize("profile", ["2026", "2026-as-released", "2026-tables"])
def test_the_release_writes_out_keys_that_are_scaled_behind_their_repetition(profile):
    assert "Expand" in ops(scores(8, 4, 1, 64, 64, "scaled"), profile)
    assert "Expand" not in ops(scores(8, 4, 1, 64, 64), profile)


@pytest.mark.parametrize("kept", ["ke", "kr", "kt", "ks"])
def test_what_somebody_else_reads_stays(kept):
    assert "Expand" in ops(scores(8, 4, 1, 64, 64, "scaled", more_outputs=(kept,)))


def test_rows_repeated_along_another_axis_stay():
    nodes = [node("Expand", "k wide", "ke"), node("Reshape", "ke four", "kr"), node("MatMul", "q kr", "y")]
    constants = {
        "wide": [1, 4, 8, 64, 32],
        "four": [1, 32, 64, 32],
    }  # all heads again and again, not each for itself
    inputs = {"q": [1, 32, 1, 64], "k": [1, 1, 8, 64, 32]}
    assert "Expand" in ops(loaded(model(nodes, inputs, ["y"], constants)))


@pytest.mark.parametrize("npu", NPUS)
def test_both_forms_of_a_language_model_cost_the_same(npu):
    """Opset 18 with attention spelled out, opset 23 with Attention and RMSNormalization."""
    folder = SHARED / "graphs" / "llm" / "large"
    if not folder.is_dir():
        pytest.skip("the language models beside the project are not there")
    spelled, whole = (
        simulate(folder / f"llama32_1b_dec_kv1024_fp16_{x}.onnx", npu, ONCE, band=False)
        for x in ("dy", "dy23")
    )
    assert spelled.latency_us == pytest.approx(whole.latency_us, rel=0.03)


def test_the_last_row_is_cut_off_in_front_of_a_split_of_channels():
    """A prompt's packed gate and up projections: one row of 512 where only the last token leaves the layer."""
    nodes = [
        node("MatMul", "x w", "both"),
        helper.make_node("Split", ["both"], ["gate", "up"], "split", axis=2, num_outputs=2),
        node("Mul", "gate up", "m"),
        node("Slice", "m last end axis", "y"),
    ]
    constants = {"w": np.zeros((64, 256), np.float32), "last": [511], "end": [512], "axis": [1]}
    report = simulate(loaded(model(nodes, {"x": [1, 512, 64]}, ["y"], constants)), "meteor_lake", band=False)
    assert report.macs == 64 * 256
