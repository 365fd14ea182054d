"""Two readers of one record: what the quick one takes, pydantic takes, and both make the same of it."""

import copy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from npusim.arch import records
from npusim.arch.hardware import Hardware
from npusim.arch.presets import list_hardware, load_hardware
from npusim.compiler.rules.profile import CompilerProfile, list_profiles, load_profile

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2**60),
    st.floats(),
    st.sampled_from(["", "4000", "40000", "4000\n", "yes", "1e9", "default", "dsp", "mac_array"]),
    st.sampled_from([b"x", (), [], {}, ["a"], ("a", 1), [["a", 1]], {"a": "b"}, {1: "b"}, {"4000": ["a"]}]),
    st.sampled_from(
        [np.float32(2), np.int64(3), np.bool_(True), np.array([1, 2]), np.array([]), np.array("a")]
    ),
)


def plain_of(kind):
    """Records of that kind that come along, as plain data."""
    if kind is CompilerProfile:
        return [load_profile(name).plain() for name in list_profiles()]
    return [load_hardware(name).plain() for name in list_hardware()]


def holders(tree):
    """Every table and row in a tree."""
    yield tree
    for child in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(child, dict | list):
            yield from holders(child)


def outcome(read):
    """What a reader makes of it as plain data, or that it does not take it."""
    try:
        return repr(read().plain())  # 1 and 1.0, and nan, as they are
    except (records.Unsure, ValueError):
        return None


@pytest.mark.parametrize("kind", [Hardware, CompilerProfile])
@given(data=st.data())
def test_what_the_quick_reader_takes_pydantic_takes_as_the_same(kind, data):
    tree = copy.deepcopy(data.draw(st.sampled_from(plain_of(kind))))
    for _ in range(data.draw(st.integers(0, 2))):
        held = data.draw(st.sampled_from([h for h in holders(tree) if h]))
        key = data.draw(st.sampled_from(list(held) if isinstance(held, dict) else range(len(held))))
        change = data.draw(st.sampled_from(["put", "add", "drop"]))
        if change == "drop":
            del held[key]
        elif change == "put" or isinstance(held, list):
            held[key] = data.draw(ODD)
        else:
            held[data.draw(st.sampled_from(["new", "Default", "a.b", 7]))] = data.draw(ODD)
    quick, full = outcome(lambda: records._reader(kind)(tree)), outcome(lambda: by_pydantic(kind, tree))
    assert quick in (None, full)
    assert outcome(lambda: records.read(kind, tree)) == full


def by_pydantic(kind, data):
    return records._by_pydantic(kind).validate_python(data)


@pytest.mark.parametrize("kind", [Hardware, CompilerProfile])
def test_the_quick_reader_takes_all_files_that_come_along(kind):
    for data in plain_of(kind):
        assert records._reader(kind)(data).plain() == by_pydantic(kind, data).plain() == data


class Part(records.Strict):
    """A part."""

    word: str
    kind: Literal["a", "b"] = "a"


class Whole(records.Strict):
    """A whole."""

    part: Part
    parts: dict[str, Part]
    pairs: tuple[tuple[str, int], ...] = ()
    share: float = 0.5


GOOD = {"part": {"word": "x"}, "parts": {"y": {"word": "z", "kind": "b"}}, "pairs": [["a", 1]], "share": 1}


def test_a_record_is_its_values_and_stays_as_it_is():
    whole = Whole(**GOOD)
    assert whole == TypeAdapter(Whole).validate_python(GOOD) == Whole(**whole.plain())
    assert (whole.part.word, whole.parts["y"].kind, whole.pairs, whole.share) == ("x", "b", (("a", 1),), 1.0)
    assert replace(whole, share=0.25).share == 0.25 != whole.share and whole != replace(whole, share=0.25)
    assert replace(whole, part=Part(word="w")).part.word == "w"
    for change in (
        lambda: setattr(whole, "share", 1.0),
        lambda: delattr(whole, "share"),
        lambda: hash(whole),
    ):
        with pytest.raises((AttributeError, TypeError), match=r"frozen|no hash"):
            change()
    assert copy.deepcopy(whole) == whole and "word='x'" in repr(whole)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"part": {}}, "part.word: Field required"),
        ({"part": 7}, "part: Input should be a valid dictionary"),
        ({"part": {"word": "x", "kind": "c"}}, "part.kind: Input should be 'a' or 'b'"),
        ({"parts": {"y": {"word": 1}}}, "parts.y.word: Input should be a valid string"),
        ({"pairs": [["a"]]}, "pairs.0.1: Field required"),
        ({"more": 1}, "more: Extra inputs are not permitted"),
        ({"share": "much"}, "share: Input should be a valid number, unable to parse string as a number"),
    ],
)
def test_what_is_wrong_is_told_by_pydantic(change, sentence):
    with pytest.raises(ValidationError) as caught:
        Whole(**(GOOD | change))
    assert [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in caught.value.errors()] == [sentence]


def test_what_pydantic_can_make_fit_is_taken_as_ever():
    assert Whole(**(GOOD | {"share": "0.25"})).share == 0.25


def test_a_run_whose_files_are_in_order_imports_no_pydantic():
    model = Path(__file__).parents[2] / "examples" / "mamba2_small.onnx"
    code = (
        "import sys; from npusim.cli import app\n"
        f"sys.argv = ['npusim', 'run', {str(model)!r}, '--hw', 'lunar_lake']\n"
        "app(standalone_mode=False); sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0
