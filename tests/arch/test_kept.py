"""Files that come along are kept as Python keeps modules: in step with their text, and never in the way."""

import os
import shutil
import sys

import pytest

from npusim.arch.config import read_yaml
from npusim.arch.kept import read_kept
from npusim.arch.presets import config_dir
from npusim.errors import BadHardware


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A file in a folder of its own, with Python writing bytecode."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return shutil.copy(config_dir() / "lunar_lake.yaml", tmp_path) and tmp_path / "lunar_lake.yaml"


@pytest.mark.parametrize("path", sorted(config_dir().rglob("*.yaml")), ids=lambda path: path.stem)
def test_what_is_kept_is_what_is_read(path, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    own = tmp_path / path.name
    shutil.copy(path, own)
    first, read = read_kept(own), read_yaml(own)
    assert len(os.listdir(tmp_path / "__pycache__")) == 1
    monkeypatch.setattr("npusim.arch.kept.read_yaml", None)  # not read again
    assert first == read_kept(own) == read


def test_an_edit_is_seen_at_once_whatever_the_clock_says(own):
    before, stat = read_kept(own), os.stat(own)
    text = own.read_text(encoding="utf-8")
    own.write_text(text.replace("tiles: {value: 4,", "tiles: {value: 5,"), encoding="utf-8")
    os.utime(own, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert os.stat(own).st_size == stat.st_size
    assert read_kept(own)[0]["tiles"]["value"] == 5 != before[0]["tiles"]["value"]
    assert read_kept(own) == read_yaml(own)


def test_who_has_it_read_gets_values_of_his_own(own):
    read_kept(own)[0].clear()
    assert read_kept(own) == read_yaml(own)


def test_where_nothing_may_be_written_it_is_read(own, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert read_kept(own) == read_yaml(own)
    (own.parent / "__pycache__").write_text("no folder")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert read_kept(own) == read_yaml(own)


@pytest.mark.parametrize("text", ["tiles: 1\ntiles: 2\n", "tiles: [1\n", ""])
def test_what_is_wrong_is_told_as_of_any_file(own, text):
    own.write_text(text)
    said = []
    for read in (read_yaml, read_kept, read_kept):
        with pytest.raises(BadHardware) as caught:
            read(own)
        said.append(str(caught.value))
    assert len(set(said)) == 1 and str(own) in said[0]


@pytest.mark.parametrize("value", ["2024-01-01", ".nan", "{a: .inf}"])
def test_what_is_no_plain_value_is_read_all_the_same(own, value):
    own.write_text(f"tiles: {value}\n")
    assert repr(read_kept(own)) == repr(read_yaml(own))


@pytest.mark.parametrize("size", [0, 10, 16, 17, 100, 1000])
def test_what_is_kept_and_cut_short_is_read_anew(own, size):
    first = read_kept(own)
    (kept,) = (own.parent / "__pycache__").iterdir()
    kept.write_bytes(kept.read_bytes()[:size])
    assert read_kept(own) == first
