"""An engine of the user's: cycles by hand, a queue of its own, slower clocks are not faster, bad files."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument, NpusimError
from npusim.graph import DType, Graph, Node, Value
from npusim.report.csv_report import to_csv
from npusim.report.json_report import from_json, to_json
from npusim.report.trace import to_trace
from npusim.whatif.engines import counts_of
from tests.whatif.small import NPUS, chain, chains, not_slower

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "engines"
LOGIC, SPIKING = EXAMPLES / "logic.yaml", EXAMPLES / "spiking.py"


def classifier(rows=1):
    """16-64-32-32-5 with ReLU between, as the jet classifiers of the FPGA papers."""
    graph = chain(rows, 16, 64, 32, 32, 5)
    nodes, values = [], dict(graph.values)
    for node in graph.nodes:
        out = node.outputs[0]
        if out in graph.outputs:
            nodes.append(node)
            continue
        values[f"{out}/sum"] = Value(f"{out}/sum", values[out].shape, DType.FLOAT)
        nodes.append(Node(node.name, "MatMul", node.inputs, (f"{out}/sum",)))
        nodes.append(Node(f"{node.name}/relu", "Relu", (f"{out}/sum",), (out,)))
    return Graph("classifier", tuple(nodes), values, graph.inputs, graph.outputs, opset=20)


def test_a_small_classifier_in_logic_by_hand():
    graph = classifier(rows=10)
    report = npusim.suppose(graph, f"engine:{LOGIC}", band=False)
    taken = [node for node in report.nodes if node.engine == "extra"]
    assert len(taken) == len(graph.nodes) == 7
    # 10 rows, one a cycle, 7 nodes of depth 1, at 300 MHz.
    assert report.engines["extra"] == pytest.approx(7 * 10 / 300)
    assert report.engines["mac_array"] == 0 and not any("weights" in task.name for task in report.tasks)
    assert report.latency_us < npusim.simulate(graph, band=False).latency_us
    assert "7 of 7 nodes on 'logic' at 300 MHz, 70 cycles" in report.what_ifs[0].sentence
    assert "truth table" in report.what_ifs[0].needs


def test_a_spiking_array_by_hand():
    report = npusim.suppose(chain(64, 256, 512), f"engine:{SPIKING}", band=False)
    cycles = 4 * (64 * 256 * 512 * 0.15 / 4096 + 64 * 512 / 1024)
    assert report.engines["extra"] == pytest.approx(cycles / 500)
    more = npusim.suppose(
        chain(64, 256, 512), f"engine:{SPIKING},parameters=timesteps:8,firing_rate:0.3", band=False
    )
    cycles = 8 * (64 * 256 * 512 * 0.3 / 4096 + 64 * 512 / 1024)
    assert more.engines["extra"] == pytest.approx(cycles / 500)
    assert npusim.suppose(classifier(), f"engine:{SPIKING}").engines["mac_array"] == 0


@given(graph=chains(), slow=st.integers(10, 900), more=st.integers(1, 1000), hw=st.sampled_from(NPUS))
def test_a_slower_clock_is_never_faster_and_moves_the_same(graph, slow, more, hw):
    low, high = (
        npusim.suppose(graph, f"engine:{SPIKING},clock_mhz={mhz}", hw, band=False)
        for mhz in (slow, slow + more)
    )
    assert not_slower(high.latency_us, low.latency_us)
    assert low.bytes_moved == high.bytes_moved


def test_it_works_beside_the_others():
    """Two products of one input: one on the engine, one on the MAC array, at the same time."""
    values = {"x": Value("x", (64, 256), DType.FLOAT)}
    for k in range(2):
        values[f"w{k}"] = Value(f"w{k}", (256, 512), DType.FLOAT, constant=True)
        values[f"y{k}"] = Value(f"y{k}", (64, 512), DType.FLOAT)
    nodes = tuple(Node(f"m{k}", "MatMul", ("x", f"w{k}"), (f"y{k}",)) for k in range(2))
    graph = Graph("two", nodes, values, ("x",), ("y0", "y1"), opset=20)
    report = npusim.suppose(graph, f"engine:{SPIKING},layers=m0,clock_mhz=100", band=False)
    tasks = {task.name: task for task in report.tasks if task.name in ("m0", "m1")}
    assert tasks["m0"].engine == "extra" and tasks["m1"].engine == "mac_array"
    end = tasks["m0"].start_us + tasks["m0"].duration_us
    assert tasks["m0"].start_us <= tasks["m1"].start_us < end


def test_every_form_of_the_report_knows_it():
    report = npusim.suppose(classifier(), f"engine:{LOGIC}")
    assert from_json(to_json(report)) == from_json(to_json(from_json(to_json(report))))
    assert "Extra" in to_csv(report) and json.loads(to_trace(report))


def test_counts_by_hand():
    graph = chain(64, 256, 512)
    counts = counts_of(graph.nodes[0], graph)
    assert (counts["rows"], counts["inputs"], counts["outputs"]) == (64, 256, 512)
    assert counts["macs"] == 64 * 256 * 512 and counts["elements_in"] == 64 * 256


YAML = 'name: a\nclock_mhz: 100\nops: [MatMul]\ncycles: rows\nsource: "assumed: a test"\n'


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", YAML.replace("rows", "rows + colums"), "there is no 'colums'; there are rows, inputs"),
        ("a.yaml", YAML.replace("rows", "rows +"), "'rows \\+' cannot be read"),
        ("a.yaml", YAML.replace("rows", "0 - rows"), "gives node 'm0' -64.0 cycles; they must be 0 or more"),
        ("a.yaml", YAML.replace("rows", "rows / 0"), "cycles: float division by zero"),
        ("a.yaml", YAML.replace("100", "0"), "clock_mhz: must be greater than 0"),
        ("a.yaml", YAML + "weight: 1\n", "weight: unknown name"),
        ("a.yaml", YAML.replace("MatMul", "Conv"), "takes no node of 'chain'"),
        ("a.py", "name = 'a'\nclock_mhz = 1\n", "a plugin defines takes, cycles too"),
        ("a.py", "1 / 0", "cannot be run: ZeroDivisionError"),
        ("a.txt", "", "ends in neither .yaml nor .py"),
        ("b.yaml", None, "there is no file"),
    ],
)
def test_a_bad_file_is_a_sentence(name, text, said, tmp_path):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(NpusimError, match=said):
        npusim.suppose(chain(64, 256, 512), f"engine:{tmp_path / name}")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("parameters=timesteps", "parameter 'timesteps' is not NAME:VALUE"),
        ("parameters=steps:3", "has no parameter 'steps'; it has timesteps, firing_rate"),
        ("clock_mhz=0", "clock_mhz is 0; it must be greater than 0"),
        ("layers=n*", "takes no node of 'chain' that matches 'n\\*'"),
    ],
)
def test_what_cannot_be_is_said(more, said):
    with pytest.raises(BadArgument, match=said):
        npusim.suppose(chain(64, 256, 512), f"engine:{SPIKING},{more}")
