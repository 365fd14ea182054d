"""Damaged files - cut off, bytes flipped, columns moved, other encodings - end in one clear line, never in a crash."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.errors import NpusimError
from npusim.measured.join import compare
from npusim.measured.page import page
from npusim.measured.readers.read import read_report
from npusim.onnx_io import load
from npusim.simulation import simulate
from tests.measured.samples import FILES, LUNAR, MODEL, NPU_COUNTERS, NPU_SUMMARY
from tests.shared import SHARED

CONTENTS = [p.read_bytes() for p in FILES] + [NPU_COUNTERS.encode(), NPU_SUMMARY.encode()]
GRAPH = load(MODEL)
PREDICTION = simulate(GRAPH, LUNAR)
VENDOR = SHARED / "reference" / "vendor_schedules" / "mm_4000" / "compileTimeScheduleTrace.json"
CONTENTS += [VENDOR.read_bytes()] if VENDOR.is_file() else []
contents = st.sampled_from(CONTENTS)


def read_or_refuse(folder, content):
    """The profile, or None when it was refused in one line; a profile can be compared and shown."""
    path = folder / "report"
    path.write_bytes(content)
    try:
        profile = read_report(path)
        lines = page(compare(PREDICTION, GRAPH, profile), 5, 80)
    except NpusimError as error:
        assert str(error).strip() and "Traceback" not in str(error) and len(str(error).splitlines()) == 1
        return None
    assert profile.label and all("\n" not in line.text for line in lines)
    return profile


@given(contents, st.floats(0, 1))
def test_a_file_cut_off_anywhere(tmp_path_factory, content, where):
    read_or_refuse(tmp_path_factory.getbasetemp(), content[: int(len(content) * where)])


@given(contents, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_bytes_flipped(tmp_path_factory, content, flips):
    data = bytearray(content)
    for where, value in flips:
        data[min(int(len(data) * where), len(data) - 1)] = value
    read_or_refuse(tmp_path_factory.getbasetemp(), bytes(data))


@given(contents, st.sampled_from(["utf-16", "utf-16-le", "utf-32", "cp500", "utf-8-sig", "utf-7"]))
def test_another_encoding(tmp_path_factory, content, encoding):
    read_or_refuse(tmp_path_factory.getbasetemp(), content.decode().encode(encoding))


@given(contents, st.randoms(use_true_random=False))
def test_lines_and_columns_in_another_order(tmp_path_factory, content, random):
    lines = content.decode().splitlines()
    for _ in range(3):
        at = random.randrange(len(lines))
        cells = lines[at].split(";")
        random.shuffle(cells)
        lines[at] = ";".join(cells)
    if random.random() < 0.5:
        random.shuffle(lines)
    read_or_refuse(tmp_path_factory.getbasetemp(), "\n".join(lines).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150)
@given(
    st.sampled_from([p for p in FILES if p.suffix == ".json"]), st.randoms(use_true_random=False), json_values
)
def test_any_value_of_a_json_file_replaced_by_anything(tmp_path_factory, path, random, value):
    document = json.loads(path.read_text())
    at = document
    for _ in range(6):
        keys = list(at) if isinstance(at, dict) else range(len(at))
        if not keys:
            break
        key = random.choice(list(keys))
        if not isinstance(at[key], dict | list) or not at[key] or random.random() < 0.3:
            at[key] = value
            break
        at = at[key]
    read_or_refuse(tmp_path_factory.getbasetemp(), json.dumps(document).encode())


@given(st.binary(max_size=200))
def test_any_bytes_at_all(tmp_path_factory, content):
    read_or_refuse(tmp_path_factory.getbasetemp(), content)
