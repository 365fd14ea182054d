"""The page of `npusim generate --html`: it draws, fits and answers."""

import pytest

import npusim
from npusim.generating.html import to_html
from npusim.terminal.units import digits
from tests.generating.models import LLAMA, MAMBA, config


@pytest.fixture(scope="session")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generation")
    llama, mamba = config(folder / "llama", LLAMA), config(folder / "<b>mamba", MAMBA)
    return {
        "whole": npusim.generate(
            llama, weights="int4", curve=[128, 512, 2048, 8192], against=mamba, draft=llama, measured=900.0
        ),
        "plain": npusim.generate(mamba, memory_bytes=1e6),
    }


@pytest.fixture(scope="session")
def generation_pages(answers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generation_pages")
    found = {}
    for name, answer in answers.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(to_html(answer), "utf-8")
    return found


SECTIONS = {
    "whole": "where bound curve memory beside doubts",
    "plain": "where bound memory doubts",
}


@pytest.mark.parametrize("name", SECTIONS)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_has_its_sections_and_fits_its_width(answers, generation_pages, opened, name, width, scheme):
    with opened(generation_pages[name], width, scheme) as page:
        assert page.eval_on_selector_all("section", "all => all.map(s => s.id)") == SECTIONS[name].split()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.inner_text("#answer").startswith(f"{digits(answers[name].tokens_per_s)} tokens/s")
        assert not page.query_selector_all("b")  # a name of a folder is text


def test_the_curve_is_drawn_and_read_by_keyboard(answers, generation_pages, opened):
    with opened(generation_pages["whole"]) as page:
        colours = page.query_selector("#context canvas").evaluate(
            "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
        )
        assert colours > 5
        page.focus("#context")
        page.keyboard.press("End")
        said = page.inner_text("#context-readout")
        last = answers["whole"].curve[-1]
        assert said.startswith("context 8,192") and f"{digits(last.tokens_per_s)} tokens/s" in said
