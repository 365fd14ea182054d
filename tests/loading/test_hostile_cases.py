"""Awkward inputs of `cases/hostile`, line by line of its README: a price or one sentence, and soon."""

import math
import resource
import subprocess
import sys
import time

import pytest

from npusim import hardware, load, simulate
from npusim.errors import BadHardware, NpusimError, TooLarge
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared
FOLDER = SHARED / "cases" / "hostile"
ATTRIBUTES = sorted(path.name for path in FOLDER.glob("attr_*.onnx"))


def report(name, **options):
    return simulate(load(FOLDER / f"{name}.onnx", **options), hardware("lunar_lake"))


def test_a_separate_cache_and_a_stacked_one_are_the_same_work_to_load():
    stacked, separate = load(FOLDER / "kv_stacked.onnx"), load(FOLDER / "kv_separate.onnx")
    assert [stacked.values[o].shape for o in stacked.outputs] == [
        separate.values[o].shape for o in separate.outputs
    ]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_wrong_attribute_or_shape_is_a_price_or_a_sentence_that_names_the_node(name):
    try:
        assert math.isfinite(report(name.removesuffix(".onnx")).latency_us)
    except NpusimError as error:
        assert "node '" in str(error) or "tensor '" in str(error), error


def test_nested_ifs_take_time_linear_in_the_file():
    before = time.process_time()
    assert report("nest20").latency_us >= 0
    assert time.process_time() - before < 60  # 2^20 branches would take hours


@pytest.mark.parametrize("name", ["lstm6", "convpad", "cos"])
def test_a_few_hundred_bytes_that_claim_huge_sizes_are_one_sentence_or_a_price(name):
    code = f"""
import npusim
try:
    npusim.simulate(npusim.load({str(FOLDER / name) + ".onnx"!r}), npusim.hardware("lunar_lake"))
except npusim.errors.NpusimError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", "import npusim.errors\n" + code], capture_output=True, text=True,
                          timeout=120, preexec_fn=_little_memory)  # fmt: skip
    assert done.returncode == 0, done.stderr


def _little_memory():
    resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, 3 * 10**9))


def test_two_to_the_thousand_elements_are_one_sentence():
    with pytest.raises(TooLarge, match="1000 dimensions"):
        report("relu_rank_1000_of_2")


def test_a_latency_of_1e308_ns_is_named():
    with pytest.raises(BadHardware, match=r"huge.yaml:3: dma.latency_ns: .*1e\+308"):
        hardware(FOLDER / "huge.yaml")


def test_a_function_of_another_opset_is_priced():
    assert report("fopset").latency_us > 0


def test_the_reader_of_a_view_loads_the_view_not_its_base():
    """What crosses DDR is the slice and the result, and not the tensor that it is cut from."""
    graph = load(FOLDER / "view_reader_whole_base.onnx")
    base = max(value.npu_bytes for value in graph.values.values())
    assert report("view_reader_whole_base").bytes_moved < base


@pytest.mark.parametrize("command", [
    ("npusim", "run", "{file}"),
    ("npusim", "run", "{file}", "--verbose"),
    ("npusim", "check", "{file}"),
    ("npusim", "explain", "{file}", "0"),
    ("xamba", "verify", "{file}", "{file}"),
    ("xamba", "optimize", "{file}", "-o", "{out}"),
])  # fmt: skip
def test_escape_sequences_in_names_reach_no_terminal(command, tmp_path):
    tool, *words = (word.format(file=FOLDER / "ansi.onnx", out=tmp_path / "out.onnx") for word in command)
    done = subprocess.run([sys.executable, "-m", tool, *words], capture_output=True, text=True, timeout=120)
    assert "\x1b" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
