"""Sums, normalisations, products and kernels: what stays in the scratchpads between them."""

from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.layouts.norm_edges import UNEVEN, shares
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.transformers import bert
from tests.vendor.op_graphs import build


def steps(length, name, tiles):
    g = Builder(weights=False)
    graph = of_model(g.model(bert(g, length, 12, 1)), "")
    return compile_graph(graph, load_hardware(name).replace({"tiles": tiles}), load_profile("2026")).steps


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_shares_are_as_even_as_whole_numbers_allow(extent, tiles):
    found = shares(extent, tiles)
    assert sum(found) == extent and len(found) == tiles and max(found) - min(found) <= 1


def test_sums_cross_ddr_where_rows_do_not_share_evenly():
    """Intel's schedules of 128 rows of 768 on NPU 4000: 21.7 MB on four tiles, 24.6 on five."""
    four, five = (steps(128, "lunar_lake", tiles) for tiles in (4, 5))
    assert not any(UNEVEN in s.reason for s in four)
    assert any(UNEVEN in s.reason for s in five if s.node.op_type == "LayerNormalization")


def test_a_large_product_is_cut_together_with_its_kernel():
    """Gelu/slice_* on NPU 4000: of 256 x 3,072, not of 192 x 3,072."""
    for length, together in ((256, True), (192, False)):
        kernels = [s for s in steps(length, "lunar_lake", 4) if s.node.op_type == "Gelu"]
        assert kernels and all(("cut together" in s.reason) is together for s in kernels)


def crossings(size, name, tiles):
    """Whose input crosses DDR because the tiles share it otherwise: the norm of 64 channels of an image, its scale."""
    graph = of_model(build(f"ln2d_64_{size}", weights=False), "")
    profile = load_profile("2026-as-released")
    found = compile_graph(graph, load_hardware(name).replace({"tiles": tiles}), profile).steps
    return [
        s.node.op_type
        for s in found
        if UNEVEN in s.reason and "input" in s.reason and s.node.op_type != "Conv"
    ]


def test_pixels_are_normalised_where_they_lie():
    """Intel's schedules of norms over the channels of an image: on two tiles 56 and 72 rows stay, 30 rows of 30 are
    scaled from DDR (225 lines of four pixels); on three, 56 rows are normalised from DDR as well, not 72 nor 30."""
    norm, scale = "MeanVarianceNormalization", "Mul"
    assert [crossings(n, "meteor_lake", 2) for n in (72, 56, 30)] == [[], [], [scale]]
    assert [crossings(n, "panther_lake", 3) for n in (72, 56, 30)] == [[], [norm, scale], []]
