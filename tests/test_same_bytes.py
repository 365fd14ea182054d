"""The same bytes whatever PYTHONHASHSEED, the threads and the order of a file's nodes are.

And the lowest versions are those pyproject.toml allows."""

import os
import random
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import onnx
import pytest

ROOT = Path(__file__).resolve().parents[1]


def report(seed: str, *options: str) -> str:
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": seed}
    arguments = [
        sys.executable,
        "-m",
        "npusim",
        "run",
        str(ROOT / "examples" / "mamba2_small.onnx"),
        *options,
    ]
    return subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment).stdout


@pytest.mark.parametrize("what", ["--json", "--trace"])
def test_a_report_has_the_same_bytes_from_any_hash_seed(what):
    assert report("1", what, "-") == report("7", what, "-")


def rewritten(seed: str, out: Path) -> bytes:
    """The example rewritten by all default passes, without a look at the answer (that is another library's)."""
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": seed}
    code = "import sys; from xamba.pipeline import optimize; optimize(sys.argv[1], sys.argv[2], check_answer=False)"
    example = str(ROOT / "examples" / "mamba2_small.onnx")
    subprocess.run([sys.executable, "-c", code, example, str(out)], check=True, env=environment)
    return out.read_bytes()


def test_a_rewritten_model_has_the_same_bytes_from_any_hash_seed(tmp_path):
    assert rewritten("1", tmp_path / "a.onnx") == rewritten("7", tmp_path / "b.onnx")


@pytest.mark.parametrize("order", ["reversed", "shuffled"])
def test_a_report_has_the_same_bytes_from_any_order_of_the_nodes(order):
    from npusim import hardware, load, simulate
    from npusim.report.json_report import to_json
    from npusim.report.trace import to_trace

    model = onnx.load(ROOT / "examples" / "mamba2_small.onnx")
    nodes = list(model.graph.node)
    for index, node in enumerate(nodes):  # an unnamed node is called by its place
        node.name = node.name or f"n{index}"
    before = simulate(load(model), hardware("lunar_lake"))
    mixed = nodes[::-1] if order == "reversed" else random.Random(3).sample(nodes, len(nodes))
    del model.graph.node[:]
    model.graph.node.extend(mixed)
    after = simulate(load(model), hardware("lunar_lake"))
    assert to_json(before) == to_json(after) and to_trace(before) == to_trace(after)


def test_the_lowest_versions_are_those_of_pyproject():
    with open(ROOT / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    allowed = {}
    for text in [*project["dependencies"], *project["optional-dependencies"]["ort"]]:
        name, version = re.fullmatch(r"([\w-]+)>=([\d.]+)", text).groups()
        allowed[name] = [int(part) for part in version.split(".")]
    for line in (ROOT / "tests" / "minimum.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, version = line.split("==")
            found = [int(part) for part in version.split(".")]
            least = allowed.pop(name)
            assert found == least + [0] * (len(found) - len(least)), line
    assert not allowed
