"""Networks as PyTorch's exporters leave them, against Intel's compiler."""

from tests.exported.kept import FOLDER, path_of
from tests.exported.recipes import RECIPES
from tests.vendor import tables
from tests.vendor.compiled import half


def test_rows_and_graphs_are_those_of_the_recipes():
    for side in tables.HALVES:
        names = {row.name for row in tables.read(tables.EXPORTED, side)}
        assert names <= set(RECIPES)
        assert all(half(name) == side for name in names)
        assert all(path_of(name).exists() for name in names)
    assert {path.name.removesuffix(".onnx.xz") for path in FOLDER.iterdir()} <= set(RECIPES)
