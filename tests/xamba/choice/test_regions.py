"""Long models are cut into equal stretches; what is chosen for one is made at all."""

import pytest

from tests.shared import SHARED, needs_shared
from tests.xamba.build import check, ops
from tests.xamba.choice.models import layers
from xamba import verify
from xamba.choice.choose import Chooser
from xamba.choice.pricing import Pricer
from xamba.choice.regions import as_whole, extract, regions
from xamba.choice.targets import targets
from xamba.facts.facts import Facts
from xamba.files import load

LUNAR = targets(["lunar_lake"], ["2024.12"])
LONG = 12  # layers of 53 nodes: long enough to be cut


def long_model():
    return layers(LONG, padding=48)


def test_equal_layers_are_one_region():
    m = long_model()
    found = regions(m, Facts(m))
    assert max(region.count for region in found) >= LONG - 1
    assert sum(region.count * len(region.parts[0]) for region in found) == len(m.graph)


def test_a_short_model_is_one_region():
    m = layers(2)
    assert [region.count for region in regions(m, Facts(m))] == [1]


def test_another_attribute_or_constant_makes_another_layer_and_other_weights_do_not():
    m = long_model()
    nodes = [node for node in m.graph if node.op_type == "Tanh"]
    nodes[len(nodes) // 2].op_type = "Sigmoid"
    counts = sorted(region.count for region in regions(m, Facts(m)))
    assert counts[-1] >= LONG - 2 and 1 in counts


def test_a_stretch_is_a_valid_model_of_its_own():
    m = long_model()
    facts = Facts(m)
    for region in regions(m, facts):
        part = extract(m, facts, region)
        check(part)
        assert [n.op_type for n in part.graph] == [n.op_type for n in region.parts[0]]
        assert Pricer(LUNAR)(part)[0] > 0


def test_what_pays_in_one_layer_is_made_in_all_and_keeps_the_answer():
    m = long_model()
    choice = Chooser(LUNAR, trust=True).choose(m)
    assert "CumSum" not in ops(choice.model)
    assert choice.alike
    assert sum(site.count for site in choice.sites if site.taken and site.pass_name == "cumba") == LONG
    assert choice.priced < 60  # not once a layer
    assert verify(m, choice.model).ok


@pytest.mark.slow
@needs_shared
@pytest.mark.parametrize("name, nodes", [("mamba2_130m_tf5_L256_dy", 97), ("mamba2_130m_tf4_L4_ts", 125)])
def test_the_24_layers_of_a_real_model_are_one_region(name, nodes):
    m = load(SHARED / "graphs" / "large" / f"{name}.onnx")
    assert (24, nodes) in [(region.count, len(region.parts[0])) for region in regions(m, Facts(m))]


@needs_shared
@pytest.mark.slow
def test_a_real_model_of_24_layers_is_chosen_for_with_few_prices():
    m = load(SHARED / "graphs" / "large" / "mamba2_130m_tf5_L256_dy.onnx")
    choice = Chooser(targets(["lunar_lake"])).choose(m)
    assert choice.before[0] / choice.after[0] > 3
    assert choice.priced < 400 and choice.alike


def test_a_part_that_is_the_whole_model_can_stand_for_it_and_no_other_can():
    m, long = layers(2), long_model()
    facts = Facts(m)
    whole = as_whole(extract(m, facts, regions(m, facts)[0]), m)
    assert whole is not None and verify(m, whole).ok
    facts = Facts(long)
    assert as_whole(extract(long, facts, regions(long, facts)[0]), long) is None
