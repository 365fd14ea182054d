"""JSON: what is written can be read back, and the schema that travels along tells the truth."""

import json
import math
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from hypothesis import given

from npusim.errors import BadArgument
from npusim.report.json_report import from_json, to_json
from npusim.report.record import Report
from npusim.report.schema import schema_text
from tests.report.samples import reports, sample

SCHEMA = json.loads(files("npusim.report").joinpath("schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def rounded_coverage(report: Report) -> Report:
    """JSON keeps 6 decimals of a share; times and counts of these reports are whole already."""
    coverage = {
        source: {key: round(share, 6) for key, share in shares.items()}
        for source, shares in report.coverage.items()
    }
    return replace(report, coverage=coverage)


@given(reports())
def test_a_report_read_back_is_the_report_that_was_written(report):
    assert from_json(to_json(report)) == rounded_coverage(report)


@given(reports())
def test_writing_again_what_was_read_changes_nothing(report):
    text = to_json(report)
    assert to_json(from_json(text)) == text


@given(reports())
def test_every_report_keeps_the_schema(report):
    VALIDATOR.validate(json.loads(to_json(report)))


def test_the_committed_schema_is_the_one_the_record_gives():
    assert files("npusim.report").joinpath("schema.json").read_text("utf-8") == schema_text()


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_times_are_rounded_to_a_nanosecond_and_numpy_numbers_are_numbers():
    report = replace(sample(), latency_us=np.float64(1.23456789), macs=np.int64(7))
    document = json.loads(to_json(report))
    assert document["latency_us"] == 1.235
    assert document["macs"] == 7


def test_one_node_a_line_so_that_diff_can_compare_reports():
    report = sample()
    lines = [line for line in to_json(report).splitlines() if '"op_type"' in line and '"reason"' in line]
    assert [json.loads(line.rstrip(","))["name"] for line in lines] == [node.name for node in report.nodes]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_never_written(bad):
    with pytest.raises(ValueError, match="finite"):
        to_json(replace(sample(), latency_us=bad))


def drop(key):
    return lambda document: {name: value for name, value in document.items() if name != key}


def put(key, value):
    return lambda document: document | {key: value}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (drop("schema_version"), "no 'schema_version'"),
        (drop("latency_us"), "latency_us"),
        (drop("engines"), "'engines'"),
        (put("schema_version", "99"), "'99'"),
        (put("latency_us", "12"), "latency_us"),
        (put("latency_us", math.nan), "latency_us"),
        (put("tiles", 1.5), "tiles"),
        (put("tiels", 4), "tiels"),
        (put("engines", {"dsp": 3}), "'engines'"),
        (put("engines", {"dsp": {"busy_us": 3, "idle_us": 1}}), "idle_us"),
        (put("nodes", [{"name": "a"}]), "nodes.0.op_type"),
        (lambda document: [document], "no npusim report"),
    ],
)
def test_json_that_is_no_report_is_refused_in_one_sentence_that_names_the_place(change, said):
    text = json.dumps(change(json.loads(to_json(sample()))))
    with pytest.raises(BadArgument) as refused:
        from_json(text, "old.json")
    assert str(refused.value).startswith("old.json ")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, '{"a": 1} {"b": 2}'])
def test_text_that_is_no_json_is_refused(text):
    with pytest.raises(BadArgument, match="not JSON"):
        from_json(text)
