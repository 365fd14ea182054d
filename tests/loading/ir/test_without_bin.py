"""An IR of fixed sizes whose .bin is lost: the sizes at its ports tell what small constants hold."""

import shutil

import pytest

import npusim
from npusim.errors import BadModel
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
