"""An IR of fixed sizes whose .bin is lost: the sizes at its ports tell what small constants hold."""

import shutil

import numpy as np
import pytest

import npusim
from npusim.errors import BadModel, UnknownShape
from tests.loading.ir.runs import IR, graph_row
from tests.shared import needs_shared

STATIC = [p for p in sorted((IR / "small").glob("*.xml")) if "stateful" not in p.stem]


@needs_shared
@pytest.mark.parametrize("path", STATIC, ids=lambda p: p.stem)
def test_a_static_file_costs_the_same_without_its_bin(path, tmp_path):
    alone = shutil.copyfile(path, tmp_path / path.name)
    found, wanted = (npusim.simulate(p, "lunar_lake", band=False) for p in (alone, path))
    assert graph_row(found) == pytest.approx(graph_row(wanted), rel=1e-9)


@needs_shared
def test_what_is_guessed_is_named(tmp_path):
    """Along which axis a cumulative sum runs no size says."""
    path = IR / "small" / "mamba2_tf5_L16_dy_fp16.xml"
    graph = npusim.load(shutil.copyfile(path, tmp_path / path.name))
    assert any("is guessed" in s and "of 'node_cumsum_1' (CumSum)" in s for s in graph.warnings)
    assert not any("guessed" in s for s in npusim.load(path).warnings)


@needs_shared
def test_a_large_static_file_needs_no_weights(tmp_path):
    path = IR / "large" / "llama32_1b_static_kv1024_int4.xml"
    graph = npusim.load(shutil.copyfile(path, tmp_path / path.name))
    report = npusim.simulate(graph, "lunar_lake", band=False)
    assert report.macs == 1_302_855_680 + 32
    assert report.bytes_moved == pytest.approx(810_410_189 + 3 * 4 * 2**24 + 2**24, rel=0.1)  # fp32 cache


@needs_shared
def test_free_sizes_need_the_bin(tmp_path):
    path = IR / "small" / "llamatiny_stateful_fp16.xml"
    alone = shutil.copyfile(path, tmp_path / path.name)
    with pytest.raises(
        BadModel, match=r"lies in '.*\.bin', which is not there; put the \.bin .* or fix all sizes"
    ):
        npusim.load(alone, {"batch_size": 1, "sequence_length": 1, "past_sequence_length": 16})


def test_cuts_side_by_side_and_rows_of_a_table_follow_the_names(tmp_path):
    """Parts of 3, 5 and 2 of an axis of ten, and rows picked one by one, as unrolled scans pick them."""
    ov = pytest.importorskip("openvino")
    from openvino import opset13 as op

    x = op.parameter([4, 10], np.float32)
    parts = []
    for number, (a, b) in enumerate(((3, 8), (0, 3), (8, 10))):
        cut = op.slice(x, *(op.constant([v]) for v in (a, b, 1, 1)))
        cut.set_friendly_name(f"cut_{(2, 1, 3)[number]}")
        parts.append(op.reduce_sum(cut, op.constant([1]), True))
    for k in range(4):
        row = op.gather(x, op.constant(k), op.constant(0))
        row.set_friendly_name(f"row_{k}" if k else "row")
        parts.append(op.exp(row))
    ov.save_model(ov.Model([op.result(p) for p in parts], [x], "m"), tmp_path / "m.xml")
    wanted = npusim.simulate(tmp_path / "m.xml", "lunar_lake", band=False)
    (tmp_path / "m.bin").unlink()
    from npusim.loading.ir.front import model_of

    model = model_of(str(tmp_path / "m.xml"))[0]
    held = {
        t.name: np.frombuffer(t.raw_data, np.int64).tolist()
        for t in model.graph.initializer
        if t.data_type == 7
    }
    begins = {n.name: held[n.input[1]] for n in model.graph.node if n.op_type == "Slice"}
    assert begins == {"cut_1": [0], "cut_2": [3], "cut_3": [8]}
    assert graph_row(npusim.simulate(tmp_path / "m.xml", "lunar_lake", band=False)) == graph_row(wanted)


def test_a_target_of_free_size_needs_the_bin_and_the_sentence_says_so(tmp_path):
    ov = pytest.importorskip("openvino")
    from openvino import opset13 as op

    x = op.parameter([-1, 3, 8], np.float32)
    x.output(0).set_names({"x"})
    y = op.reshape(op.relu(x), op.constant([0, -1]), True)
    ov.save_model(ov.Model([op.result(y)], [x], "m"), tmp_path / "m.xml")
    assert npusim.load(tmp_path / "m.xml", {"x.0": 2}).outputs
    (tmp_path / "m.bin").unlink()
    with pytest.raises(UnknownShape, match=r"constants lie in 'm\.bin', which is not there: put the \.bin"):
        npusim.load(tmp_path / "m.xml", {"x.0": 2})
