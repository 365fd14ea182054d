"""The pages of `npusim run --html` and `npusim compare --html`: they draw, fit, answer, and say what the JSON says."""

import json
from dataclasses import replace

import pytest

from npusim.pages.template import text
from npusim.report.html import to_html
from npusim.report.json_report import to_document
from npusim.report.record import Supposed
from npusim.terminal.units import nbytes, share, time
from tests.browser.conftest import HOSTILE

RUNS = ("mamba2", "rewritten", "resnet50", "empty", "hostile")
COMPARISONS = ("compare", "compare empty", "compare hostile")
SECTIONS = {
    "mamba2": "where advice timeline memory nodes roofline what-if sources",
    "rewritten": "where advice timeline memory nodes roofline what-if sources",
    "resnet50": "where advice timeline memory nodes roofline what-if sources",
    "empty": "where advice timeline nodes sources",
    "hostile": "where advice timeline memory nodes sources",
    "compare": "waterfall timeline why nodes",
    "compare empty": "waterfall timeline nodes",
    "compare hostile": "waterfall timeline nodes",
}


def path_of(pages, name):
    if name not in pages:
        pytest.skip("the shared graphs are not here")
    return pages[name]


@pytest.mark.parametrize("name", [*RUNS, *COMPARISONS])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_page_has_its_sections_fits_its_width_and_keeps_to_its_file(pages, opened, name, width, scheme):
    with opened(path_of(pages, name), width, scheme) as page:
        found = page.eval_on_selector_all("section", "all => all.map(s => s.id)")
        assert found == SECTIONS[name].split()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark == (scheme == "dark")
        assert page.title() != "owned" and not page.query_selector_all("img")
        for canvas in page.query_selector_all(".chart canvas"):
            colours = canvas.evaluate(
                "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height)"
                ".data.buffer)).size"
            )
            assert colours > 5


@pytest.mark.parametrize("name", ["mamba2", "resnet50", "rewritten"])
def test_the_numbers_are_those_of_the_json_report_to_the_last_digit_shown(pages, reports, opened, name):
    with opened(path_of(pages, name)) as page:
        document = json.loads(json.dumps(to_document(reports[name])))
        whole = document["latency_us"]
        assert page.inner_text("#latency").split("\n")[0].startswith(time(whole))
        page.select_option("#rows", "node")
        while page.is_visible("#nodes-more"):
            page.click("#nodes-more")
        rows = page.eval_on_selector_all(
            "#nodes-body tr", "all => all.map(r => [...r.cells].map(c => c.textContent))"
        )
        shown = {row[0]: row for row in rows}
        assert len(rows) == len(document["nodes"]) == len(shown)
        for n in document["nodes"]:
            row = shown[n["name"]]
            busy = max(n["busy_us"].values(), default=0)
            said = [
                time(n["critical_us"]),
                share(n["critical_us"], whole),
                time(busy),
                nbytes(n["bytes_moved"]),
            ]
            assert row[3:7] == said, n
        bars = page.inner_text("#what-if")
        assert document["what_if"] and all(time(w["latency_us"]) in bars for w in document["what_if"])
        advice = page.inner_text("#advice")
        assert all(a["sentence"] in advice and a["command"] in advice for a in document["advice"])
        engines = page.inner_text("#where")
        assert all(time(e["busy_us"]) in engines for e in document["engines"].values())


def test_units_are_the_same_in_script_and_in_python(pages, opened):
    values = [
        0,
        0.0004,
        0.125,
        1.125,
        1.375,
        2.675,
        9.996,
        99.95,
        999.4,
        999.6,
        1234.5,
        999_499,
        1e6,
        2229442.285,
    ]
    values += [k / 1000 for k in range(0, 12_000, 7)]
    with opened(pages["mamba2"]) as page:
        said = page.evaluate("all => all.map(v => [time(v), nbytes(v), share(v, 1234.5)])", values)
    assert said == [[time(v), nbytes(v), share(v, 1234.5)] for v in values]


def test_sorting_searching_filtering_and_grouping_change_the_table(pages, opened):
    with opened(pages["mamba2"]) as page:
        names = lambda: page.eval_on_selector_all("#nodes-body th", "all => all.map(c => c.textContent)")
        ops = lambda: page.eval_on_selector_all(
            "#nodes-body td:nth-child(2)", "all => all.map(c => c.textContent)"
        )
        page.select_option("#rows", "node")
        by_time = names()
        assert page.get_attribute("#nodes-table th:nth-child(4)", "aria-sort") == "descending"
        page.click("#nodes-table th:nth-child(1) button")
        assert (
            names() != by_time
            and page.get_attribute("#nodes-table th:nth-child(1)", "aria-sort") == "ascending"
        )
        page.click("#nodes-table th:nth-child(2) button")
        assert ops() == sorted(ops(), key=str.lower) or ops() == sorted(ops())
        page.fill("#search", "cumsum")
        assert set(ops()) == {"CumSum"} and "3 of 3 rows" in page.inner_text("#nodes-count")
        page.fill("#search", "")
        page.select_option("#on", "mac_array")
        assert 0 < len(names()) < len(by_time)
        page.select_option("#on", "")
        page.select_option("#rows", "alike")
        assert 0 < len(names()) < len(by_time) and any("\u00d7" in name for name in names())
        page.select_option("#rows", "layer")
        assert len(names()) < len(by_time)
        page.select_option("#rows", "node")
        page.click("#nodes-body tr:first-child button")
        assert page.inner_text("tr.more").startswith("why")


def test_the_table_of_a_comparison_is_sorted_and_searched(pages, opened):
    with opened(pages["compare"]) as page:
        names = lambda: page.eval_on_selector_all(
            "#nodes tbody tr:not([hidden]) th", "all => all.map(c => c.textContent)"
        )
        before = names()
        page.click("#nodes thead th:nth-child(3) button")
        assert sorted(names()) == sorted(before) and names() != before
        page.fill("#nodes input", "CumSum")
        assert names() and all("CumSum" in name for name in names())


@pytest.mark.parametrize("name", ["mamba2", "resnet50"])
def test_pointing_names_the_op_and_its_reason(pages, reports, opened, name):
    with opened(path_of(pages, name)) as page:
        report = reports[name]
        task = max((t for t in report.tasks if not t.engine.startswith("dma")), key=lambda t: t.duration_us)
        place = page.evaluate("at => charts[0].valToPos(at, 'x')", task.start_us + task.duration_us / 2)
        track = page.evaluate("([e]) => DATA.runs[0].track[e === 'dsp' ? 'dsp0.0' : 'mac0']", [task.engine])
        tracks = page.evaluate("DATA.runs[0].tracks.length")
        box = page.locator("#timeline-chart .u-over").bounding_box()
        page.locator("#timeline-chart").scroll_into_view_if_needed()
        box = page.locator("#timeline-chart .u-over").bounding_box()
        page.mouse.move(box["x"] + place - 1, box["y"] + (track + 0.5) * box["height"] / tracks)
        page.mouse.move(box["x"] + place, box["y"] + (track + 0.5) * box["height"] / tracks)
        node = next(n for n in report.nodes if n.name == task.node)
        said = page.inner_text("#tip")
        assert task.node in said and node.op_type in said and time(task.duration_us) in said
        assert node.reason[:40] in said


def test_everything_is_reached_and_told_by_keyboard(pages, opened):
    with opened(pages["mamba2"]) as page:
        reached = []
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        for wanted in ("timeline-chart", "occupancy", "traffic", "search", "rows", "on", "bound"):
            assert wanted in reached, wanted
        for key in ("timeline-chart", "occupancy", "traffic", "roofline-chart"):
            page.focus(f"#{key}")
            said = []
            for press in ("Home", "ArrowRight", "End", "ArrowLeft"):
                page.keyboard.press(press)
                said.append(page.inner_text(f"#{key}-readout"))
            assert all(said) and len(set(said)) > 1, (key, said)
        span = lambda: page.evaluate("charts.map(u => u.scales.x.max - u.scales.x.min)")
        whole = span()
        page.focus("#timeline-chart")
        page.keyboard.press("+")
        page.wait_for_timeout(50)
        near = span()
        assert (
            near[0] == pytest.approx(whole[0] / 2) and near[1] == near[2] == near[0]
        )  # they share their axis
        page.keyboard.press("0")
        page.wait_for_timeout(50)
        assert span() == whole


def test_hostile_names_are_shown_and_nothing_of_them_runs(pages, opened):
    with opened(pages["hostile"]) as page:
        assert page.title() not in ("owned", "1")
        page.select_option("#rows", "node")
        assert any(
            "onerror" in t
            for t in page.eval_on_selector_all("#nodes-body th", "a => a.map(c => c.textContent)")
        )
        assert "\x1b" not in page.content() and "\u202e" not in page.content()
    assert "<script>document" not in pages["hostile"].read_text("utf-8")
    assert all(text(name) for name in HOSTILE)


def test_a_zoom_by_dragging_and_all_again(pages, opened):
    with opened(pages["mamba2"]) as page:
        page.locator("#timeline-chart").scroll_into_view_if_needed()
        box = page.locator("#timeline-chart .u-over").bounding_box()
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + 100, y)
        page.mouse.down()
        page.mouse.move(box["x"] + 300, y, steps=4)
        page.mouse.up()
        page.wait_for_timeout(50)
        low, high = page.evaluate("[charts[0].scales.x.min, charts[0].scales.x.max]")
        assert 0 < low < high < page.evaluate("DATA.runs[0].latency_us")
        page.click("#timeline button:text('All')")
        page.wait_for_timeout(50)
        assert page.evaluate("charts[0].scales.x.min") == 0


def test_pages_of_validation_and_crosscheck_hold_their_numbers(tmp_path, opened, reports):
    from npusim.measured.html import to_html as beside
    from npusim.measured.join import compare
    from npusim.measured.readers.read import read_reports
    from npusim.reference.errors import Validation
    from npusim.reference.html import to_html as validated
    from npusim.report.trace import to_trace
    from tests.browser.conftest import EXAMPLE

    (tmp_path / "p.json").write_text(to_trace(reports["mamba2"]), "utf-8")
    (profile,) = read_reports([str(tmp_path / "p.json")])
    import npusim

    (tmp_path / "cross.html").write_text(beside([compare(reports["mamba2"], npusim.load(EXAMPLE), profile)]))
    (tmp_path / "valid.html").write_text(validated(Validation("no tables", ())))
    with opened(tmp_path / "cross.html", 390, "dark") as page:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        rows = page.eval_on_selector_all("tbody tr", "all => all.map(r => r.textContent)")
        assert any("CumSum" in row for row in rows)
    with opened(tmp_path / "valid.html") as page:
        assert "0 of 0 bars met" in page.inner_text("body")


def test_a_long_what_if_fits_a_phone(reports, opened, tmp_path):
    asked = "split:at=every,on=meteor_lake,bandwidth=1.25,latency=20,of=" + 40 * "x"
    report = replace(reports["mamba2"], what_ifs=(Supposed("split", asked, "11 cuts"),))
    (tmp_path / "whatif.html").write_text(to_html(report), "utf-8")
    with opened(tmp_path / "whatif.html", 390, "light") as page:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
