"""What npusim says of each of the 2,033 models of the ONNX project: a price, or the kind of refusal.

`verdicts.csv` is the record. Where a change alters verdicts this test shows them as a diff; if they are right, write
the record anew with `python -m tests.backend.test_verdicts` and commit it.
"""

from __future__ import annotations

import csv
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import pytest

from npusim import hardware, load, simulate
from npusim.errors import NpusimError
from tests.backend.models import models

RECORD = Path(__file__).with_name("verdicts.csv")
WRITTEN_WITH = "1.23"  # another onnx has other models


def verdict(path: Path, npu: object) -> str:
    try:
        report = simulate(load(path), npu)
    except NpusimError as error:
        assert "\n" not in str(error) and str(error), error
        return type(error).__name__
    assert 0 <= report.latency_us < 1e9
    return "priced"


def verdicts() -> list[str]:
    npu = hardware("lunar_lake")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        lines = []
        for name, content in models():
            path.write_bytes(content)
            lines.append(f"{name},{verdict(path, npu)}")
    return lines


def test_the_record_holds_all_models_and_most_are_priced() -> None:
    with open(RECORD, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2033 and len({row["model"] for row in rows}) == 2033
    assert sum(row["verdict"] == "priced" for row in rows) >= 1790


@pytest.mark.slow
@pytest.mark.skipif(
    not onnx.__version__.startswith(WRITTEN_WITH), reason=f"the record is of onnx {WRITTEN_WITH}"
)
def test_no_verdict_changes_unseen() -> None:
    before = RECORD.read_text("utf-8").splitlines()[1:]
    diff = "\n".join(unified_diff(before, verdicts(), "recorded", "now", lineterm="", n=0))
    assert not diff, f"verdicts changed; if they are right, run python -m tests.backend.test_verdicts\n{diff}"


if __name__ == "__main__":
    RECORD.write_text("model,verdict\n" + "\n".join(verdicts()) + "\n", "utf-8")
