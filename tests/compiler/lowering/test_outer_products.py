"""A Mul of a column by a row for every place of the axes in front is a batch of products on the newer NPUs."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded, model, node


def found(hardware, left, right):
    """The node that multiplies two inputs."""
    graph = loaded(model([node("Mul", "a b", "y")], {"a": left, "b": right}, ["y"]))
    return next(n for n in simulate(graph, load_hardware(hardware), "2026").nodes if n.name == "y")


@pytest.mark.parametrize("hardware", ["lunar_lake", "panther_lake"])
@pytest.mark.parametrize(
    "left, right",
    [([8, 64, 1], [8, 1, 64]), ([1, 8, 1, 16], [1, 8, 256, 1]), ([2, 4, 128, 1], [2, 4, 1, 32])],
)
def test_a_batch_of_outer_products_of_4096_elements_is_a_product_without_macs(hardware, left, right):
    product = found(hardware, left, right)
    assert (product.op_type, product.engine, product.macs) == ("MatMul", "mac_array", 0.0)


@pytest.mark.parametrize(
    "left, right",
    [
        ([8, 192, 1], [8, 1, 16]),
        ([1, 8, 64, 1], [1, 1, 1, 64]),
        ([64, 1], [1, 64]),
        ([8, 64, 64], [8, 1, 64]),
    ],
)
def test_smaller_ones_and_those_without_a_batch_of_their_own_stay_a_mul(left, right):
    assert found("panther_lake", left, right).op_type == "Mul"


def test_npu_3720_multiplies_them_on_the_dsps():
    assert found("meteor_lake", [8, 64, 1], [8, 1, 64]).engine == "dsp"
