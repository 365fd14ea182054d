"""The Python interface as a notebook user meets it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest

import npusim
import xamba
from npusim.report.json_report import from_json
from npusim.report.saving import FORMS
from npusim.terminal.units import time

MODEL = Path(__file__).resolve().parents[1] / "examples" / "mamba2_small.onnx"


@pytest.fixture(scope="module")
def report():
    return npusim.simulate(MODEL, "lunar_lake", "2024.12")


def test_tab_lists_what_there_is_and_all_of_it_is_there():
    names = dir(npusim)
    assert {"simulate", "load", "compare", "sweep", "sensitivity", "pareto", "explain", "hardware"} <= set(
        names
    )
    for name in names:
        assert getattr(npusim, name) is not None
    assert {"optimize", "verify", "CumBA", "ReduBA"} <= set(dir(xamba))


def test_every_form_of_a_model_gives_the_same_answer(report):
    forms = [str(MODEL), MODEL, onnx.load(MODEL), ir.load(MODEL), npusim.load(MODEL)]
    assert {npusim.simulate(form, "lunar_lake", "2024.12").latency_us for form in forms} == {
        report.latency_us
    }


def test_names_tiles_and_dims_are_taken_where_they_are_said(tmp_path):
    hw = npusim.hardware("lunar_lake")
    one = npusim.simulate(MODEL, "NPU4000", tiles=2)
    assert one.tiles == 2 and one.latency_us == npusim.simulate(MODEL, hw.replace({"tiles": 2})).latency_us
    with pytest.raises(npusim.NpusimError, match="loaded"):
        npusim.simulate(npusim.load(MODEL), dims={"batch": 1})
    with pytest.raises(npusim.NpusimError, match="not int"):
        npusim.simulate(3)  # type: ignore[arg-type]


def test_what_a_prompt_shows_is_short_and_what_a_notebook_shows_is_whole(report):
    shown = [report, npusim.load(MODEL), npusim.hardware("lunar_lake"), npusim.compare(report, report)]
    for one in shown:
        assert len(repr(one)) < 200 and "\n" not in repr(one)
    cell = report._repr_html_()
    assert len(cell) < 6000 and "CumSum" in cell and time(report.latency_us) in cell


def test_a_comparison_is_a_page_in_a_notebook(report):
    assert "as fast" in npusim.compare(report, report)._repr_html_()


def test_a_hostile_name_does_not_leave_its_cell(report):
    from dataclasses import replace

    node = replace(report.nodes[0], name="<script>alert(1)</script>", critical_us=1e6)
    assert "<script>" not in replace(report, nodes=(node,), graph="<b>")._repr_html_()


def test_nodes_as_a_table(report):
    frame = report.to_pandas()
    assert list(frame.index) == [node.name for node in report.nodes]
    assert np.isclose(frame["critical_us"].sum(), report.latency_us)
    assert np.isclose(frame["dsp_busy_us"].sum(), report.engines["dsp"])


@pytest.mark.parametrize("ending", [e for e in FORMS if e != ".html"])
def test_save_writes_the_form_the_ending_says(report, tmp_path, ending):
    path = tmp_path / f"r{ending}"
    report.save(path)
    begins = {".json": '{\n"schema"', ".csv": "layerName", ".txt": "mamba2"}.get(ending, '{"traceEvents"')
    assert path.read_text("utf-8").startswith(begins)


def test_a_saved_report_is_read_back(report, tmp_path):
    report.save(tmp_path / "r.json")
    assert from_json((tmp_path / "r.json").read_text("utf-8")).graph == "mamba2_small.onnx"
    with pytest.raises(npusim.NpusimError, match=r"\.json"):
        report.save(tmp_path / "r.png")


def test_explain_and_pareto_at_the_top(report):
    text = npusim.explain(report, "CumSum_1")
    assert text.startswith("/mixer/CumSum_1\n") and repr(text) == text
    front = npusim.pareto(MODEL, {"tiles": [1, 2, 4]}, "tiles")
    assert front.on_front.any() and len(repr(front)) < 200
    found = npusim.sensitivity(MODEL)
    assert found.elasticities[0].name


def test_the_packages_say_that_they_are_typed():
    for package in ("npusim", "xamba", "npusim_xamba"):
        assert (Path(__file__).resolve().parents[1] / package / "py.typed").is_file()


def test_importing_npusim_imports_nothing_heavy():
    code = (
        "import npusim, sys; dir(npusim); "
        "print(json.dumps(sorted({'numpy', 'onnx', 'pydantic'} & set(sys.modules))))"
    )
    out = subprocess.run(
        [sys.executable, "-c", f"import json; {code}"], capture_output=True, text=True, check=True
    )
    assert json.loads(out.stdout) == []
