"""Networks as PyTorch's exporters leave them, against Intel's compiler."""

import pytest

from tests.exported.kept import FOLDER, path_of
from tests.exported.recipes import RECIPES
from tests.vendor import tables
from tests.vendor.bars import NETS
from tests.vendor.compiled import half
from tests.vendor.judge import verdicts


def test_rows_and_graphs_are_those_of_the_recipes():
    for side in tables.HALVES:
        names = {row.name for row in tables.read(tables.EXPORTED, side)}
        assert names <= set(RECIPES)
        assert all(half(name) == side for name in names)
        assert all(path_of(name).exists() for name in names)
    assert {path.name.removesuffix(".onnx.xz") for path in FOLDER.iterdir()} <= set(RECIPES)


@pytest.mark.parametrize("side", tables.HALVES)
def test_they_are_as_near_as_networks_written_by_hand_must_be(side):
    found = verdicts([tables.EXPORTED], [side])
    assert not [(v.row.name, v.row.npu, v.refused) for v in found if v.refused]
    for measure, (bar, share) in NETS.items():
        known = [ratio for v in found if (ratio := v.ratio(measure)) is not None]
        assert sum(abs(ratio - 1) <= bar for ratio in known) >= share * len(known), measure
