"""The browser, the pages, and a page that is watched: console, errors, requests.

Where NPUSIM_REQUIRE_BROWSER is set (CI does), a missing browser fails; elsewhere it skips."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import npusim
from npusim.comparison.html import to_html as compared
from npusim.comparison.waterfall import compare
from npusim.report.html import to_html
from tests.report.samples import node, sample
from tests.shared import SHARED

EXAMPLE = "examples/mamba2_small.onnx"
HOSTILE = (
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "\u202egnp.exe\u2066",
    "a\x1b[31m\x00b",
    "\U0001f9ea" * 50 + "/" + "long_" * 400,
    "{{data}} ${DATA} <!-- ",
)


def missing(what: str) -> None:
    if os.environ.get("NPUSIM_REQUIRE_BROWSER"):
        pytest.fail(f"{what} is not installed, and NPUSIM_REQUIRE_BROWSER asks for it")
    pytest.skip(f"{what} is not installed")


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        missing("chromium")
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def empty():
    """A graph without nodes: nothing takes time."""
    return replace(
        npusim.simulate(npusim.load(EXAMPLE), npusim.hardware("lunar_lake")),
        graph="", nodes=(), tasks=(), latency_us=0.0, engines={}, coverage={}, macs=0.0, bytes_moved=0.0,
    )  # fmt: skip


def hostile():
    report = sample()
    nodes = tuple(
        node(
            name,
            name,
            "dsp",
            15.25 + k,
            1.0,
            reason=name,
            critical_us=1.0,
            busy_us={"dsp": 1.0},
            source="fitted",
        )
        for k, name in enumerate(HOSTILE)
    )
    first = report.tasks[3]
    tasks = tuple(
        replace(first, node=n.name, name=n.name + "/x", start_us=n.start_us, duration_us=1.0) for n in nodes
    )
    return replace(
        report, graph=HOSTILE[0], hardware=HOSTILE[1], nodes=(*report.nodes, *nodes),
        tasks=(*report.tasks[:3], *tasks), warnings=HOSTILE, versions={HOSTILE[0]: HOSTILE[1]},
    )  # fmt: skip


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Name -> report. 'resnet50' is there where the shared graphs are."""
    import onnx_ir as ir

    import xamba

    hw = npusim.hardware("lunar_lake")
    model = ir.load(EXAMPLE)
    xamba.CumBA()(model)
    xamba.ReduBA()(model)
    rewritten = tmp_path_factory.mktemp("models") / "rewritten.onnx"
    ir.save(model, rewritten)
    found = {
        "mamba2": npusim.simulate(npusim.load(EXAMPLE), hw, "2024.12", advice=True),
        "rewritten": npusim.simulate(npusim.load(str(rewritten)), hw, "2024.12", advice=True),
        "empty": empty(),
        "hostile": hostile(),
    }
    resnet = SHARED / "graphs" / "large" / "resnet50_ts.onnx"
    if resnet.exists():
        found["resnet50"] = npusim.simulate(npusim.load(str(resnet)), hw, advice=True)
    return found


@pytest.fixture(scope="session")
def pages(reports, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    texts = {name: to_html(report) for name, report in reports.items()}
    texts["compare"] = compared(compare(reports["mamba2"], reports["rewritten"]))
    texts["compare empty"] = compared(compare(reports["empty"], reports["empty"]))
    texts["compare hostile"] = compared(compare(reports["hostile"], reports["mamba2"]))
    found = {}
    for name, text in texts.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(text, "utf-8")
    return found


@pytest.fixture
def opened(browser):
    """A context: `opened(path, width, scheme)` gives the page; afterwards it fails for whatever went wrong in it."""

    @contextmanager
    def show(path: Path, width: int = 1280, scheme: str = "light"):
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme=scheme,
            offline=True,
            reduced_motion="reduce",
        )
        page, bad = context.new_page(), []
        page.on("console", lambda m: bad.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: bad.append(str(e)))
        page.on(
            "request",
            lambda r: bad.append(r.url) if not r.url.startswith(("file:", "data:", "blob:")) else None,
        )
        page.goto(path.as_uri())
        yield page
        context.close()
        assert not bad, bad

    return show
