"""Speedscope, as it comes from npm, opens the traces of six networks without a complaint.

NPUSIM_SPEEDSCOPE names the folder of its release (`npm install speedscope`, then node_modules/speedscope/dist/release);
CI sets it."""

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import npusim
from npusim.report.trace import to_trace
from tests.shared import SHARED

RELEASE = os.environ.get("NPUSIM_SPEEDSCOPE", "")
NETWORKS = (
    "resnet50_ts mbv2_ts bert_base_L128_ts mamba2_130m_tf4_L256_dy mamba130m_tf5_L4_ts vit_base_dy".split()
)
USUAL = ("speedscope v", "WebGL initialized", "Importing as", "import: ", "GPU stall", "GL Driver Message")

pytestmark = pytest.mark.skipif(not RELEASE, reason="NPUSIM_SPEEDSCOPE names no release of speedscope")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def speedscope():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=RELEASE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mamba2_small", *NETWORKS])
def test_speedscope_opens_it_without_a_complaint(browser, speedscope, name, tmp_path):
    folder = "examples" if name == "mamba2_small" else SHARED / "graphs" / "large"
    path = f"{folder}/{name}.onnx"
    if not os.path.exists(path):
        pytest.skip("the shared graphs are not here")
    report = npusim.simulate(npusim.load(path), npusim.hardware("lunar_lake"))
    (tmp_path / "trace.json").write_text(to_trace(report), "utf-8")
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(speedscope)
    with page.expect_console_message(lambda message: message.text.startswith("import: "), timeout=60_000):
        page.set_input_files("input[type=file]", tmp_path / "trace.json")
    page.close()
    assert not [line for line in said if not any(word in line for word in USUAL)]
