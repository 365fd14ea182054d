"""Imports point down: graph and work below, the command line on top; npusim never imports xamba."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOORS = [
    {"errors", "graph", "work"},
    {"arch", "loading", "onnx_io"},
    {"ops"},
    {"compiler"},
    {"pricing", "schedule"},
    {"report"},
    {"simulation"},
    {"calibrate", "commands", "comparison", "crosscheck", "sweeping", "validate"},
    {"cli", "__main__"},
]
FLOOR = {name: level for level, names in enumerate(FLOORS) for name in names}


def imports(path: Path) -> set[str]:
    """Names of the npusim and xamba modules a file imports, functions' own imports included."""
    found = set()
    for part in ast.walk(ast.parse(path.read_text())):
        if isinstance(part, ast.ImportFrom) and part.module and not part.level:
            found.add(part.module)
        elif isinstance(part, ast.Import):
            found.update(alias.name for alias in part.names)
    return {name for name in found if name.split(".")[0] in ("npusim", "xamba")}


def test_every_module_has_a_floor():
    parts = {
        p.stem for p in (ROOT / "npusim").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()
    }
    assert parts - {"__init__"} - set(FLOOR) == set()


def test_imports_point_down():
    wrong = []
    for path in (ROOT / "npusim").rglob("*.py"):
        own = path.relative_to(ROOT / "npusim").parts[0].removesuffix(".py")
        for name in imports(path):
            part = name.split(".")[1] if "." in name else None
            if name.startswith("xamba"):
                wrong.append(f"{path.name} imports {name}")
            elif part and own in FLOOR and FLOOR.get(part, 0) > FLOOR[own]:
                wrong.append(
                    f"{path.relative_to(ROOT)} (floor {FLOOR[own]}) imports {name} (floor {FLOOR[part]})"
                )
    assert not wrong, "\n".join(wrong)
