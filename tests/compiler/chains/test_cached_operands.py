"""Queries, keys and values of one token's attention, beside what Intel's compiler makes of them."""

import pytest

import npusim
from npusim.arch.presets import load_hardware
from npusim.compiler.chains.cached_operands import head_bytes
from npusim.compiler.layouts.expanded import LEAST_INSIDE
from npusim.graph import DType, Graph, Node, Value
from npusim.work import MacOp, MacWork
from tests.vendor.tables import graph_of, read

TILE_BYTES = 1439 * 1024


def scores(heads: int, keys: int, width: int, rows: int = 1) -> Graph:
    """Softmax of a key cache times one token's query, scaled by a number."""
    shapes = {"k": (1, heads, width, keys), "q": (1, heads, rows, width), "s": (1, heads, rows, keys)}
    values = {n: Value(n, shape, DType.FLOAT16) for n, shape in shapes.items()}
    values |= {n: Value(n, shapes[n[0]], DType.FLOAT16) for n in ("k2", "k3", "s2")}
    values["c"] = Value("c", (), DType.FLOAT16, constant=True)
    nodes = (
        Node("abs", "Abs", ("k",), ("k2",)),
        Node("scale", "Mul", ("k2", "c"), ("k3",)),
        Node("product", "MatMul", ("q", "k3"), ("s",)),
        Node("softmax", "Softmax", ("s",), ("s2",), {"axis": -1}),
    )
    return Graph("scores", nodes, values, ("k", "q"), ("s2",), opset=20)


def scale_us(heads: int, keys: int, npu: str) -> float:
    nodes = npusim.simulate(scores(heads, keys, 64), npu, band=False).nodes
    return sum(n.busy_us["mac_array"] for n in nodes if n.name == "scale")


@pytest.mark.parametrize("npu", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_heads_that_fill_no_sixteens_are_scaled_as_fast_as_those_that_do(npu) -> None:
    """4 heads of 1,024 x 64 hold what 16 of 256 do, 9 as much as 9/16 of sixteen: nothing is padded."""
    sixteen = scale_us(16, 1024, npu)
    assert scale_us(4, 4096, npu) == pytest.approx(sixteen, rel=0.25)
    assert scale_us(9, 1024, npu) == pytest.approx(9 / 16 * sixteen, rel=0.3)


def test_what_a_head_of_keys_takes_of_a_tile() -> None:
    """Three of nine heads of 3,201 x 64 fit into a tile of NPU 5010 (loaded padded there, in Intel's schedule of a
    SmolLM layer), five of fourteen of 2,049 do not (Qwen 2.5 0.5B, copied)."""
    one = MacWork(MacOp.CONVOLUTION, 1, 1, 3201, 64, 1, 1, input_bytes=2, weight_bytes=2, output_bytes=2)
    assert head_bytes(one) == 3216 * (128 + 16)
    assert 3 * head_bytes(one) < TILE_BYTES < 5 * 2064 * (128 + 16)
    assert LEAST_INSIDE * 1025 * 256 * 2 > TILE_BYTES  # Gemma's one head of keys after 1,024 tokens


@pytest.mark.parametrize(
    ("name", "npu", "mac", "ddr"),
    [
        ("gemma3x1b_dec_3300", "5010", 0.08, 0.02),
        ("gemma3x1b_dec_3300", "4000", 0.1, 0.02),
        ("qwen306b_dec_3000", "5010", 0.12, 0.03),
        ("smol360m_dec_2800", "5010", 0.14, 0.03),
    ],
)
def test_layers_move_and_compute_what_they_do_there(name, npu, mac, ddr) -> None:
    """A head of 3,301 x 256 written four times within DDR, scaled as 16 channels, its last copy padded; the mask added
    on every tile; values turned and written before they are read (Intel's schedules)."""
    rows = [r for half in ("fit", "judge") for r in read("blocks", half)]
    row = next(r for r in rows if (r.name, r.npu) == (name, npu))
    machine = {"4000": "lunar_lake", "5010": "panther_lake"}[npu]
    hw = load_hardware(machine).replace({"tiles": row.tiles, "step.minimum_ns": 0.0})
    report = npusim.simulate(graph_of("blocks", name), hw, band=False)
    assert report.engines["mac_array"] == pytest.approx(row.mac_us, rel=mac)
    assert report.bytes_moved / 1e6 == pytest.approx(row.ddr_mb, rel=ddr)


@pytest.mark.parametrize(("name", "least"), [("gemma2b_pre_512", 25.0), ("danube3_pre_256", 10.0)])
def test_values_a_prompt_leaves_in_its_cache_are_turned_for_their_product(name, least) -> None:
    """12.5 us for 8 heads of 256 x 96 and 38 for eight copies of 512 x 256 on NPU 5010 (Intel's schedules)."""
    row = next(
        r for half in ("fit", "judge") for r in read("blocks", half) if (r.name, r.npu) == (name, "5010")
    )
    hw = load_hardware("panther_lake").replace({"tiles": row.tiles, "step.minimum_ns": 0.0})
    report = npusim.simulate(graph_of("blocks", name), hw, band=False)
    turned = [
        n for n in report.nodes if n.op_type == "MemPermute" and n.name[:9] in ("Transpose", "Expand_62")
    ]
    assert least < sum(n.busy_us.get("mac_array", 0.0) for n in turned) < 2 * least
    assert report.engines["mac_array"] == pytest.approx(row.mac_us, rel=0.1)
