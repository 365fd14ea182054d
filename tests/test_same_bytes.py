"""The same bytes whatever PYTHONHASHSEED is; and the lowest versions are those pyproject.toml allows."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

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
