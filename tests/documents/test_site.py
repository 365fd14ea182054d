"""The site builds strictly, has a page for every command, and its tutorial runs as a notebook."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_site_builds_strictly_and_has_a_page_for_every_command(tmp_path):
    pytest.importorskip("material", reason="the site needs the extra 'docs'")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}

    def step(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    step("docs/make_site.py")
    step("-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site"))
    pages = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "tutorial.html", "machine.html", "api.html", "studies/index.html"} <= pages
    from typer.main import get_command

    from npusim.cli import app

    for name, command in get_command(app).commands.items():
        for page in [f"npusim_{name}_{sub}" for sub in getattr(command, "commands", {})] or [
            f"npusim_{name}"
        ]:
            assert f"commands/{page}.html" in pages
    search = (tmp_path / "site" / "search" / "search_index.json").read_text("utf-8")
    assert "CumSum" in search
    assert "http" not in "".join(
        line
        for line in (tmp_path / "site" / "tutorial.html").read_text("utf-8").splitlines()
        if "<script src" in line
    )


@pytest.mark.slow
def test_the_tutorial_notebook_runs(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="notebooks need the extra 'dev'")
    client = pytest.importorskip("nbclient", reason="notebooks need the extra 'dev'")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    notebook = nbformat.read(ROOT / "docs" / "tutorial.ipynb", as_version=4)
    os.environ["PYTHONPATH"] = str(ROOT)
    client.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("text/html" in out.get("data", {}) for out in shown)
