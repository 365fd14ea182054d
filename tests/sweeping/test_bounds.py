"""What a sweep may take: plans of structural sweeps are counted, and a run killed at any moment can be resumed."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from npusim import hardware
from npusim.errors import TooLarge
from npusim.sweeping import files
from npusim.sweeping.evaluate import Evaluator, weight_of
from tests.sweeping.graph import small_graph
from tests.sweeping.test_command import POINTS

pytest.importorskip("xarray")
pytest.importorskip("zarr")


def evaluator(plan_bytes):
    from npusim.sweeping.axes import make_axes

    hw = hardware("lunar_lake")
    axes = make_axes({"tiles": [1, 2, 3, 4]}, hw, grid=True)
    return Evaluator(small_graph(), hw, axes, plan_bytes=plan_bytes)


TILES = {"tiles": np.array([1, 2, 3, 4, 1, 2, 3, 4])}


def test_plans_that_weigh_too_much_together_are_forgotten_and_made_again():
    roomy = evaluator(10**9)
    expected = roomy(TILES).latency_us
    largest = max(weight_of(plan) for plan in roomy._plans.values())
    tight = evaluator(int(2 * largest))
    assert tight(TILES).latency_us.tolist() == expected.tolist()
    assert sum(weight_of(plan) for plan in tight._plans.values()) == tight._held_bytes <= 2 * largest
    assert len(roomy._plans) == 4 > len(tight._plans)


def test_a_plan_that_alone_weighs_too_much_is_a_sentence():
    with pytest.raises(TooLarge, match=r"a plan of .* takes about .* for plans; allow"):
        evaluator(1000)(TILES)


def test_a_folder_left_by_a_run_killed_while_it_began_is_no_obstacle(npusim, model_file, tmp_path):
    out = tmp_path / "out.zarr"
    (tmp_path / "out.zarr.begun").mkdir()
    (tmp_path / "out.zarr.begun" / ".zgroup").write_text("half")
    assert npusim("sweep", model_file, *POINTS, "-o", out, "--resume")[0] == 0
    assert sorted(os.listdir(tmp_path)) == ["out.zarr", "small.onnx"]


@pytest.mark.slow
def test_a_sweep_killed_at_any_moment_of_its_beginning_can_be_resumed(model_file, tmp_path):
    command = [sys.executable, "-m", "npusim", "sweep", str(model_file), *POINTS, "--resume"]
    for at_s in (0.6, 0.9, 1.2):  # imports take the first part of it
        out = tmp_path / f"out_{at_s}.zarr"
        run = subprocess.Popen(
            [*command, "-o", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(at_s)
        run.send_signal(signal.SIGKILL)
        run.wait()
        again = subprocess.run([*command, "-o", str(out)], capture_output=True, text=True)
        assert again.returncode == 0, again.stderr
        assert np.isfinite(files.read_dataset(str(out))["latency_us"].values).all()
