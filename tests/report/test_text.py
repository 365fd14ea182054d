"""The page: 80 columns, whole numbers, nothing that steers the terminal."""

import contextlib
import io
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from npusim.errors import BadArgument
from npusim.report.alike import alike
from npusim.report.explain import explain_page, find_node
from npusim.report.record import Advice, NodeReport, Report, Supposed, TaskReport, Unmodelled, WhatIf
from npusim.report.text import LINES, page, to_text
from npusim.terminal.layout import Line, bar, fit, sentence, show, table
from npusim.terminal.units import nbytes, share, time
from tests.report.samples import LONG_NAME, reports, sample


@given(reports(), st.sampled_from([72, 80, 120]), st.booleans())
def test_no_line_is_wider_than_the_page_and_none_steers_the_terminal(report, width, verbose):
    for line in to_text(report, width=width, verbose=verbose).split("\n"):
        assert cell_len(line) <= width
        assert all(char.isprintable() for char in line)


@given(reports())
def test_the_verbose_page_has_every_group_and_its_times_whole(report):
    text = to_text(report, top=99, verbose=True)
    for engine_us in report.engines.values():
        assert time(engine_us) in text
    for group in alike(report.nodes):
        assert time(group.each_us) in text
        assert nbytes(sum(n.bytes_moved for n in group.nodes) / len(group.nodes)) in text


@given(reports())
def test_equal_layers_are_parted_and_every_node_is_in_one_group(report):
    groups = alike(report.nodes)
    assert sorted(n.name for g in groups for n in g.nodes) == sorted(n.name for n in report.nodes)
    assert sum(g.critical_us for g in groups) == pytest.approx(sum(n.critical_us for n in report.nodes))
    assert [g.critical_us for g in groups] == sorted((g.critical_us for g in groups), reverse=True)


@given(reports())
def test_everything_about_a_node_fits_the_page_too(report):
    for node in report.nodes:
        for line in explain_page(report, node):
            assert cell_len(line.text) <= 80
            assert line.text.isprintable()


def test_folders_of_a_path_shrink_before_its_last_part_does():
    name = "/m/resnet/encoder/stages.3/layers.10/layer/layer.2/convolution/Conv"
    assert fit(name, 99) == name
    assert fit(name, 40) == "/m/r/e/s.3/l.10/l/l.2/convolution/Conv"
    assert fit(name, 30) == "/m/r/e/s.3/l.10/l/l.2/c/Conv"
    assert "…" in fit(name, 20) and fit(name, 20).endswith("/c/Conv")


@given(reports())
def test_a_name_copied_from_the_page_finds_its_node(report):
    for width in (20, 40):
        shown = [fit(node.name, width) for node in report.nodes]
        for node, name in zip(report.nodes, shown, strict=True):
            others = {other.name for other in report.nodes if other is not node}
            taken = any(name.lower() in text.lower() for other in report.nodes for text in other.fused)
            if (
                shown.count(name) == 1
                and not any(name.lower() in other.lower() for other in others)
                and not taken
            ):
                assert find_node(report, name) == node


def test_long_names_give_way_in_the_middle_and_numbers_stay_whole():
    text = to_text(sample(), verbose=True)
    row = next(line for line in text.splitlines() if line.endswith("DSP") and "_12345" in line)
    assert "…" in row and row.startswith("/b/l.0/")
    assert row.split()[-9:] == ["MAC", "23.1", "us", "1.8%", "27.1", "us", "262", "KB", "DSP"]


def test_the_page_says_latency_engines_reasons_sources_and_warnings():
    text = to_text(sample())
    assert text.startswith("mamba_block.onnx on lunar_lake: 1.27 ms, 786 per second\n")
    for word in (
        "4 tiles",
        "MAC 1850 MHz",
        "2024.12",
        "fp16",
        "135 MMAC",
        "97.0%",
        "97% assumed",
        "1 x CumSum",
    ):
        assert word in text
    assert "one DSP of one tile" in " ".join(text.split())
    assert "warning  input 'x' is float32" in text
    assert "missing  no cost for 1 Einsum" in text and "lower bound" in " ".join(text.split())
    more = to_text(sample(), verbose=True)
    assert re.search(r"^assumed +97\.0%", more, re.M)
    assert "no time:  1 Reshape" in more


def stack(layers: int) -> Report:
    """Layers that are equal but for their number, each with a scan and a product of its own size."""
    scan, product = sample().nodes[1], sample().nodes[3]
    nodes = []
    for k in range(layers):
        nodes.append(replace(scan, name=f"/layers.{k}/ssd/CumSum_1", reason=f"why {k % 2}"))
        busy = {"mac_array": 20.0 + k, "dma": 7.0}
        nodes.append(replace(product, name=f"/layers.{k}/MatMul", busy_us=busy, reason=""))
    total = sum(n.critical_us for n in nodes)
    return replace(sample(), nodes=tuple(nodes), tasks=(), latency_us=total, unmodelled=())


def test_equal_layers_are_one_row_with_the_time_of_each_and_the_share_of_all():
    report = stack(24)
    first = next(line for line in to_text(report).splitlines() if line.startswith("24 x"))
    assert first.split() == [
        "24",
        "x",
        "/layers.*/ssd/CumSum_1",
        "CumSum",
        "DSP",
        "1.23",
        "ms",
        "98.2%",
        "DSP",
    ]
    assert find_node(report, "/layers.*/ssd/CumSum_1").op_type == "CumSum"


@given(reports())
def test_the_page_is_24_lines_unless_more_is_asked_for_or_something_is_missing(report):
    assert len(page(replace(report, unmodelled=(), warnings=()))) <= LINES


def test_a_long_report_fills_the_24_lines():
    assert LINES - 2 <= len(page(stack(24))) <= LINES
    assert len(page(stack(24), top=20)) > LINES
    assert len(page(stack(24), verbose=True)) > LINES


def test_a_name_has_one_spelling_on_a_page():
    lines = to_text(sample()).splitlines()
    names = {line.split()[0] for line in lines if line.startswith("/")}
    reasons = {line.removeprefix("why").split(":")[0].strip() for line in lines if line.startswith("why ")}
    assert reasons and reasons <= names


def test_a_report_without_unmodelled_nodes_or_warnings_speaks_of_none():
    text = to_text(replace(sample(), unmodelled=(), warnings=()))
    assert "missing" not in text and "warning" not in text


def test_a_wait_is_not_taken_for_work():
    """The MatMul's mask is fetched 1.2 ms before its work: its span is long, its engines' time is not."""
    report = sample()
    matmul = report.nodes[-1]
    assert matmul.duration_us == 1257.625
    explained = "\n".join(line.text for line in explain_page(report, matmul))
    assert "time        23.1 us, 1.8% of the latency" in explained
    assert "busy        27.1 us: mac_array 20.1 us, dma 7.00 us a port" in explained
    assert "1.26 ms" in explained


def test_top_limits_the_table():
    report = sample()
    names = [line.text for line in page(report, top=1) if line.text.startswith(("/", "slowest"))]
    assert names[0].startswith("slowest of 4")
    assert sum(name.startswith("/conv1") for name in names) == 0


def test_an_empty_report_has_a_page():
    report = replace(sample(), nodes=(), tasks=(), engines={}, coverage={}, latency_us=0.0)
    assert to_text(report).startswith("mamba_block.onnx on lunar_lake: 0 us\n")


def test_a_reason_that_several_share_is_told_once():
    report = sample()
    twin = replace(report.nodes[1], name="/ssd/CumSum_2")
    text = to_text(replace(report, nodes=(*report.nodes, twin), tasks=()))
    assert text.count("one DSP of one tile") == 1
    assert "(and 1 more)" in text


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("/conv1/Conv", "/conv1/Conv"),
        ("CumSum", "/ssd/CumSum"),
        ("cumsum", "/ssd/CumSum"),
        ("/relu/Relu", "/conv1/Conv"),
        ("BatchNorm", "/conv1/Conv"),
        ("MatMul_12345", LONG_NAME),
    ],
)
def test_a_node_is_found_by_name_by_a_piece_of_it_or_by_what_is_fused_into_it(query, name):
    assert find_node(sample(), query).name == name


def test_an_exact_name_wins_over_longer_ones_that_contain_it():
    report = sample()
    longer = replace(report.nodes[1], name="/ssd/CumSum_1")
    assert find_node(replace(report, nodes=(longer, *report.nodes)), "/ssd/CumSum").name == "/ssd/CumSum"


@pytest.mark.parametrize(
    ("query", "said"),
    [("/ssd", "'/ssd/CumSum', '/ssd/Reshape'"), ("Cumsun", "/ssd/CumSum"), ("zzz", "report.nodes")],
)
def test_a_name_that_is_no_ones_or_many_s_is_refused_with_the_nearest(query, said):
    with pytest.raises(BadArgument) as refused:
        find_node(sample(), query)
    assert said in str(refused.value)


@given(st.text(), st.integers(1, 40))
def test_a_name_fits_its_width_and_keeps_both_ends(name, width):
    fitted = fit(name, width)
    assert cell_len(fitted) <= width
    if name.isascii() and name.isprintable() and len(name) > width > 3:
        assert fitted[0] == name[0] and fitted[-1] == name[-1]


@given(st.floats(0, 1), st.integers(1, 60))
def test_a_bar_is_as_long_as_its_share(share_of_whole, width):
    assert abs(len(bar(share_of_whole, width)) - share_of_whole * width) <= 1


@given(st.text(), st.integers(20, 80))
def test_a_wrapped_sentence_keeps_its_width(text, width):
    assert all(cell_len(line.text) <= width for line in sentence(text, width, 10, "warning"))


def test_a_table_narrows_words_and_never_numbers():
    lines = table(("node", "us"), [("a" * 100, "123456789.123")], width=30, words=(0,))
    assert lines[1].text.endswith("  123456789.123") and len(lines[1].text) <= 30


def test_shares_are_percent():
    assert share(1, 8) == "12.5%" and share(1, 0) == "-"


class Terminal(io.StringIO):
    """A terminal as far as `show` and rich can tell."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def shown(lines: list[Line], monkeypatch: pytest.MonkeyPatch, **terminal: str) -> str:
    """What a colour terminal gets; `terminal` changes its encoding or the environment."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    screen = Terminal()
    screen.encoding = terminal.pop("encoding", "utf-8")
    for name, value in {"TERM": "xterm", **terminal}.items():
        monkeypatch.setenv(name, value)
    with contextlib.redirect_stdout(screen):
        show(lines)
    return screen.getvalue()


def test_a_terminal_gets_colours_and_whole_lines(monkeypatch):
    out = shown([Line("x" * 300, "cyan"), Line("[bold] :smile: 1.5")], monkeypatch)
    assert out == f"\x1b[36m{'x' * 300}\x1b[0m\n[bold] :smile: 1.5\n"


def test_no_color_is_kept(monkeypatch):
    assert shown([Line("x", "cyan")], monkeypatch, NO_COLOR="1") == "x\n"


def test_a_terminal_that_writes_ascii_only_gets_ascii(monkeypatch):
    assert "█" in shown(page(sample()), monkeypatch)
    assert shown(page(sample()), monkeypatch, encoding="ascii").isascii()


def test_the_documentation_names_every_field():
    text = (Path(__file__).parents[2] / "docs" / "report.md").read_text("utf-8")
    for record in (Report, NodeReport, TaskReport, Unmodelled, Advice, WhatIf):
        for name in (field.name for field in fields(record)):
            assert f"`{name}`" in text, f"{record.__name__}.{name}"


def test_a_long_what_if_is_wrapped_and_not_cut():
    asked = "engine:examples/engines/spiking.py,parameters=timesteps:8,firing_rate:0.05,leak:0.5,layers=*"
    report = replace(sample(), what_ifs=(Supposed("engine", asked, "3 nodes"),))
    told = " ".join(line.text for line in page(report)).replace("what if", "")
    assert asked.replace(",", "") in "".join(told.split()).replace(",", "")


def test_the_page_says_that_a_file_holds_8_bit_tensors():
    """`fp16` alone would read as if a quantised network ran in floats."""
    report = sample()
    quantised = replace(report.nodes[0], op_type="QuantizeLinear")
    assert "8 bits where the file has them" not in to_text(report)
    text = " ".join(to_text(replace(report, nodes=(quantised, *report.nodes[1:]))).split())
    assert "fp16, 8 bits where the file has them" in text
