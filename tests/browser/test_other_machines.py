"""Pages of `npusim against` and `npusim serve`: they fit a phone, hold their numbers, run no foreign text."""

from dataclasses import replace

from npusim.rival.html import to_html as against
from npusim.rival.record import Against, Cause, Kind, Over, Point, TimedOp, Timing
from npusim.serving.html import to_html as serving
from npusim.serving.requests import Request
from npusim.serving.serve import serve
from tests.browser.conftest import HOSTILE
from tests.serving.test_serve import config  # noqa: F401

NARROW = "document.documentElement.scrollWidth <= innerWidth"


def test_hostile_names_on_the_page_of_two_machines_are_shown_and_nothing_of_them_runs(
    tmp_path, opened, reports
):
    report = reports["hostile"]
    ops = tuple(TimedOp(name, name, 5.0) for name in HOSTILE)
    cpu = Timing("CPU", HOSTILE[0], HOSTILE[1], 2, 30.0, (29.0, 31.0), 50, 10, ops)
    kinds = tuple(Kind(name, 1, 7.0, 5.0) for name in HOSTILE)
    causes = (Cause(HOSTILE[0], 12.0, 6, HOSTILE),)
    over = Over(HOSTILE[1], (Point(1, 42.0, None, 30.0, True),), None, HOSTILE[0])
    found = Against(report, cpu, replace(cpu, device="NPU"), kinds, causes, 1e6, 10, over, HOSTILE)
    (tmp_path / "against.html").write_text(against(found), "utf-8")
    for width in (390, 1280):
        with opened(tmp_path / "against.html", width, "dark") as page:
            assert page.evaluate(NARROW)
            assert page.title() not in ("owned", "1")
            assert page.locator("img").count() == 0
            assert "img src=x" in page.inner_text("#kinds")


def test_the_page_of_a_mix_holds_every_request(tmp_path, opened, config):  # noqa: F811
    found = serve(config, [200, 30, Request(64, 3, 100.0)], sizes=(64, 128), tokens=5)
    (tmp_path / "serve.html").write_text(serving(found), "utf-8")
    for width in (390, 1280):
        with opened(tmp_path / "serve.html", width) as page:
            assert page.evaluate(NARROW)
            assert page.locator("#requests tbody tr").count() == 3
            assert "128 + 128" in page.inner_text("#requests")
