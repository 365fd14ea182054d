"""A sign of life: on a terminal, for long work only."""

import io
from contextlib import redirect_stderr

import pytest

from npusim.terminal import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def wait_for(text: str, screen: Terminal) -> None:
    for _ in range(200):
        if text in screen.getvalue():
            return
        progress.threading.Event().wait(0.01)
    pytest.fail(f"{text!r} was not shown")


def test_long_work_is_shown_and_wiped_away(screen, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with redirect_stderr(screen), progress.working("reading big.onnx"):
        wait_for("reading big.onnx", screen)
    assert screen.getvalue().endswith("\x1b[2K")  # the line is erased


def test_quick_work_shows_nothing(screen):
    with redirect_stderr(screen), progress.working("reading small.onnx"):
        pass
    assert screen.getvalue() == ""


def test_a_pipe_gets_nothing(screen, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    monkeypatch.setattr(screen, "isatty", lambda: False, raising=False)
    with redirect_stderr(screen), progress.working("reading big.onnx"):
        progress.threading.Event().wait(0.05)
    assert screen.getvalue() == ""


def test_an_error_passes_through(screen):
    with pytest.raises(KeyError), redirect_stderr(screen), progress.working("reading"):
        raise KeyError
