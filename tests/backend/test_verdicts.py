"""What npusim says of each of the 2,033 models of the ONNX project: a price, or the kind of refusal.

`verdicts.csv` is the record, `versions.csv` the versions of ops that priced models among them hold (docs/coverage.md
quotes it). Where a change alters verdicts this test shows them as a diff; if they are right, write
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
VERSIONS = Path(__file__).with_name("versions.csv")
WRITTEN_WITH = "1.23"  # another onnx has other models


def verdict(path: Path, npu: object) -> str:
    try:
        report = simulate(load(path), npu)
    except NpusimError as error:
        assert "\n" not in str(error) and str(error), error
        return type(error).__name__
    assert 0 <= report.latency_us < 1e9
    return "priced"


def verdicts() -> tuple[list[str], list[str]]:
    """Lines of both records."""
    npu, held = hardware("lunar_lake"), set()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        lines = []
        for name, content in models():
            path.write_bytes(content)
            said = verdict(path, npu)
            lines.append(f"{name},{said}")
            if said == "priced":
                held |= versions(onnx.ModelProto.FromString(content))
    return lines, [f"{op},{version}" for op, version in sorted(held)]


def versions(model: onnx.ModelProto) -> set[tuple[str, int]]:
    """Ops of ai.onnx in the main graph, and the opset since which each means what it means here."""
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
    ops = {n.op_type for n in model.graph.node if n.domain in ("", "ai.onnx")}
    return {(op, onnx.defs.get_schema(op, opset, "").since_version) for op in ops if onnx.defs.has(op, opset)}


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
    for record, now in zip((RECORD, VERSIONS), verdicts(), strict=True):
        before = record.read_text("utf-8").splitlines()[1:]
        diff = "\n".join(unified_diff(before, now, "recorded", "now", lineterm="", n=0))
        assert not diff, (
            f"verdicts changed; if they are right, run python -m tests.backend.test_verdicts\n{diff}"
        )


if __name__ == "__main__":
    for record, head, lines in zip(
        (RECORD, VERSIONS), ("model,verdict", "op,version"), verdicts(), strict=True
    ):
        record.write_text(head + "\n" + "\n".join(lines) + "\n", "utf-8")
