"""Plots as files: the figure says what the result says, HTML holds all of it and nothing foreign, PNG is a PNG."""

import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import npusim
from npusim.errors import BadArgument, BadOutput
from npusim.plotting import save as plots
from npusim.plotting.figure import (
    GROUP_NAMES,
    GROUPS,
    Axis,
    Bar,
    Heat,
    Lines,
    Points,
    Series,
    Tornado,
    number,
)
from npusim.plotting.from_results import MOST_CELLS, MOST_POINTS, figure_of
from npusim.plotting.html import to_html
from npusim.plotting.regions import borders, places
from npusim.sweeping import sweep
from npusim.terminal.layout import clean
from tests.plotting.results import KINDS, result
from tests.tradeoff.machines import MODEL

SHAPES = {"heat": Heat, "speedup": Heat, "cloud": Points, "front": Points, "tornado": Tornado}
NASTY = "a<b>&\"'</script><!--$x^2$\u2028 \U0001f600 {{data}}"
NASTY_FIGURES = {
    "heat": Heat(
        NASTY, NASTY, Axis(NASTY, "", (1.0, 2.0)), Axis("y", "", (1.0,)), NASTY, "", ((1.0, float("nan")),)
    ),
    "lines": Lines(
        NASTY, NASTY, Axis(NASTY, NASTY, (NASTY, "b")), "v", "us", (Series(NASTY, (1.0, 2.0), (0, 4)),)
    ),
    "points": Points(NASTY, NASTY, Axis("x", "", (1.0,)), Axis(NASTY, "", (2.0,)), (NASTY,), (1,), (0,)),
    "tornado": Tornado(NASTY, NASTY, (Bar(NASTY, NASTY, NASTY, -0.5),), 3),
}


class Page(HTMLParser):
    """Tags, links and the text of cells; complains about tags that are not closed."""

    def __init__(self, text):
        super().__init__()
        self.links, self.cells, self.tags, self._open = [], [], [], []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [v for k, v in attributes if k in ("href", "src", "data", "action")]
        if tag in ("td", "th"):
            self.cells.append("")
        if tag not in ("meta", "link", "path", "circle", "rect"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("path", "circle", "rect"):
            assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] in ("td", "th"):
            self.cells[-1] += data


def data(text):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_plot_follows_from_what_was_varied(kind):
    figure = figure_of(result(kind))
    assert isinstance(figure, SHAPES.get(kind, Lines))
    assert figure.title and not re.search(r"\bnan\b|None", figure.title + figure.note)


def test_a_heat_map_has_the_latency_of_every_point():
    dataset, figure = result("heat"), figure_of(result("heat"))
    for i, latency_ns in enumerate(figure.x.values):
        for j, mhz in enumerate(figure.y.values):
            point = dataset.sel({"dma.latency_ns": latency_ns, "dsp.clock_mhz": mhz})
            assert figure.cells[j][i] == point.latency_us.item() or np.isnan(point.latency_us.item())
            names = dataset.bound_by.attrs["flag_meanings"].split()
            assert GROUPS[figure.bound[j][i]] == names[point.bound_by.item()]


def test_two_models_give_the_speed_up_with_its_break_even():
    figure = figure_of(result("speedup"))
    assert np.allclose(figure.cells, 1) and figure.level == 1
    assert "second over first" in figure.title


def test_lines_have_a_series_for_each_compiler():
    figure = figure_of(result("lines"))
    dataset = result("lines")
    assert [s.name for s in figure.series] == ["2024.12", "2026"]
    for series in figure.series:
        assert list(series.values) == dataset.latency_us.sel(compiler=series.name).values.tolist()


def test_the_front_is_drawn_from_left_to_right_and_falls():
    figure, found = figure_of(result("front")), result("front")
    steps = [(figure.x.values[i], figure.y.values[i]) for i in figure.front]
    assert steps == sorted(steps) and len(steps) == found.on_front.sum()
    assert [y for _, y in steps] == sorted((y for _, y in steps), reverse=True)
    assert len(figure.texts) == found.cost.size


def test_a_tornado_has_the_largest_elasticities_in_order():
    figure, found = figure_of(result("tornado")), result("tornado")
    assert [b.length for b in figure.bars] == [r.elasticity for r in found.elasticities[: len(figure.bars)]]
    assert figure.hidden == len(found.elasticities) - len(figure.bars)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_holds_every_number_in_its_table_and_asks_for_nothing_else(kind):
    figure, text = figure_of(result(kind)), to_html(figure_of(result(kind)))
    page = Page(text)
    assert page.links == ["data:,"]
    assert "http" not in text.replace("http-equiv", "")
    cells = " ".join(page.cells)
    shown = {
        "heat": lambda: [v for row in figure.cells for v in row],
        "lines": lambda: [v for s in figure.series for v in s.values],
        "points": lambda: [*figure.x.values, *figure.y.values],
        "tornado": lambda: [],
    }[figure.kind]()
    for value in shown:
        assert ("does not fit" if np.isnan(value) else number(value)) in cells
    if figure.kind == "tornado":
        assert all(f"{bar.length:+.4f}" in cells and bar.name in cells for bar in figure.bars)
    assert data(text)["kind"] == figure.kind
    assert data(text)["groups"] == list(GROUP_NAMES) and "'launch'" not in text
    assert {"main", "h1", "table", "caption", "details", "noscript"} <= set(page.tags)
    assert len(text) < 120_000


@pytest.mark.parametrize("kind", NASTY_FIGURES)
def test_names_that_look_like_markup_stay_text(kind):
    text = to_html(NASTY_FIGURES[kind])
    page = Page(text)
    assert page.tags.count("script") == 2
    assert clean(NASTY) in (data(text)["title"], *page.cells)
    pytest.importorskip("matplotlib")
    assert plots.render(NASTY_FIGURES[kind], "x.png").startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", KINDS)
def test_a_png_is_one_of_a_decent_size_and_the_same_every_time(kind):
    pytest.importorskip("matplotlib")
    from matplotlib import image

    content = plots.render(result(kind), "plot.png")
    pixels = image.imread(io.BytesIO(content), format="png")
    assert pixels.shape[0] > 500 and pixels.shape[1] > 900
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 20
    if kind == "heat":
        assert plots.render(result(kind), "plot.png") == content


def test_save_writes_whole_files_by_their_ending(tmp_path):
    path = tmp_path / "plot.HTML"
    plots.save(result("lines"), path)
    assert path.read_bytes() == plots.render(result("lines"), "x.html")
    assert [p.name for p in tmp_path.iterdir()] == ["plot.HTML"]


@pytest.mark.parametrize("name", ["plot.pdf", "plot", "plot.svg", "no/such/folder/plot.html"])
def test_a_file_that_cannot_be_written_is_refused_and_nothing_is_left(tmp_path, name):
    with pytest.raises(BadOutput):
        plots.save(result("lines"), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_png_without_matplotlib_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(BadOutput, match=r"\[plot\].*\.html"):
        plots.check("a.png")


def test_large_sweeps_are_thinned_out_and_say_so():
    graph, hw = npusim.load(MODEL), npusim.hardware("lunar_lake")
    figure = figure_of(sweep(graph, hw, {"dma.latency_ns": "50:3000:300", "dsp.clock_mhz": "200:4000:5"}))
    assert len(figure.x.values) <= MOST_CELLS and "one value in 3" in figure.note
    figure = figure_of(sweep(graph, hw, {"dma.latency_ns": "50:3000"}, points=9000, method="random"))
    assert len(figure.x.values) <= MOST_POINTS and "of 9,000 points are shown" in figure.note


def test_more_than_a_plane_can_show_is_refused():
    graph, hw = npusim.load(MODEL), npusim.hardware("lunar_lake")
    vary = {"dma.latency_ns": [1, 2], "dsp.clock_mhz": [900, 901], "dma.ramp_ns": [1, 2]}
    with pytest.raises(BadArgument, match=r"3 axes: dma\.latency_ns, dsp\.clock_mhz, dma\.ramp_ns"):
        figure_of(sweep(graph, hw, vary))
    with pytest.raises(BadArgument, match="one value"):
        figure_of(sweep(graph, hw, {name: values[:1] for name, values in vary.items()}))
    flat = sweep(graph, hw, {**vary, "dma.ramp_ns": [1]})
    assert isinstance(figure_of(flat), Heat) and "dma.ramp_ns 1" in figure_of(flat).note


@given(arrays(int, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 2)))
def test_borders_are_as_long_as_the_seams_between_different_cells(classes):
    length = sum(abs(xs[1] - xs[0]) + abs(ys[1] - ys[0]) for xs, ys in borders(classes))
    assert length == (np.diff(classes, axis=0) != 0).sum() + (np.diff(classes, axis=1) != 0).sum()
    for which, x, y in places(classes):
        assert classes[y, x] == which


def test_a_name_stands_in_the_middle_of_its_region_and_not_over_an_axis():
    """One class on a grid of 33 by 4: its name covered the ticks at the left."""
    assert places(np.zeros((4, 33), dtype=int)) == [(0, 16, 1)]
    pytest.importorskip("matplotlib")
    from npusim.plotting.png import _side

    assert [_side(part) for part in (0.0, 0.5, 1.0)] == ["left", "center", "right"]


def test_lines_that_nothing_bounds_differ_in_colour_too():
    """A prediction and its bound: dashes alone told them apart."""
    pytest.importorskip("matplotlib")
    from matplotlib import image

    series = (Series("a", (1.0, 2.0)), Series("b", (2.0, 3.0)))
    figure = Lines("title", "", Axis("x", "", (1.0, 2.0)), "v", "us", series)
    pixels = image.imread(io.BytesIO(plots.render(figure, "x.png")), format="png")
    bright = pixels[:, :, :3].reshape(-1, 3)
    hues = {int(pixel.argmax()) for pixel in np.unique(bright[np.ptp(bright, axis=1) > 0.6], axis=0)}
    assert hues >= {0, 2}  # red and blue


def test_numbers_from_a_thousand_on_have_commas():
    assert [number(v) for v in (999.5, 1000.0, 1234.5, 20000.0)] == ["999.5", "1,000", "1,234.5", "20,000"]
