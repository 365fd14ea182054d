"""Every form of profile is read, under its right label; what must not be used is refused in one sentence."""

import gzip
import json
import shutil

import pytest

from npusim.measured.layers import engine_times
from npusim.measured.profile import CPU, MEASURED, PREDICTED, UNKNOWN, VENDOR
from npusim.measured.readers.own_report import profile_of_report
from npusim.measured.readers.read import BadReport, for_calibration, read_report, read_reports
from npusim.measured.readers.trace_file import read_trace
from npusim.report.json_report import to_json
from npusim.simulation import MEASURED_COMPILER, simulate
from tests.measured.samples import (
    FILES,
    LUNAR,
    NET,
    NPU_COUNTERS,
    NPU_SUMMARY,
    REPORTS,
    synthetic_trace,
    write,
)
from tests.shared import SHARED, needs_shared

CUT = "benchmark_average_counters_report.json"
LAYERS = {"mm", "soft", "silu", "y"}


def refused(path, *words):
    with pytest.raises(BadReport) as caught:
        read_report(path)
    text = str(caught.value)
    assert "\n" not in text and all(word in text for word in words), text


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.name not in (CUT, "npusim_trace.json")], ids=lambda p: p.name
)
def test_a_file_of_a_cpu_run_is_read_and_labelled_so(path):
    profile = read_report(path)
    assert profile.label == CPU
    assert profile.layers or profile.latency_us
    with pytest.raises(BadReport, match="recorded on a CPU"):
        for_calibration(profile)


@pytest.mark.parametrize("name", ["detailed", "average", "detailed_json", "two_requests"])
def test_counters_list_the_executed_layers_and_borrow_the_latency_of_their_summary(name):
    file = next(p for p in (REPORTS / name).iterdir() if "counters" in p.name)
    profile = read_report(file)
    summary = next(p for p in (REPORTS / name).iterdir() if p.stem == "benchmark_report")
    assert {layer.name for layer in profile.layers} & LAYERS
    assert profile.latency_us == read_report(summary).latency_us
    assert all(layer.span_us >= 0 for layer in profile.layers)


def test_the_executed_graph_and_the_sorted_report_name_the_same_layers_as_the_counters():
    folder = REPORTS / "detailed"
    counters = read_report(folder / "benchmark_detailed_counters_report.csv")
    for other in ("benchmark_sorted_report.csv", "exec_graph.xml"):
        assert {y.name for y in read_report(folder / other).layers} >= {y.name for y in counters.layers}


def test_layers_of_several_requests_are_their_median(tmp_path):
    blocks = [
        NPU_COUNTERS.replace("MatMul;DPU;0.040", f"MatMul;DPU;{ms}") for ms in ("0.040", "0.060", "0.500")
    ]
    profile = read_report(write(tmp_path, "c.csv", "".join(blocks)))
    assert next(y for y in profile.layers if y.name == "mm").span_us == pytest.approx(60)


def test_the_average_json_of_openvino_2026_4_1_is_refused_because_it_is_cut_off():
    refused(REPORTS / "average_json" / CUT, "one layer only", "2026.4.1", "-json_stats")


@pytest.mark.parametrize("spelling", [str, lambda text: text.replace("Status.", "")])
def test_both_spellings_of_the_status_and_both_words_for_a_dsp_are_read(tmp_path, spelling):
    profile = read_report(write(tmp_path, "counters.csv", spelling(NPU_COUNTERS)))
    assert {y.name: y.engine for y in profile.layers} == {
        "mm": "mac_array",
        "soft": "dsp",
        "silu": "dsp",
        "y": "dsp",
    }
    assert profile.label == MEASURED and profile.layers[0].span_us == pytest.approx(40)


def test_numbers_instead_of_texts_are_read_as_the_cpp_benchmark_app_writes_them(tmp_path):
    document = json.loads((REPORTS / "detailed_json" / "benchmark_detailed_counters_report.json").read_text())
    for item in document["detailed_performance"][0]["nodes"]:
        item["real_time"], item["status"] = float(item["real_time"]), item["status"].removeprefix("Status.")
    assert read_report(write(tmp_path, "c.json", document)).layers


def test_counters_without_a_device_are_not_calibrated_to_until_the_summary_names_it(tmp_path):
    counters = write(tmp_path, "counters.csv", NPU_COUNTERS)
    with pytest.raises(BadReport, match="does not say on which device"):
        for_calibration(read_report(counters))
    summary = write(tmp_path, "summary.csv", NPU_SUMMARY)
    borrowed, _ = read_reports([counters, summary])
    assert for_calibration(borrowed).latency_us == pytest.approx(350)
    shutil.move(summary, tmp_path / "benchmark_report.csv")
    assert for_calibration(read_report(counters)).device == "NPU"


def test_counters_and_a_summary_of_different_devices_are_refused(tmp_path):
    write(tmp_path, "benchmark_report.csv", NPU_SUMMARY.replace("target device;NPU", "target device;CPU"))
    profile = read_report(write(tmp_path, "counters.csv", NPU_COUNTERS))
    assert any("two runs" in note for note in profile.notes) or profile.label != MEASURED


def test_a_trace_is_labelled_by_its_workpoint(tmp_path):
    for status, label in (("OK", MEASURED), ("SIM", VENDOR), ("UNKNOWN", MEASURED)):
        profile = read_report(write(tmp_path, "synthetic.json", synthetic_trace(NET, LUNAR, status=status)))
        assert profile.label == label and profile.tiles == LUNAR.tiles
    refused(
        write(tmp_path, "synthetic.json", synthetic_trace(NET, LUNAR, status="INVALID")),
        "INVALID",
        "frequency",
    )
    refused(write(tmp_path, "synthetic.json", synthetic_trace(NET, LUNAR, status="FINE")), "FINE")


def test_our_own_trace_and_report_are_predictions_and_nothing_is_fitted_to_them(tmp_path):
    report = write(tmp_path, "r.json", to_json(simulate(NET, LUNAR)))
    for path in (REPORTS / "npusim_trace.json", report):
        assert read_report(path).label == PREDICTED
        with pytest.raises(BadReport, match="prediction of npusim"):
            for_calibration(read_report(path))


def test_a_trace_gives_back_the_numbers_of_the_report_it_was_written_from():
    report = simulate(NET, LUNAR, MEASURED_COMPILER)
    profile = read_trace(synthetic_trace(NET, LUNAR), "t.json")
    moved = sum(t.nbytes * (t.source, t.destination).count("ddr") for t in report.tasks)
    assert profile.bytes_moved == pytest.approx(moved, rel=1e-6)
    assert profile.latency_us == pytest.approx(report.latency_us, abs=0.01)
    ours = engine_times(profile_of_report(report).tasks)
    ours["mac_array"] += ours["step"]  # a trace has no word for waiting: the MAC array's tasks hold it
    for engine in ("mac_array", "dsp"):
        assert profile.engines[engine] == pytest.approx(ours[engine], abs=0.1)
    assert {y.name for y in profile.layers} == {t.node for t in report.tasks}


def test_gzip_and_utf16_with_a_mark_are_understood(tmp_path):
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(NPU_COUNTERS.encode()))
    (tmp_path / "c.csv").write_bytes(NPU_COUNTERS.encode("utf-16"))
    expected = [y.name for y in read_report(write(tmp_path, "plain.csv", NPU_COUNTERS)).layers]
    for name in ("c.csv.gz", "c.csv"):
        assert [y.name for y in read_report(tmp_path / name).layers] == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["is empty"]),
        ("hello", ["no profile that npusim knows", "exec_graph.xml"]),
        ("{", ["no JSON"]),
        ("[" * 100_000, ["nests too deeply"]),
        ('{"a": NaN}', ["NaN is no number"]),
        ("[1, 2]", ["should be an object"]),
        ('{"a": 1}', ["no known profile", "it holds a"]),
        ('{"traceEvents": 3}', ["traceEvents should be a list"]),
        ('{"traceEvents": []}', ["without a single"]),
        ('{"traceEvents": [{"ph": "X", "cat": [1], "name": "a"}]}', ["without a single"]),
        ('{"format": "ov-measure/9"}', ["ov-measure/9", "ov-measure/1"]),
        ('{"report_type": "detailed"}', ["detailed_performance should be a list"]),
        ('{"report_type": "odd"}', ["'odd'", "detailed, average and sorted"]),
        ('{"execution_results": {}}', ["no 'latency (ms)'"]),
        ('{"schema_version": "2"}', ["no npusim report"]),
        ("<net>", ["no XML"]),
        ("<!DOCTYPE x><net/>", ["document type"]),
        ("<other/>", ["expected the 'net'"]),
        ("<net><layers><layer name='a'><data/></layer></layers></net>", ["no execTimeMcs"]),
        (NPU_COUNTERS.replace("realTime (ms)", "realTime"), ["the columns are"]),
        (NPU_COUNTERS.replace("0.040", "fast"), ["row 3", "realTime (ms)", "'fast'"]),
        (NPU_COUNTERS.replace("0.040", "-1"), ["no time of an inference"]),
        (NPU_COUNTERS.replace("0.040", "1e999"), ["no time of an inference"]),
        (NPU_COUNTERS.replace("Status.EXECUTED;MatMul", "DONE;MatMul"), ["row 3", "'DONE'"]),
        (NPU_COUNTERS.replace("MatMul;DPU;0.040;0.160", "MatMul"), ["row 3", "3 columns instead of 6"]),
        (NPU_COUNTERS.partition("\n")[0], ["lists no layer"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, content, words):
    refused(write(tmp_path, "report", content), *words)


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path):
    for content, word in ((b"\xff\xfe\xfd", "UTF-16"), (b"caf\xe9;", "UTF-8"), (b"\x1f\x8bno", "gzip")):
        (tmp_path / "r").write_bytes(content)
        refused(tmp_path / "r", word)
    refused(tmp_path / "absent.csv", "cannot be read")
    refused(tmp_path, "cannot be read")


def test_a_benchmark_of_an_unnamed_device_says_so(tmp_path):
    text = NPU_SUMMARY.replace("target device;NPU", "target device;GPU")
    assert read_report(write(tmp_path, "r.csv", text)).label == UNKNOWN


@needs_shared
def test_the_benchmark_app_files_beside_the_project_are_read():
    folder = SHARED / "reference" / "benchmark_app"
    files = [p for p in folder.rglob("*") if p.suffix in (".csv", ".json", ".xml") and p.name != CUT]
    assert len(files) >= 12 and all(read_report(p).label == CPU for p in files)
    refused(folder / "average_counters_json" / CUT, "one layer only")


@needs_shared
def test_the_vendor_schedules_say_what_their_own_statistics_say():
    for path in (SHARED / "reference" / "vendor_schedules").glob("*/compileTimeScheduleTrace.json"):
        profile = read_report(path)
        said = json.loads(path.read_text())["taskStatistics"]
        assert profile.label == VENDOR and profile.latency_us == pytest.approx(
            said["total duration"], abs=0.02
        )
        for engine, key in (("mac_array", "DPU duration"), ("dsp", "SW duration"), ("dma", "DMA duration")):
            assert profile.engines[engine] == pytest.approx(said[key], abs=0.02)
