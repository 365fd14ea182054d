"""Of a batch of as many images as NPU 3720 has tiles every tile takes one."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import Plan
from npusim.compiler.rules.profile import load_profile
from npusim.measures import ddr_bytes
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv_relu

TABLE_BYTES = 16


def _plan(
    batch: int, groups: tuple[int, ...], channels: int = 256, side: int = 16, profile: str = "2026"
) -> Plan:
    g = Builder(weights=False)
    x = g.input(batch, channels, side, side)
    for n in groups:
        x = conv_relu(g, x, channels, channels, groups=n)
    return compile_graph(of_model(g.model(x), ""), load_hardware("meteor_lake"), load_profile(profile))


def _bytes(plan: Plan) -> float:
    return sum(map(ddr_bytes, plan.ask, plan.repeats))


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_weights_are_read_once(profile: str) -> None:
    """By hand: of 256 x 16 x 16 a layer more reads 256 x 256 x 3 x 3 and a table once, and hands on inside."""
    layer = 256 * 256 * 9 * 2 + 256 * TABLE_BYTES
    three, four = (_bytes(_plan(2, (1,) * n, profile=profile)) for n in (3, 4))
    assert four - three == pytest.approx(layer, rel=0.01)


def test_a_window_for_each_channel_shares_rows_of_both() -> None:
    """By hand: what it reads and makes crosses DDR, 2 images of 32 x 32 x 32 each way, twice."""
    image = 2 * 32 * 32 * 32 * 2
    plain, between = (_bytes(_plan(2, g, 32, 32)) for g in ((1, 1), (1, 32, 1)))
    assert between - plain == pytest.approx(4 * image, rel=0.01)


def test_two_images_cost_as_much_as_one_to_two() -> None:
    """An image is shared by both tiles, or each takes one."""
    one, two = (_bytes(_plan(n, (1, 1, 1))) for n in (1, 2))
    assert one < two < 2 * one


def test_a_convolution_alone_takes_images_one_by_one() -> None:
    """By hand: as a lone op of a batch does there, its weights are read for each."""
    one, two = (_bytes(_plan(n, (1,))) for n in (1, 2))
    assert two - one > 256 * 256 * 9 * 2


@pytest.mark.parametrize(("side", "copied"), [(160, 0), (112, 1)])
def test_columns_are_folded_where_both_images_do_not_fit_a_tile(side: int, copied: int) -> None:
    """By hand: padded to sixteens 160 x 160 and the result take 1.2 MB an image, 2.5 both; 112 x 112 1.2 both, and are
    filled up by a copy within the DDR."""
    g = Builder(weights=False)
    x = conv_relu(g, conv_relu(g, g.input(2, 3, side, side), 3, 32, stride=2), 32, 32)
    plan = compile_graph(of_model(g.model(x), ""), load_hardware("meteor_lake"), load_profile("2026"))
    assert any("padded" in label for label in plan.label) == bool(copied)
