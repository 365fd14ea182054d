"""Ask Intel's compiler about one-node graphs and about judges, and write what it answered, and the rules.

    python -m tests.vendor.compiling.make ask --npu 4000 --raw FOLDER [--every N]   one-node graphs, 0.3 s each
    python -m tests.vendor.compiling.make judge --npu 4000 --raw FOLDER [--every N]   ONNX's tests, files, random graphs
    python -m tests.vendor.compiling.make read --raw FOLDER       ops OpenVINO does not read (minutes)
    python -m tests.vendor.compiling.make write --raw FOLDER      the tables and the rules

`ask` and `judge` need NPUSIM_RESIDENT_COMPILER (see resident.py), `read` the package openvino. What is answered is
kept in FOLDER as JSON lines; a second run asks only what is missing. `--every N` asks one in N, chosen by hash.
"""

import argparse
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from npusim.checking.rules import load_rules
from tests.vendor.compiled import half
from tests.vendor.compiling import tables
from tests.vendor.compiling.catalogue import model_of, planned
from tests.vendor.compiling.document import write_page
from tests.vendor.compiling.judges import judges
from tests.vendor.compiling.resident import Resident
from tests.vendor.compiling.verdicts import ours

NPUS = ("4000", "3720", "5010")
NO_WEIGHTS = "outside the base directory"  # files whose weights were left out: no answer about the model
SAID = 700  # characters kept of a message


def graphs(what: str) -> Iterator[tuple[list[Any], Any]]:
    """What names a graph, and the graph."""
    if what == "ask":
        for form, rank, dtype in planned():
            yield [form.domain, form.op, form.name, rank, dtype], model_of(form, rank, dtype)
    else:
        for name, content in judges():
            yield [name], content


def asked(file: Path) -> list[list[Any]]:
    """Answers that are there."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def ask(what: str, npu: str, raw: Path, every: int) -> None:
    """Ask what is missing."""
    file = raw / f"{'raw' if what == 'ask' else 'judge'}_{npu}.jsonl"
    there = {tuple(row[:-3]) for row in asked(file)}
    with Resident() as compiler, file.open("a") as out:
        for key, model in graphs(what):
            if tuple(key) in there or zlib.crc32(repr(key).encode()) % every:
                continue
            answer = compiler.ask(model, npu)
            out.write(json.dumps([*key, answer.stage, answer.said[-SAID:], round(answer.seconds, 2)]) + "\n")
            out.flush()


def write(raw: Path) -> None:
    """The tables from all answers; then the rules from the tables."""
    ones, judged = [], []
    for npu in NPUS:
        ones += [(npu, *row[:-1]) for row in asked(raw / f"raw_{npu}.jsonl")]
        for name, stage, said, _ in asked(raw / f"judge_{npu}.jsonl"):
            if NO_WEIGHTS not in said:
                judged.append(tables.Judged(name, npu, half(name), tables.kind(stage, said)))
    tables.write_one_node(ones, NPUS)
    tables.write_judged(judged)
    from tests.vendor.compiling.write_rules import write_rules

    write_rules(json.loads((raw / "unread.json").read_text()))
    load_rules.cache_clear()
    tables.write_judged(judge_ourselves(judged))
    write_page()


def judge_ourselves(rows: list[tables.Judged]) -> list[tables.Judged]:
    """The rows with our answers."""
    asked = {(row.graph, row.npu): row for row in rows}
    found = []
    for name, content in judges():
        for npu in NPUS:
            row = asked.get((name, npu))
            if row:
                found.append(row._replace(ours=ours(content, npu)))
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("ask", "judge", "read", "write"))
    parser.add_argument("--npu", default="4000", choices=NPUS)
    parser.add_argument("--raw", required=True, type=Path)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    if options.what in ("ask", "judge"):
        ask(options.what, options.npu, options.raw, options.every)
    elif options.what == "read":
        from tests.vendor.compiling.unread import unread

        (options.raw / "unread.json").write_text(json.dumps(unread(), indent=1))
    else:
        write(options.raw)


if __name__ == "__main__":
    main()
