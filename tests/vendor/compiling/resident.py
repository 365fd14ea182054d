"""Ask Intel's compiler about many graphs in a row, through one process that stays (`resident.c`).

The command that starts the process is named by NPUSIM_RESIDENT_COMPILER (`resident.exe`, or `wine resident.exe`): the
C program of this folder, built against the headers of an OpenVINO wheel whose NPU plugin finds its compiler, in the
folder of that wheel's libraries.
"""

import os
import re
import select
import shlex
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import onnx

VARIABLE = "NPUSIM_RESIDENT_COMPILER"
PATIENCE_S = 120.0
#: The process is renewed after so many graphs: what it leaks stays small.
MOST_GRAPHS = 250
#: What a process says before it ends; gathering its stack takes it most of a minute.
LAST_WORDS = (b"LLVM ERROR", b"Assertion failed")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Answer(NamedTuple):
    """How far a graph came: `read` (refused as it is read), `compile` (refused later), `ok`, `crash`, `timeout`."""

    stage: str
    said: str
    seconds: float

    @property
    def refused(self) -> bool:
        return self.stage != "ok"


class Resident:
    """The process; started when needed, started again after a crash. A context manager."""

    def __init__(self, command: str | None = None, patience_s: float = PATIENCE_S) -> None:
        text = command or os.environ.get(VARIABLE, "")
        if not text:
            raise SystemExit(
                f"name the resident compiler: {VARIABLE} is not set (see tests/vendor/compiling)"
            )
        self.words, self.patience_s = shlex.split(text), patience_s
        self.scratch = tempfile.TemporaryDirectory(prefix="npusim_resident_")
        self.process: subprocess.Popen[bytes] | None = None
        self.count, self.rest = 0, b""

    def __enter__(self) -> "Resident":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.scratch.cleanup()

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, model: onnx.ModelProto | bytes, platform: str) -> Answer:
        """What becomes of a graph on a platform (3720, 4000, 5010)."""
        if self.process is None or self.count >= MOST_GRAPHS or self.process.poll() is not None:
            self._start()
        assert self.process is not None and self.process.stdin is not None
        file = Path(self.scratch.name) / "model.onnx"
        file.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        started = time.monotonic()
        options = f"NPU_PLATFORM={platform}\tNPU_COMPILER_TYPE=PLUGIN\tLOG_LEVEL=LOG_ERROR"
        self.process.stdin.write(f"model.onnx\t{options}\n".encode())
        self.process.stdin.flush()
        self.count += 1
        text, how = self._until(b"@@ end")
        seconds = time.monotonic() - started
        if how:
            self.stop()
            return Answer(how, tail(text), seconds)
        log, _, answer = text.rpartition("\n@@ ")
        stage, _, message = answer.partition("\n")
        return Answer(
            stage.strip(), "" if stage.strip() == "ok" else f"{message.strip()}\n{log.strip()}", seconds
        )

    def _start(self) -> None:
        self.stop()
        self.process = subprocess.Popen(
            self.words,
            cwd=self.scratch.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.count, self.rest = 0, b""
        text, how = self._until(b"@@ ready")
        if how:
            raise SystemExit(f"the resident compiler does not start: {tail(text)}")

    def _until(self, mark: bytes) -> tuple[str, str]:
        """All that is written up to a mark, and how it ended otherwise."""
        assert self.process is not None and self.process.stdout is not None
        end, stream = time.monotonic() + self.patience_s, self.process.stdout.fileno()
        while mark not in self.rest:
            if any(word in self.rest for word in LAST_WORDS):
                return COLOUR.sub("", self.rest.decode("utf8", "replace")), "crash"
            ready, _, _ = select.select([stream], [], [], max(0.0, end - time.monotonic()))
            more = os.read(stream, 65536) if ready else b""
            if not more:
                return COLOUR.sub("", self.rest.decode("utf8", "replace")), "crash" if ready else "timeout"
            self.rest += more
        text, _, self.rest = self.rest.partition(mark)
        return COLOUR.sub("", text.decode("utf8", "replace").replace("\r", "")), ""


def tail(text: str) -> str:
    """The last words of a process that ended."""
    return "\n".join(text.strip().splitlines()[-12:])
