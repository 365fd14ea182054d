"""A config.json through the one door: every command that takes a model takes it."""

import json
import sys

import pytest

import npusim
from npusim.cli import main
from npusim.commands.inputs import parse_dims
from npusim.errors import BadArgument, BadModel
from npusim.language.config import FAMILIES, _pages
from npusim.language.families import gpt2
from npusim.model_files import CONFIG, ONNX, front_end, name_of, of_folder
from tests.language.exports import LLAMA_TINY
from xamba.errors import BadModel as BadForXamba
from xamba.files import load as read_for_xamba


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "tiny-llama"
    path.mkdir()
    (path / "config.json").write_text(json.dumps(LLAMA_TINY))
    return path


def test_a_config_and_its_folder_are_one_decode_step(folder):
    for path in (folder, folder / "config.json", f"{folder}/"):
        graph = npusim.load(path)
        assert graph.values["past_key_values.1.key"].shape == (1, 2, 1024, 16)
        assert graph.values["present.1.key"].shape == (1, 2, 1025, 16)
        assert graph.values["logits"].shape == (1, 1, 512)
        report = npusim.simulate(path)
        assert (report.graph, report.latency_us > 0, len(report.model_sha256)) == ("tiny-llama", True, 64)


def test_two_pages_for_one_model_type_are_refused(monkeypatch):
    _pages.cache_clear()
    monkeypatch.setattr(gpt2, "MODEL_TYPES", ("gpt2", "bloom"))
    with pytest.raises(BadArgument, match=r"model_type 'bloom' is read by two pages, bloom\.py and gpt2\.py"):
        "bloom" in FAMILIES  # noqa: B015
    monkeypatch.undo()
    assert _pages()["bloom"].__module__.endswith(".bloom")


def test_sizes_are_bound_as_free_dimensions_are(folder):
    def shapes(**dims):
        graph = npusim.load(folder, dims)
        return {name: graph.values[name].shape for name in graph.inputs}

    prompt = shapes(tokens=7)
    assert prompt == {"input_ids": (1, 7), "attention_mask": (1, 7), "position_ids": (1, 7)}
    assert shapes(tokens=7, past=9)["attention_mask"] == (1, 16)
    assert shapes(batch=3, past=5)["past_key_values.0.value"] == (3, 2, 5, 16)
    with pytest.raises(
        BadArgument, match=r"named 'pasd'; free dimensions of a config.json: tokens, past, batch"
    ):
        shapes(pasd=3)


def test_a_token_without_a_past_is_on_offer(folder):
    assert parse_dims(["past=0", "past_sequence_length=0"]) == {"past": 0, "past_sequence_length": 0}
    for text, sentence in (("past=-1", "from 0 on"), ("batch=0", "from 1 on")):
        with pytest.raises(BadArgument, match=sentence):
            parse_dims([text])
    first, later = (npusim.simulate(str(folder), dims=dims, band=False) for dims in ({"past": 0}, {}))
    assert 0 < first.latency_us < later.latency_us


def test_a_folder_is_a_model_only_without_models_in_it(folder):
    assert of_folder(str(folder)) is front_end(str(folder / "config.json")) is CONFIG
    assert front_end(str(folder.parent / "generation_config.json")) is ONNX
    assert name_of(folder / "config.json") == name_of(f"{folder}/") == "tiny-llama"
    (folder / "model.onnx").write_bytes(b"")
    assert of_folder(str(folder)) is None


@pytest.mark.parametrize(
    "command",
    [
        ["run"],
        ["check"],
        ["claim", "--us", "100"],
        pytest.param(["sweep", "--vary", "tiles=1,2", "-o", "points.csv"], marks=pytest.mark.slow),
        ["explain", "lm_head"],
        ["compare"],
    ],
    ids=lambda c: c[0],
)
def test_every_command_takes_it(folder, command, capsys, monkeypatch):
    given = [command[0], str(folder), *command[1:]]
    if command[0] == "compare":
        given += [str(folder), "--hw-after", "panther_lake"]
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["npusim", *given])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    out = capsys.readouterr()
    assert not code and (out.out or command[0] == "sweep"), out.err


def test_xamba_says_what_to_do(folder):
    with pytest.raises(
        BadForXamba, match=r"xamba rewrites ONNX files; .* npusim generate CONFIG (--)?save FOLDER"
    ):
        read_for_xamba(folder / "config.json")


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"model_type": "t5"}, "model type 't5' is not known; known are bamba"),
        ({"model_type": None}, "has no 'model_type'"),
        ({"hidden_size": None}, "'hidden_size' is missing"),
        ({"hidden_size": "64"}, "'hidden_size' must be a whole number from 1"),
        ({"num_hidden_layers": 2**40 + 1}, "'num_hidden_layers' must be a whole number from 1"),
        ({"num_hidden_layers": 20_000}, "20000; 10000 are the most"),
        ({"num_key_value_heads": 3}, "4 heads .* cannot share 3"),
        ({"hidden_act": "tanhexp"}, "activation 'tanhexp' is not known; known are gelu"),
        ({"rope_scaling": {"rope_type": "spiral", "factor": 2.0}}, "rotary scaling 'spiral' is not known"),
        ({"rope_scaling": {"rope_type": "linear"}}, "rotary scaling needs a number 'factor'"),
        ({"rope_scaling": [1]}, "'rope_parameters' must be keys and values"),
        ({"rms_norm_eps": "small"}, "'rms_norm_eps' must be a number"),
        ({"tie_word_embeddings": 1}, "'tie_word_embeddings' must be true or false"),
    ],
)
def test_what_is_wrong_with_a_config_is_a_sentence(folder, change, sentence):
    (folder / "config.json").write_text(json.dumps(LLAMA_TINY | change))
    with pytest.raises(BadModel, match=sentence):
        npusim.load(folder)


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff", "[" * 100_000, "{" + " " * 2**20 + "}"])
def test_what_is_no_config_is_a_sentence(folder, text):
    (folder / "config.json").write_text(text, encoding="latin-1")
    with pytest.raises(BadModel, match=r"no JSON|no keys and values|longer than|no 'model_type'"):
        npusim.load(folder)
