"""The report says where sources disagree and where a headline rests on one assumed number."""

import numpy as np

import npusim
from tests.graphs import loaded, model, node


def scan(length):
    return loaded(
        model([node("CumSum", "x a", "y")], {"x": [1, 64, length]}, ["y"], {"a": np.array(2, dtype=np.int64)})
    )


def test_a_headline_on_one_assumed_number_is_a_warning_with_the_number_and_its_rival():
    found = npusim.simulate(scan(8192), npusim.hardware("panther_lake"))
    (warning,) = [w for w in found.warnings if "cumsum" in w]
    assert "one assumed number, 2.04 DSP cycles an element" in warning and "24.0 cycles" in warning


def test_where_the_line_is_published_there_is_no_such_warning():
    found = npusim.simulate(scan(8192), npusim.hardware("lunar_lake"))
    assert not [w for w in found.warnings if "assumed" in w]


def test_a_kernel_whose_two_sources_are_far_apart_is_named_on_its_node():
    graph = loaded(model([node("Gelu", "x", "y")], {"x": [64, 1024]}, ["y"]))
    (gelu,) = [n for n in npusim.simulate(graph, npusim.hardware("lunar_lake")).nodes if n.op_type == "Gelu"]
    assert "sources differ: 'gelu' takes 0.385 DSP cycles an element here, 1.14 by the price" in gelu.reason


def test_a_kernel_whose_sources_agree_is_not():
    graph = loaded(model([node("Softmax", "x", "y", axis=-1)], {"x": [64, 1024]}, ["y"]))
    (found,) = [
        n for n in npusim.simulate(graph, npusim.hardware("lunar_lake")).nodes if n.op_type == "Softmax"
    ]
    assert "sources differ" not in found.reason


def cosine():
    return loaded(model([node("Cos", "x", "y")], {"x": [1024, 64]}, ["y"]))


def test_a_headline_on_one_of_two_published_numbers_is_a_warning_that_names_both():
    found = npusim.simulate(cosine(), npusim.hardware("meteor_lake"))
    (warning,) = [w for w in found.warnings if "'cos'" in w]
    assert (
        "one of two sources that differ, 44 DSP cycles an element" in warning and "136 by another" in warning
    )
    low, high = found.band_us
    assert low < found.latency_us / 1.7 and high > 2.5 * found.latency_us


def test_what_a_compiler_is_asked_to_price_is_no_doubt():
    found = npusim.simulate(cosine(), npusim.hardware("meteor_lake"), "2026-as-released")
    assert not [w for w in found.warnings if "'cos'" in w]
