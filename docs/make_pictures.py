"""Pictures of the README and the tutorial, from the tool's own pages. Needs Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = "examples/mamba2_small.onnx"
SIZE = {"run": (1000, 860), "compare": (1000, 860)}


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("pictures are taken by Chromium, which is not installed")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        faster = folder / "faster.onnx"
        tool("xamba", "optimize", MODEL, "-o", faster, "--passes", "cumba")
        tool("npusim", "run", MODEL, "--compiler", "2024.12", "--html", folder / "run.html")
        words = ("npusim", "compare", MODEL, faster, "--compiler", "2024.12")
        try:
            tool(*words, "--html", folder / "compare.html")
        except subprocess.CalledProcessError:  # the page as a terminal shows it
            text = folder / "compare.txt"
            tool(*words, "-o", text)
            style = "background:#fdfdfd;color:#222;font:17px/1.45 monospace;padding:24px"
            page = f"<meta charset=utf-8><body style='{style}'><pre>{escape(text.read_text('utf-8'))}</pre>"
            (folder / "compare.html").write_text(page, "utf-8")
        for name, (width, height) in SIZE.items():
            target = ROOT / "docs" / "pictures" / f"{name}.png"
            target.parent.mkdir(exist_ok=True)
            subprocess.run(
                [
                    chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                    f"--window-size={width},{height}", "--virtual-time-budget=4000",
                    f"--screenshot={target}", (folder / f"{name}.html").as_uri(),
                ],
                check=True, capture_output=True,
            )  # fmt: skip


def tool(name: str, *words: object) -> None:
    subprocess.run([sys.executable, "-m", name, *map(str, words)], cwd=ROOT, check=True, capture_output=True)


if __name__ == "__main__":
    main()
