"""One grammar for all commands of both tools: what writes, what is asked, and how each refuses."""

import json
import subprocess
import sys
from collections.abc import Iterator

import jsonschema
import pytest
from typer.main import get_command

import npusim as package
from npusim.cli import app as npusim_app
from npusim.errors import FreeDimension, NpusimError, UnknownOp
from npusim_xamba.asking import by_command_line, in_words
from npusim_xamba.envelope import KEYS, SCHEMA_VERSION
from xamba.cli import app as xamba_app


def commands(group, path: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield " ".join((*path, name)), one


ALL = [
    *commands(get_command(npusim_app), ("npusim",)),
    *commands(get_command(xamba_app), ("xamba",)),
]


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_every_command_has_json_file_and_output_file(name, command):
    options = {spelling: p for p in command.params for spelling in p.opts}
    assert {"--json", "--output", "-o"} <= options.keys()
    assert options["--json"].metavar == "FILE" and not options["--json"].is_flag


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_an_option_is_spelled_and_takes_the_same_in_every_command(name, command):
    """A short option stands for one thing; what several commands have is of one kind in all of them."""
    kinds = {}
    for _, other in ALL:
        for parameter in other.params:
            for spelling in parameter.opts:
                kinds.setdefault(spelling, set()).add(
                    parameter.is_flag if hasattr(parameter, "is_flag") else None
                )
    assert all(len(found) == 1 for spelling, found in kinds.items() if spelling.startswith("-"))


ENVELOPE = {
    "type": "object",
    "required": list(KEYS),
    "properties": {
        "schema": {"type": "string", "pattern": "^(npusim|xamba)[.][a-z-]+$"},
        "schema_version": {"const": SCHEMA_VERSION},
        "versions": {"type": "object", "required": ["npusim", "numpy", "python"]},
        "model_sha256": {
            "anyOf": [
                {"type": "null"},
                {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                {"type": "array", "items": {"type": "string", "pattern": "^([0-9a-f]{64})?$"}},
            ]
        },
        "hardware": {"type": ["string", "array", "null"]},
        "compiler": {"type": ["string", "array", "null"]},
        "seed": {"type": ["integer", "null"]},
    },
}
WRITTEN = {
    "run": ["{model}"],
    "run two": ["{model}", "{other}"],
    "explain": ["{model}", "CumSum"],
    "compare": ["{model}", "{other}"],
    "claim": ["{model}", "--us", "100"],
    "against": ["{model}", "--runs", "5", "--seconds", "0.2"],
    "hw list": [],
    "hw show": ["lunar_lake"],
    "ops": [],
    "pareto": ["{model}", "--vary", "tiles=1,2", "--cost", "tiles"],
    "sweep": ["{model}", "--vary", "tiles=1,2", "-o", "{folder}/sweep.csv"],
}


@pytest.mark.parametrize("command", WRITTEN)
def test_every_json_begins_with_the_envelope(npusim, model, tmp_path, command):
    if command in ("pareto", "sweep"):  # an extra that `make test-minimum` leaves out
        pytest.importorskip("xarray")
        pytest.importorskip("zarr")
    if command == "against":
        pytest.importorskip("onnxruntime")
    other = tmp_path / "other.onnx"
    other.write_bytes(model.read_bytes())
    words = [w.format(model=model, other=other, folder=tmp_path) for w in WRITTEN[command]]
    name = command.removesuffix(" two").split()
    code, out, err = npusim(*name, *words, "--json", "-")
    assert (code, err) == (0, "")
    document = json.loads(out)
    jsonschema.validate(document, ENVELOPE)
    if "{model}" in WRITTEN[command]:
        assert document["model_sha256"] and document["hardware"] == "lunar_lake"


@pytest.mark.parametrize(
    ("ending", "begins"),
    [(".json", "{"), (".csv", "layerName;"), (".trace.json", '{"traceEvents"'), (".txt", "model.onnx on")],
)
def test_the_ending_of_the_output_chooses_the_form(npusim, model, tmp_path, ending, begins):
    path = tmp_path / f"r{ending}"
    assert npusim("run", model, "-o", path).code == 0
    assert path.read_text("utf-8").startswith(begins)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "r.png"], "ends in"),
        (["-o", "r.json", "--json", "s.json"], "the same"),
        (["-o", "-", "--csv", "-"], "standard output"),
    ],
)
def test_outputs_that_contradict_each_other_are_refused(npusim, model, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = npusim("run", model, *options)
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["run", "{model}", "--hw", "lunar_lak"], "lunar_lake"),
        (["run", "{model}", "--compiler", "2025"], "2026"),
        (["run", "{model}", "--precision", "int9"], "int8"),
        (["run", "{model}", "--mode", "latenzy"], "latency"),
        (["explain", "{model}", "MatMull"], "MatMul"),
        (["comprae", "a", "b"], "compare"),
        (["run", "{model}", "--compilr", "2026"], "--compiler"),
        (["run", "{free}", "--dim", "batsh=1"], "batch"),
        (["sweep", "{model}", "--vary", "dma.bytes_per_cycl=1,2", "-o", "x.csv"], "dma.bytes_per_cycle"),
    ],
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(npusim, model, free_model, words, meant):
    if words[0] == "sweep":
        pytest.importorskip("xarray")
    code, out, err = npusim(*(w.format(model=model, free=free_model) for w in words))
    assert (code, out) == (2, "") and meant in err and err.count("\n") == 1


@pytest.mark.parametrize("name", ["NPU4000", "4000", "npu 4000", "Lunar Lake", "LUNAR_LAKE", "lunar-lake"])
def test_an_npu_is_known_by_what_people_call_it(name):
    assert package.hardware(name).name == "lunar_lake"


def test_several_models_are_a_line_each_and_one_that_fails_is_named(npusim, model, free_model, tmp_path):
    folder = tmp_path / "more" / "deep"
    folder.mkdir(parents=True)
    (folder / "copy.onnx").write_bytes(model.read_bytes())
    (folder / "notes.txt").write_text("no model")
    target = tmp_path / "all.json"
    code, out, err = npusim("run", model, free_model, tmp_path / "more", "--json", target)
    assert (code, err) == (1, "")
    assert sum(" us  " in line for line in out.splitlines()) == 2
    assert "free.onnx: FreeDimension" in " ".join(out.split())
    document = json.loads(target.read_text("utf-8"))
    jsonschema.validate(document, ENVELOPE)
    assert [bool(run["error"]) for run in document["runs"]] == [False, True, False]
    assert document["failed"] == 1 and document["runs"][0]["latency_us"] == document["runs"][2]["latency_us"]
    assert npusim("run", model, tmp_path / "more").code == 0
    assert all(len(line) <= 80 for line in out.splitlines())


def test_what_is_of_one_model_is_refused_for_several(npusim, model, tmp_path):
    code, out, err = npusim("run", model, model, "--csv", tmp_path / "r.csv")
    assert (code, out) == (2, "") and "--csv" in err
    (tmp_path / "none").mkdir()
    code, out, err = npusim("run", tmp_path / "none")
    assert (code, out) == (2, "") and "without a model in it: ONNX (.onnx)" in " ".join(err.split())


def test_an_error_names_the_option_on_a_command_line_and_the_argument_in_python(
    npusim, model, free_model, strange_model
):
    assert "--dim batch=1" in npusim("run", free_model).err
    with pytest.raises(FreeDimension) as refused:
        package.load(free_model)
    assert "dims={'batch': 1}" in str(refused.value) and "--" not in str(refused.value)
    with pytest.raises(UnknownOp) as refused:
        package.simulate(package.load(strange_model), package.hardware("lunar_lake"))
    assert "allow_unmodelled=True" in str(refused.value) and "--" not in str(refused.value)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("bind it with --dim batch=1 --dim x.2=48", "bind it with dims={'batch': 1, 'x.2': 48}"),
        ("--dim 'floor(seq/2)=8'", "dims={'floor(seq/2)': 8}"),
        ("give the input a value with --set ids=[1,2]", "give the input a value with fixed={'ids': [1,2]}"),
        ("pass --tiles 4", "pass tiles=4"),
        ("raise the limit with --max-nodes", "raise the limit with max_nodes"),
        ("a -- b", "a -- b"),
    ],
)
def test_options_become_arguments_in_python(sentence, words):
    assert in_words(sentence) == words
    with by_command_line():
        assert in_words(sentence) == sentence
        assert str(NpusimError(sentence)) == sentence
    assert str(NpusimError(sentence)) == words


INTERRUPTED = """
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
sys.argv = {argv!r}
from {tool}.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["typer", "numpy", "onnx", "npusim.pricing", "npusim.report.text"])
def test_ctrl_c_while_anything_is_imported_ends_with_130_and_in_silence(model, module):
    code = INTERRUPTED.format(module=module, argv=["npusim", "run", str(model)], tool="npusim")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("module", ["typer", "onnx_ir", "onnx"])
def test_ctrl_c_while_xamba_is_imported_too(model, module):
    code = INTERRUPTED.format(module=module, argv=["xamba", "verify", str(model), str(model)], tool="xamba")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_both_tools_and_the_package_have_one_version():
    for tool in ("npusim", "xamba"):
        command = [sys.executable, "-m", tool, "--version"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert said == f"{tool} {package.__version__}\n"


@pytest.mark.parametrize(
    ("option", "begun", "offered"),
    [
        ("--for", "lunar_lake,p", {"lunar_lake,panther_lake"}),
        ("--as", "b", {"bf16"}),
        ("--passes", "cum", {"cumba"}),
    ],
)
def test_tab_completes_values_in_xamba(option, begun, offered, monkeypatch):
    import os

    words = f"xamba optimize model.onnx {option} {begun}"
    environment = os.environ | {"_XAMBA_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "4"}
    done = subprocess.run(
        [sys.executable, "-m", "xamba"], capture_output=True, text=True, env=environment, check=False
    )
    assert set(done.stdout.split()) == offered


@pytest.mark.parametrize(
    "command", ["against", "compare", "crosscheck", "generate", "run", "serve", "validate"]
)
def test_what_writes_a_page_says_that_the_ending_html_does_so_too(npusim, command):
    said = " ".join(npusim(command, "--help").out.split())
    assert "--html FILE" in said and "the ending says: .json .html" in said
