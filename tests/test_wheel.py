"""The installed wheel works from any folder: hardware, compiler profiles, schema and tables travel with it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the built wheel unpacked into it, as an installer does; everything else comes from here."""
    pytest.importorskip("hatchling", reason="building the wheel needs hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed, folder, *words):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, "-P", "-m", *words], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_the_wheel_knows_its_hardware_in_any_folder(installed, tmp_path):
    done = run(installed, tmp_path, "npusim", "hw", "list")
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in ("meteor_lake", "lunar_lake", "panther_lake"))
    where = run(installed, tmp_path, "npusim", "hw", "show", "lunar_lake")
    assert "VPUNN" in where.stdout


def test_the_wheel_runs_a_model_under_both_compilers(installed, tmp_path):
    model = ROOT / "examples" / "mamba2_small.onnx"
    for compiler in ("2024.12", "2026"):
        done = run(
            installed, tmp_path, "npusim", "run", str(model), "--compiler", compiler, "--json", "r.json"
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "r.json").read_text().startswith("{")


def test_the_wheel_holds_no_tests_and_all_data(installed):
    names = {str(p.relative_to(installed)) for p in installed.rglob("*") if p.is_file()}
    assert "npusim/hw_configs/lunar_lake.yaml" in names and "npusim/hw_configs/compilers/2026.yaml" in names
    assert "npusim/report/schema.json" in names
    assert not [n for n in names if n.startswith(("tests/", "examples/", "docs/"))]


def test_xamba_starts_from_the_wheel(installed, tmp_path):
    done = run(installed, tmp_path, "xamba", "passes")
    assert done.returncode == 0 and "cumba" in done.stdout.lower(), done.stderr
