"""The one door for models: every kind of file goes through it, and what is of no kind is told so."""

import shutil
import sys
from types import ModuleType

import pytest

import npusim
from npusim import model_files
from npusim.errors import BadModel
from npusim.model_files import FRONT_ENDS, ONNX, FrontEnd, front_end, load

EXAMPLE = "examples/mamba2_small.onnx"


@pytest.fixture
def words(monkeypatch):
    """A front end for files of another kind, as a room above would add it."""
    module = ModuleType("words_front_end")
    module.load = lambda path, dims, **rest: load(EXAMPLE, dims, **rest)
    module.input_shapes = lambda path: {}
    monkeypatch.setitem(sys.modules, "words_front_end", module)
    known = FrontEnd("Words", (".words", "words.txt"), (b"words:",), "words_front_end", in_folders=False)
    monkeypatch.setattr(model_files, "FRONT_ENDS", [*FRONT_ENDS, known])
    return known


def test_a_file_is_told_by_its_name_and_else_by_how_it_begins(words, tmp_path):
    named, plain, model = tmp_path / "a.WORDS", tmp_path / "a", tmp_path / "model"
    named.write_text("x")
    plain.write_text("\ufeff  words: x")
    shutil.copy(EXAMPLE, model)
    assert [front_end(str(p)) for p in (named, plain, model)] == [words, words, ONNX]
    assert npusim.load(plain).nodes == npusim.load(model).nodes == npusim.load(EXAMPLE).nodes
    assert npusim.simulate(named).latency_us == npusim.simulate(EXAMPLE).latency_us
    assert npusim.check(named, npusim.hardware("lunar_lake")).nodes == len(npusim.load(EXAMPLE).nodes)


def test_what_is_no_model_is_told_which_kinds_there_are(words, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("hello")
    with pytest.raises(
        BadModel, match=r"no model of a kind that is read: ONNX \(\.onnx\).*Words \(\.words, words"
    ):
        load(other)
    for missing in (tmp_path / "nothing", tmp_path / "nothing.txt"):
        with pytest.raises(BadModel, match="there is no such file"):
            load(missing)


def test_what_is_for_onnx_alone_says_what_to_do(words):
    with pytest.raises(BadModel, match=r"'a\.words' is Words, .* takes ONNX files alone"):
        model_files.only_onnx("a.words", "--annotate", "use --json")
    model_files.only_onnx(EXAMPLE, "--annotate", "")
