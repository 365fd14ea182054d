"""Images that lie whole on every tile for a gate, and what leaves for DDR beside them."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv

HARDWARE = {"3720": ("meteor_lake", 2), "4000": ("lunar_lake", 4), "5010": ("panther_lake", 3)}
PROFILES = ("2026", "2026-as-released")


def gated_blocks(size: int, wide: int, narrow: int):
    """Two squeezed bottlenecks of a stage."""
    g = Builder()
    x = g.op("Relu", conv(g, g.input(1, 64, size, size), 64, wide, 1))
    for _ in range(2):
        y = g.op("Relu", conv(g, x, wide, narrow, 1))
        y = conv(g, g.op("Relu", conv(g, y, narrow, narrow, 3)), narrow, wide, 1)
        s = g.op("Relu", conv(g, g.op("GlobalAveragePool", y), wide, wide // 16, 1))
        y = g.op("Mul", y, g.op("Sigmoid", conv(g, s, wide // 16, wide, 1)))
        x = g.op("Relu", g.op("Add", x, y))
    return loaded(g.model(conv(g, x, wide, 64, 1)))


def crossing(graph, npu: str, profile: str = "2026", room: float = 1.0) -> dict[str, float]:
    """Bytes that cross DDR, by transfer."""
    name, tiles = HARDWARE[npu]
    hardware = load_hardware(name).replace({"tiles": tiles})
    hardware = hardware.replace({"scratchpad.capacity_bytes": int(hardware.scratchpad.capacity_bytes * room)})
    plan = compile_graph(graph, hardware, load_profile(profile))
    found: dict[str, float] = {}
    for label, ask in zip(plan.label, plan.ask, strict=True):
        if isinstance(ask, DmaTask) and "ddr" in (ask.source, ask.destination):
            found[label] = found.get(label, 0.0) + ask.nbytes
    return found


def activations(found: dict[str, float], least: float) -> float:
    """Bytes of transfers of results of so many bytes and more."""
    return sum(n for label, n in found.items() if label.endswith(("/write", "/load")) and n >= least)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("npu", sorted(HARDWARE))
def test_the_skip_of_a_gated_block_leaves_for_ddr_and_comes_back(npu, profile):
    """512 channels of 32 x 32: 1,049 kB out and in a block on NPU 4000 and 5010 in Intel's schedules, none on 3720."""
    size = 512 * 32 * 32 * 2
    moved = activations(crossing(gated_blocks(32, 512, 128), npu, profile), size)
    assert moved == (0 if npu == "3720" else 4 * size)


@pytest.mark.parametrize("npu", sorted(HARDWARE))
def test_small_images_leave_room_for_their_skip(npu):
    """512 channels of 24 x 24 on NPU 4000: 1.66 MB in all in Intel's schedule, of which 1.6 are weights."""
    size = 512 * 24 * 24 * 2
    assert activations(crossing(gated_blocks(24, 512, 128), npu), size) == 0


def test_a_gated_result_in_pieces_of_channels_is_read_by_its_mean_and_by_its_scale():
    """1,024 channels of 16 x 16 on NPU 4000: 524 kB out and in twice a block."""
    size = 1024 * 16 * 16 * 2
    found = crossing(gated_blocks(16, 1024, 256), "4000")
    assert activations(found, size) == 2 * 3 * size


@pytest.mark.parametrize(("size", "wide"), [(32, 512), (48, 256), (52, 256), (64, 256)])
@pytest.mark.parametrize("npu", ["4000", "5010"])
def test_more_scratchpad_moves_no_more(npu, size, wide):
    totals = [sum(crossing(gated_blocks(size, wide, 64), npu, room=r).values()) for r in (1, 1.25, 1.5, 2)]
    assert totals == sorted(totals, reverse=True)
