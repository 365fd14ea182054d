"""Models as files, and a command line without a process."""

import onnx
import pytest

from tests.cli.conftest import npusim  # noqa: F401  (a fixture)
from tests.sweeping.graph import small_model


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "small.onnx"
    onnx.save(small_model(), path)
    return path


@pytest.fixture
def wider_model_file(tmp_path):
    path = tmp_path / "wider.onnx"
    onnx.save(small_model(width=256), path)
    return path
