"""Every kind of page in a real browser: offline, light and dark, wide and narrow, by keyboard."""

import pytest

from npusim.plotting import save as plots
from tests.plotting.results import KINDS, result


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for kind in KINDS:
        plots.save(result(kind), folder / f"{kind}.html")
    return folder


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_page_draws_fits_and_answers_to_keys_and_pointer(browser, pages, width, scheme):
    options = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme, "offline": True}
    context = browser.new_context(**options)
    page = context.new_page()
    bad: list[str] = []
    page.on("console", lambda m: bad.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: bad.append(str(e)))
    page.on("request", lambda r: bad.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
    for kind in KINDS:
        page.goto((pages / f"{kind}.html").as_uri())
        page.wait_for_function("document.querySelector('#plot canvas').width > 0")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), kind
        colours = page.evaluate(
            "(c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size)"
            "(document.querySelector('#plot canvas'))"
        )
        assert colours > 10, kind
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark == (scheme == "dark")
        read = "document.getElementById('plot-readout').textContent"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "plot"
        said = []
        for key in ("Home", "ArrowRight", "ArrowDown", "End"):
            page.keyboard.press(key)
            said.append(page.evaluate(read))
        assert said[0] and said[-1] != said[0], kind
        page.keyboard.press("Escape")
        assert page.evaluate(read) == ""
        box = page.locator("#plot").bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5)
        page.mouse.move(box["x"] + box["width"] * 0.62, box["y"] + box["height"] * 0.52)
        if kind not in ("cloud", "front"):  # there the pointer may be far from any point
            assert page.evaluate(read), kind
        page.locator("summary").click()
        assert page.locator("table").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), kind
    assert not bad, bad
    context.close()
