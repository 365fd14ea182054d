"""Tell what a change moved: two files of `tests.vendor.ratios`, before and after.

    python -m tests.vendor.moved BEFORE AFTER [--list N]

For each table and measure: rows that came inside the bar, rows that left it, rows nearer and further (by more than 1 %
of Intel's figure); then the rows that crossed a bar, the ones that left first, and the N that moved most.
"""

import argparse
import csv
import math
from pathlib import Path

from tests.vendor import bars

Key = tuple[str, str, str]
#: Least change of the distance (in logarithms) that is told as nearer or further.
TOLD = 0.01
MEASURES = ("total", "mac", "ddr")


def _file(path: Path) -> dict[Key, dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return {(r["table"], r["name"], r["npu"]): r for r in csv.DictReader(file)}


def inside(table: str, measure: str, ratio: float) -> bool:
    """Whether one row keeps its bar; bytes of networks and layers are held to the bar of their class."""
    if table == "ops" and measure == "total":
        return 1 / bars.OPS_WORST <= ratio <= bars.OPS_WORST
    if measure == "ddr":
        return abs(ratio - 1) <= bars.CLASS_BYTES[0]
    bar = bars.OPS[measure] if table == "ops" else bars.BLOCKS.get(measure, 0.0)
    return abs(ratio - 1) <= (bars.NETS[measure][0] if table == "nets" else bar)


def main() -> None:
    """Print the counts and the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument(
        "--list", type=int, default=0, help="rows that moved most, whether or not they crossed"
    )
    options = parser.parse_args()
    old, new = _file(options.before), _file(options.after)
    crossed: dict[tuple[str, str], dict[str, list[str]]] = {}
    moved: list[tuple[float, str]] = []
    for key in old.keys() & new.keys():
        if old[key]["refused"] != new[key]["refused"]:
            print(
                f"refused {' '.join(key)}: {old[key]['refused'] or 'not'} -> {new[key]['refused'] or 'not'}"
            )
        for measure in MEASURES:
            if not (old[key][measure] and new[key][measure]):
                continue
            a, b = float(old[key][measure]), float(new[key][measure])
            if a <= 0 or b <= 0:
                continue
            nearer = abs(math.log(a)) - abs(math.log(b))
            was, now = inside(key[0], measure, a), inside(key[0], measure, b)
            told = f"{key[0]} {measure} {key[1]} {key[2]} {a:.3f} -> {b:.3f} ({old[key]['kind']})"
            own = crossed.setdefault((key[0], measure), {"in": [], "out": [], "nearer": [], "further": []})
            if was != now:
                own["in" if now else "out"].append(told)
            if abs(nearer) > TOLD:
                own["nearer" if nearer > 0 else "further"].append(told)
            if abs(math.log(b / a)) > 1e-9:
                moved.append((abs(math.log(b / a)), told))
    for (table, measure), own in sorted(crossed.items()):
        print(f"{table:7}{measure:6}" + "  ".join(f"{word} {len(rows)}" for word, rows in own.items()))
    for word in ("out", "in"):
        for own in crossed.values():
            for told in sorted(own[word]):
                print(f"{word.upper():4}{told}")
    for _, told in sorted(moved, reverse=True)[: options.list]:
        print(f"     {told}")


if __name__ == "__main__":
    main()
