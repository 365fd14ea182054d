"""What is computed twice from the same is computed once, whichever of equal constants it reads."""

import numpy as np
import pytest

from npusim.compiler.fuse.duplicates import without_duplicates
from npusim.simulation import simulate
from tests.graphs import loaded, model, node
from tests.vendor.tables import graph_of


def two_norms(first, second):
    """Mean and variance over channels taken out twice of one tensor, each with an epsilon of its own."""
    nodes, constants = [], {"e0": np.float32([first]), "e1": np.float32([second]), "axes": np.int64([1])}
    for i in "01":
        nodes += [
            node("ReduceMean", "x axes", f"m{i}"), node("Sub", f"x m{i}", f"d{i}"),
            node("Mul", f"d{i} d{i}", f"q{i}"), node("ReduceMean", f"q{i} axes", f"v{i}"),
            node("Add", f"v{i} e{i}", f"t{i}"), node("Sqrt", f"t{i}", f"r{i}"), node("Div", f"d{i} r{i}", f"n{i}"),
        ]  # fmt: skip
    nodes.append(node("Max", "n0 n1", "y"))
    return loaded(model(nodes, {"x": (1, 32, 48, 48)}, ["y"], constants))


@pytest.mark.parametrize("second, kept", [(1e-3, 8), (1e-5, 11)])
def test_of_two_norms_of_one_tensor_there_is_one_where_their_epsilons_are_equal(second, kept):
    assert len(without_duplicates(two_norms(1e-3, second)).nodes) == kept


def test_safmn_takes_mean_and_variance_out_once_for_both_branches():
    """17 times Intel's total on NPU 3720 before: a division by a plane of one channel in place of a kernel MVN."""
    report = simulate(graph_of("nets", "safmn_x2_128"), "meteor_lake", "2026-as-released", band=False)
    kinds = [n.op_type for n in report.nodes]
    assert kinds.count("MeanVarianceNormalization") == 16 and "Sqrt" not in kinds and "Div" not in kinds
    assert report.latency_us == pytest.approx(18_778, rel=0.25)
