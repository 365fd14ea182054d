"""A pattern that matches no node is told with a name the graph has, however the exporter writes names."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument, BadModel
from npusim.whatif.names import nearest_node
from npusim.whatif.run import read
from tests.whatif.small import chain

ROOT = Path(__file__).resolve().parents[2]
PATHS = ["/m/stages.0/layer.0/convolution/Conv", "/m/stages.0/layer.0/activation/Relu", "/m/pooler/MaxPool"]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("/m/stages.0/layer.0/convolution/Convv", "did you mean /m/stages.0/layer.0/convolution/Conv?"),
        ("Convv", "did you mean /m/stages.0/layer.0/convolution/Conv?"),
        ("*MaxPol*", "did you mean /m/pooler/MaxPool?"),
        ("xyz", "its names are like '/m/stages.0/layer.0/activation/Relu'"),
    ],
)
def test_the_nearest_is_found_whole_or_by_its_last_part(pattern, said):
    assert nearest_node(pattern, PATHS) == f"; {said}"


@given(st.text(), st.lists(st.text(min_size=1), max_size=5))
def test_some_name_of_the_graph_is_always_told(pattern, names):
    told = nearest_node(pattern, names)
    assert bool(told) == bool(names)


@pytest.mark.parametrize("text", ["sparsity:weights=0.5,layers=q9", "skip:node=q9", "split:at=q9"])
def test_every_question_of_nodes_names_one(text):
    with pytest.raises(BadArgument) as error:
        npusim.suppose(chain(4, 16, 16, 16), text)
    assert re.search(r"'q9'.*; (did you mean m[01]\?|its names are like 'm[01]')", str(error.value))


def test_a_file_of_another_kind_is_named_where_onnx_is_to_be_written(tmp_path):
    path = tmp_path / "m.xml"
    path.write_text("<?xml version='1.0'?><net/>")
    with pytest.raises(
        BadModel, match="is OpenVINO IR, and a what-if that changes the file takes ONNX files"
    ):
        read(str(path))


def test_the_memory_of_the_page_is_a_hardware_file(tmp_path):
    page = (ROOT / "docs" / "what_if" / "keep.md").read_text()
    text = re.search(r"```yaml\n(.*?)```", page, re.S)[1]
    path = tmp_path / f"{yaml.safe_load(text)['name']}.yaml"
    path.write_text(text)
    report = npusim.suppose(chain(4, 256, 256), "keep", str(path))
    assert "1 of 1 weights" in report.what_ifs[0].sentence
