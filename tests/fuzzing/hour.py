"""The long run: every target in turn, by Hypothesis, other random numbers each time, until the time is up.

`python -m tests.fuzzing.hour --seconds 3600 [--only "models changed"] [--findings FOLDER]` prints, at the end and
every five minutes, how many inputs came to what. A finding (an exception that is no sentence) is shrunk, its traceback
printed and written to the folder, and the run goes on; exit code 1 if there were any.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.fuzzing.targets import TARGETS

ROUND = 200  # inputs of one target in a row
EVERY_S = 300


def one_round(name: str, number: int, folder: Path, counts: Counter[str]) -> str | None:
    """Some inputs of one target; the traceback of the smallest finding, None without one."""

    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def inputs(data: st.DataObject) -> None:
        counts[TARGETS[name](lambda n: data.draw(st.integers(0, n - 1)), folder)] += 1

    try:
        inputs()
    except KeyboardInterrupt:
        raise
    except BaseException:
        return traceback.format_exc()
    return None


def table(counts: dict[str, Counter[str]], findings: int, seconds: float) -> str:
    lines = [
        f"{sum(sum(c.values()) for c in counts.values()):,} inputs in {seconds:,.0f} s, {findings} findings"
    ]
    for name, found in counts.items():
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in found.most_common())
        lines.append(f"  {name}: {sum(found.values()):,} ({kinds})")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", action="append", choices=sorted(TARGETS))
    parser.add_argument("--findings", type=Path)
    asked = parser.parse_args()
    names = asked.only or list(TARGETS)
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    findings, began = 0, time.monotonic()
    until, told = began + asked.seconds, began
    with tempfile.TemporaryDirectory() as folder:
        for number, name in zip(itertools.count(asked.seed), itertools.cycle(names)):
            if time.monotonic() >= until:
                break
            found = one_round(name, number, Path(folder), counts[name])
            if found is not None:
                findings += 1
                print(f"FINDING {findings} of '{name}', seed {number}\n{found[-6000:]}", flush=True)
                if asked.findings:
                    asked.findings.mkdir(exist_ok=True)
                    (asked.findings / f"{findings}.txt").write_text(
                        f"{name}, seed {number}\n{found}", "utf-8"
                    )
            if time.monotonic() - told > EVERY_S:
                told = time.monotonic()
                print(table(counts, findings, told - began), flush=True)
    print(table(counts, findings, time.monotonic() - began))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
