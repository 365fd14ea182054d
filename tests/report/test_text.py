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
from npusim.report.explain import explain_page, find_node
from npusim.report.record import NodeReport, Report, TaskReport, Unmodelled
from npusim.report.text import page, scaled, share, to_text
from npusim.terminal.layout import Line, bar, fit, sentence, show, table
from tests.report.samples import LONG_NAME, reports, sample


@given(reports(), st.sampled_from([72, 80, 120]))
def test_no_line_is_wider_than_the_page_and_none_steers_the_terminal(report, width):
    for line in to_text(report, width=width).split("\n"):
        assert cell_len(line) <= width
        assert all(char.isprintable() for char in line)


@given(reports())
def test_every_busy_time_of_the_slowest_is_on_the_page_whole(report):
    words = to_text(report, top=99).split()
    for engine_us in report.engines.values():
        assert f"{engine_us:.3f}" in words
    for node in report.nodes:
        assert f"{node.bytes_moved / 1e6:.3f}" in words


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
    text = to_text(sample())
    row = next(line for line in text.splitlines() if line.endswith("DSP") and "MatMul_12345" in line)
    assert "…" in row and row.startswith("/b/l.0/")
    assert row.split()[-6:] == ["MAC", "23.125", "1.8%", "27.125", "0.262", "DSP"]


def test_the_page_says_latency_engines_reasons_sources_and_warnings():
    text = to_text(sample())
    assert text.startswith("mamba_block.onnx on lunar_lake: 1272.875 us (786 per second)\n")
    for word in ("4 tiles", "MAC 1850 MHz", "2024.12", "fp16", "134.79 MMAC", "97.0%"):
        assert word in text
    assert "one DSP of one tile" in " ".join(text.split())
    assert re.search(r"^assumed +97\.0%", text, re.M)
    assert "warning  input 'x' is float32" in text
    assert "missing  no cost for 1 Einsum" in text and "lower bound" in " ".join(text.split())
    assert "no time:  1 Reshape" in text


def test_a_report_without_unmodelled_nodes_or_warnings_speaks_of_none():
    text = to_text(replace(sample(), unmodelled=(), warnings=()))
    assert "missing" not in text and "warning" not in text


def test_a_wait_is_not_taken_for_work():
    """The MatMul's mask is fetched 1.2 ms before its work: its span is long, its engines' time is not."""
    report = sample()
    matmul = report.nodes[-1]
    assert matmul.duration_us == 1257.625
    explained = "\n".join(line.text for line in explain_page(report, matmul))
    assert "time        23.125 us, 1.8% of the latency" in explained
    assert "busy        27.125 us: mac_array 20.125 us, dma 7.000 us" in explained
    assert "1257.625 us" in explained


def test_top_limits_the_table():
    report = sample()
    names = [line.text for line in page(report, top=1) if line.text.startswith(("/", "slowest"))]
    assert names[0].startswith("slowest 1 of 4")
    assert sum(name.startswith("/conv1") for name in names) == 0


def test_an_empty_report_has_a_page():
    report = replace(sample(), nodes=(), tasks=(), engines={}, coverage={}, latency_us=0.0)
    assert to_text(report).startswith("mamba_block.onnx on lunar_lake: 0.000 us\n")


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
    [("/ssd", "'/ssd/CumSum', '/ssd/Reshape'"), ("Cumsun", "/ssd/CumSum"), ("zzz", "--json")],
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


def test_counts_and_shares_are_scaled_for_people():
    assert scaled(4089184256) + "MAC" == "4.09 GMAC"
    assert scaled(17) + "B" == "17 B"
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
    for record in (Report, NodeReport, TaskReport, Unmodelled):
        for name in (field.name for field in fields(record)):
            assert f"`{name}`" in text, f"{record.__name__}.{name}"
