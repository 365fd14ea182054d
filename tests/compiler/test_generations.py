"""An NPU whose generation a compiler profile has no rules for is refused, or planned as another with a warning."""

import subprocess
import sys

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import list_profiles, load_profile, warnings_of
from npusim.errors import BadHardware
from npusim.graph import DType, Graph, Node, Value
from tests.loading.make import model as made
from tests.loading.make import node, save

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


def test_a_reader_of_several_compilers_is_told_once_each_and_names_are_taken_in_any_case() -> None:
    hw = HW.replace({"generation": "6000", "planned_as": "5010"})
    profiles = [load_profile(name) for name in ("2026", "2026-AS-Released", "2026")]
    assert profiles[1].name == "2026-as-released"
    said = warnings_of(hw, profiles)
    assert len(said) == len(set(said)) >= 2 and all("NPU 5010" in one for one in said)


@pytest.mark.slow
def test_every_command_that_prices_it_says_so(tmp_path) -> None:
    """Also where it answers for many machines, or for none of its own."""
    hw = tmp_path / "own.yaml"
    hw.write_text('based_on: panther_lake\nname: own\ngeneration: "6000"\nplanned_as: "5010"\n')
    model = save(made([node("Relu", ["x"], ["y"])], {"x": [4, 64]}, ["y"]), tmp_path)
    vary = ["--hw", hw, "--vary", "tiles=1,2"]
    for tool, command in (
        ("npusim", ["sweep", model, *vary, "-o", tmp_path / "out.csv"]),
        ("npusim", ["pareto", model, *vary, "--cost", "tiles"]),
        ("xamba", ["optimize", model, "-o", tmp_path / "out.onnx", "--for", hw]),
    ):
        ended = subprocess.run([sys.executable, "-m", tool, *command], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        assert "NPU 6000 is planned by the rules of" in " ".join(ended.stdout.split())
