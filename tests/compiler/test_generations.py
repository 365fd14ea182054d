"""An NPU whose generation a compiler profile has no rules for is refused, or planned as another with a warning."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.profile import list_profiles, load_profile
from npusim.errors import BadHardware
from npusim.graph import DType, Graph, Node, Value

HW = load_hardware("panther_lake")
PRODUCT = Graph(
    "product",
    (Node("op", "MatMul", ("x", "w"), ("y",), {}),),
    {
        "x": Value("x", (64, 128), DType.FLOAT16),
        "w": Value("w", (128, 256), DType.FLOAT16, True),
        "y": Value("y", (64, 256), DType.FLOAT16),
    },
    ("x",),
    ("y",),
    18,
)


@pytest.mark.parametrize("profile", list_profiles())
def test_an_unknown_generation_is_refused_with_the_nearest_known(profile) -> None:
    with pytest.raises(BadHardware, match=r'no rules for NPU 6000, only for .*planned_as: "5010"'):
        compile_graph(PRODUCT, HW.replace({"generation": "6000"}), load_profile(profile))


def test_planned_as_another_gives_its_plan_and_says_so() -> None:
    profile = load_profile("2026")
    own = compile_graph(PRODUCT, HW, profile)
    other = compile_graph(PRODUCT, HW.replace({"generation": "6000", "planned_as": "5010"}), profile)
    assert (other.ask, other.after) == (own.ask, own.after)
    assert own.warnings == () and len(other.warnings) == 1
    assert "NPU 6000 is planned by the rules of compiler 2026 for NPU 5010" in other.warnings[0]


def test_planned_as_an_unknown_one_is_refused_too() -> None:
    with pytest.raises(BadHardware, match=r"planned_as: compiler 2026 has no rules for NPU 7000"):
        compile_graph(PRODUCT, HW.replace({"planned_as": "7000"}), load_profile("2026"))
