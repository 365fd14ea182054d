"""Ways to cut a product compared by their time: whole weights come ahead, as they do in a network."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from tests.compiler import at_size


@pytest.mark.parametrize("extents", [(1024, 2048, 512), (1500, 512, 2048)])
def test_both_sides_of_a_product_are_read_once_where_its_weights_fit_whole(extents):
    """7.4 and 9.8 MB in Intel's schedules of NPU 4000, as here; 13.5 and 11.9 if ways that begin early were taken."""
    m, k, n = extents
    plan = compile_graph(at_size.product(m, k, n), load_hardware("lunar_lake"), load_profile("2026"))
    moved = sum(a.nbytes for a in plan.ask if isinstance(a, DmaTask))
    assert moved == pytest.approx(2 * (m * k + k * n + m * n) + 16 * n, rel=0.01)
