"""What the commands say when all is well."""

import json
import os
import stat
import subprocess
import sys
import threading

import pytest

from npusim.arch.presets import list_hardware
from npusim.report.json_report import from_json
from tests.shared import SHARED, needs_shared


def test_run_prints_the_page(npusim, model):
    code, out, err = npusim("run", model)
    assert (code, err) == (0, "")
    assert out.startswith("model.onnx on lunar_lake: ")
    for word in ("CumSum", "MatMul", "Sigmoid", "why", "known"):
        assert word in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_json_on_standard_output_is_json_and_nothing_else(npusim, model):
    code, out, err = npusim("run", model, "--json", "-")
    assert (code, err) == (0, "")
    report = from_json(out)
    assert report.graph == "model.onnx"
    assert report.latency_us == pytest.approx(sum(node.critical_us for node in report.nodes), abs=0.01)


@pytest.mark.parametrize("option", ["--csv", "--trace"])
def test_csv_and_trace_can_be_standard_output_too(npusim, model, option):
    _, out, _ = npusim("run", model, option, "-")
    assert out.startswith("layerName;" if option == "--csv" else '{"traceEvents":[')


def test_all_files_are_written_beside_the_page(npusim, model, tmp_path):
    files = {option: tmp_path / f"report.{option}" for option in ("json", "csv", "trace")}
    options = [text for option, path in files.items() for text in (f"--{option}", path)]
    code, out, _ = npusim("run", model, *options)
    assert code == 0 and "latency" not in out and out.startswith("model.onnx on")
    assert from_json(files["json"].read_text("utf-8")).nodes
    assert files["csv"].read_text("utf-8").startswith("layerName;")
    assert json.loads(files["trace"].read_text("utf-8"))["workpoint"]["status"] == "SIM"
    assert sorted(os.listdir(tmp_path)) == sorted(["model.onnx", *(path.name for path in files.values())])


def test_a_file_is_replaced_whole_and_keeps_its_permissions(npusim, model, tmp_path):
    old = tmp_path / "report.json"
    old.write_text("x" * 10**6)
    old.chmod(0o640)
    assert npusim("run", model, "--json", old).code == 0
    assert from_json(old.read_text("utf-8"))
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_a_link_stays_a_link(npusim, model, tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    assert npusim("run", model, "--json", tmp_path / "link.json").code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert from_json((tmp_path / "real.json").read_text("utf-8"))


def test_what_is_no_plain_file_is_written_to_and_never_replaced(npusim, model, tmp_path):
    """A pipe of our own stands for /dev/null here: a broken guard must not cost the machine its devices."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    assert npusim("run", model, "--csv", pipe).code == 0
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    reader.join(timeout=10)
    assert read and read[0].startswith("layerName;")


def test_explain_tells_about_one_node_by_a_piece_of_its_name(npusim, model):
    code, out, _ = npusim("explain", model, "MatMul")
    assert code == 0
    assert out.splitlines()[0] == "/block.0/MatMul"
    for word in ("engine", "why", "bound by", "cost is", "start"):
        assert word in out


def test_a_free_dimension_can_be_bound(npusim, free_model):
    one = from_json(npusim("run", free_model, "--dim", "batch=1", "--json", "-").out)
    four = from_json(npusim("run", free_model, "--dim", "batch=4", "--json", "-").out)
    assert four.macs == 4 * one.macs > 0


def test_an_op_without_a_cost_can_be_let_through_and_is_named(npusim, strange_model):
    code, out, _ = npusim("run", strange_model, "--allow-unmodelled")
    assert code == 0
    assert "no cost for 1 " in out and "Frobnicate" in out


@pytest.mark.parametrize("options", [["--tiles", 6], ["--hw", "meteor_lake"], ["--precision", "int8"]])
def test_options_reach_the_simulation(npusim, model, options):
    plain = from_json(npusim("run", model, "--json", "-").out)
    changed = from_json(npusim("run", model, *options, "--json", "-").out)
    field = {"--tiles": "tiles", "--hw": "hardware", "--precision": "precision"}[options[0]]
    assert getattr(changed, field) == options[1] != getattr(plain, field)
    assert changed.latency_us != plain.latency_us


def test_top_sets_the_length_of_the_table(npusim, model):
    assert "/block.1/Sigmoid" not in npusim("run", model, "--top", 1).out.split("why")[0]
    assert "/block.1/Sigmoid" in npusim("run", model, "--top", 3).out.split("why")[0]
    assert "slowest" not in npusim("run", model, "--top", 0).out


def test_hw_list_names_every_npu(npusim):
    code, out, _ = npusim("hw", "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == list_hardware()


@pytest.mark.parametrize("name", list_hardware())
def test_hw_show_gives_value_unit_and_source_of_every_number(npusim, name):
    from npusim.arch.presets import load_hardware

    hw = load_hardware(name)
    document = json.loads(npusim("hw", "show", name, "--json", "-").out)
    assert document["numbers"].keys() == hw.numbers().keys()
    assert document["numbers"]["mac_array.clock_mhz"]["unit"] == "MHz"
    assert all(number["source"] and number["from"] for number in document["numbers"].values())
    code, out, _ = npusim("hw", "show", name)
    assert all(len(line) <= 80 for line in out.splitlines())
    head = out.split("Units: docs/hardware.md")[0]
    assert all(number["source"] in head for number in document["numbers"].values())  # each kind is named
    assert code == 0 and f"{hw.mac_array.clock_mhz:g}  MHz" in out and "tile" in out
    for number in hw.numbers():
        assert number.rpartition(".")[2] in out or number.startswith("dsp.kernels.")


def test_every_number_with_a_unit_in_its_name_is_shown_with_one():
    from npusim.arch.presets import load_hardware
    from npusim.arch.units import unit

    without = {name.rpartition(".")[2] for name in load_hardware("lunar_lake").numbers() if unit(name) == "1"}
    assert not {
        name for name in without if name.endswith(("_mhz", "_ns", "_bytes", "_cycles", "_per_cycle", "_s"))
    }


def test_ops_lists_every_op_with_a_cost(npusim):
    from npusim.ops.registry import known_ops

    listed = json.loads(npusim("ops", "--json", "-").out)["ops"]
    assert {(info["domain"], info["op"]) for info in listed} == {(i.domain, i.op) for i in known_ops()}
    out = npusim("ops").out
    assert "CumSum" in out and f"{len(listed)} ops" in out


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["run", "-h"], ["explain", "-h"], ["hw", "-h"], ["ops", "-h"]]
)
def test_help_is_there_for_every_command(npusim, arguments):
    code, out, _ = npusim(*arguments)
    assert code == 0 and "Usage: npusim" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_the_list_of_commands_has_whole_sentences(npusim):
    for arguments in (["--help"], ["hw", "--help"]):
        listed = npusim(*arguments).out.split("Commands:")[1]
        assert not [line for line in listed.splitlines() if line.endswith("...")]


def test_version(npusim):
    assert npusim("--version").out.startswith("npusim ")


def test_help_imports_nothing_heavy():
    heavy = {"numpy", "onnx", "pydantic", "rich", "scipy", "networkx", "yaml"}
    code = (
        "import sys; sys.argv = ['npusim', '--help']\n"
        "from npusim.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('HEAVY', sorted({heavy!r} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.endswith("HEAVY []\n")


def test_a_pipe_gets_no_escape_codes_and_a_closed_one_no_traceback(model):
    command = f"{sys.executable} -m npusim run {model}"
    whole = subprocess.run(["sh", "-c", f"{command} | cat"], capture_output=True, text=True, check=True)
    assert whole.stderr == "" and "\x1b" not in whole.stdout and "CumSum" in whole.stdout
    cut = subprocess.run(
        ["sh", "-c", f"{command} --json - | head -c 1"], capture_output=True, text=True, check=True
    )
    assert (cut.stdout, cut.stderr) == ("{", "")


def test_an_interrupt_ends_with_130_and_leaves_no_file(npusim, model, tmp_path, monkeypatch):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("npusim.simulation.simulate", interrupt)
    code, out, err = npusim("run", model, "--json", tmp_path / "report.json")
    assert code == 130 and out == "" and "Traceback" not in err
    assert os.listdir(tmp_path) == ["model.onnx"]


@needs_shared
def test_a_real_network_fits_the_page(npusim, monkeypatch):
    monkeypatch.chdir(
        SHARED / "graphs" / "large"
    )  # a long path takes lines of its own in the command it advises
    code, out, err = npusim("run", "resnet50_ts.onnx")
    assert (code, err) == (0, "")
    assert "53" in out and "4.09 GMAC" in out  # 53 convolutions, 4.09 G multiply-accumulates
    assert len(out.splitlines()) <= 24
    assert all(len(line) <= 80 for line in out.splitlines())
