"""Imports point down, as `docs/layout.md` draws it: graph and work on the ground, the command line on top.

Rooms of one floor do not know each other. npusim never imports xamba; of xamba, only `choice` asks npusim
anything. Both stand on `npusim_xamba`, which imports neither. Imports inside functions count too; those for
types alone do not run and do not count.
"""

import ast
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = [
    "errors collector edges",
    "graph work version schedule choices messages",
    "terminal pages language",
    "arch loading ops",
    "compiler onnx_io",
    "config_io ir_io",
    "model_files",
    "columns",
    "pricing checking",
    "distinct",
    "measures",
    "report",
    "band",
    "advice",
    "simulation comparison",
    "whatif",
    "reference sweeping measured generating",
    "tradeoff rival serving",
    "plotting",
    "npusim",
    "commands",
    "cli",
    "__main__",
]
#: Rooms of the compiler, in the same way, but those of one floor may know each other; what lies beside them
#: (`compile.py`, its `stages` and the like) stands above them all.
COMPILER_ROOMS = [
    "plan guard cutting",
    "rules",
    "fuse lowering",
    "sharing",
    "weights",
    "layouts",
    "scratchpad",
    "planes",
    "chains",
    "residency",
    "emit",
]
COMPILER_FLOOR = {room: level for level, rooms in enumerate(COMPILER_ROOMS) for room in rooms.split()}
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms.split()}
XAMBA_FLOORS = [
    "errors",
    "sparse",
    "flaws",
    "foreign",
    "files",
    "facts",
    "workbench",
    "tables",
    "patterns",
    "passes functions",
    "options",
    "listing answers",
    "proof",
    "pipeline",
    "choice optimized_page",
    "xamba",
    "commands",
    "cli",
    "__main__",
]
XAMBA_FLOOR = {room: level for level, rooms in enumerate(XAMBA_FLOORS) for room in rooms.split()}
ASKS_NPUSIM = {"choice"}


def room_of(name: str) -> str:
    """'npusim.report.build' -> 'report'; the package itself is the room of its own name."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str, package: str = "npusim") -> set[str]:
    """Modules of npusim and xamba that the source imports when it runs, those inside functions included; `package` is
    where relative ones begin."""
    tree = ast.parse(source)
    for part in ast.walk(tree):
        if isinstance(part, ast.If) and "TYPE_CHECKING" in ast.unparse(part.test):
            part.body = []
    found = set()
    for part in ast.walk(tree):
        if isinstance(part, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - part.level + 1] if part.level else []
            module = ".".join([*above, *([part.module] if part.module else [])])
            found |= {module, *(f"{module}.{alias.name}" for alias in part.names)}
        elif isinstance(part, ast.Import):
            found.update(alias.name for alias in part.names)
    return {name for name in found if name.split(".")[0] in ("npusim", "xamba")}


def modules(root: Path = ROOT) -> dict[str, set[str]]:
    """Every module of both packages, with the modules of both that it imports."""
    files = [p for package in ("npusim", "xamba") for p in (root / package).rglob("*.py")]
    sources = {module_name(p, root): p for p in files}
    found = {
        name: imports(p.read_text(), ".".join(p.relative_to(root).parent.parts))
        for name, p in sources.items()
    }
    return {name: targets & sources.keys() - {name} for name, targets in found.items()}


def faults(importing: dict[str, set[str]]) -> list[str]:
    """One sentence for every import that does not point down."""
    found = []
    for name, targets in importing.items():
        package, own = name.split(".")[0], room_of(name)
        floor = FLOOR if package == "npusim" else XAMBA_FLOOR
        for target in targets:
            other = room_of(target)
            if target.split(".")[0] != package:
                if package == "npusim" or own not in ASKS_NPUSIM:
                    found.append(f"{name} imports {target}")
            elif own != other and other != package and floor[other] >= floor[own]:
                found.append(f"{name} (floor {floor[own]}) imports {target} (floor {floor[other]})")
            elif own != other and other == package and floor[own] < floor[package]:
                found.append(f"{name} imports the whole of {package}")
    return sorted(found)


@pytest.fixture(scope="module")
def house() -> dict[str, set[str]]:
    return modules()


def test_every_room_has_a_floor(house):
    for package, floor in (("npusim", FLOOR), ("xamba", XAMBA_FLOOR)):
        rooms = {room_of(name) for name in house if name.split(".")[0] == package}
        assert rooms - floor.keys() == set()


def test_imports_point_down(house):
    assert not faults(house), "\n".join(faults(house))


def test_rooms_of_the_compiler_point_down(house):
    def floor(name: str) -> int:
        parts = name.split(".")
        return COMPILER_FLOOR.get(parts[2], len(COMPILER_ROOMS)) if len(parts) > 2 else len(COMPILER_ROOMS)

    found = [
        f"{name} imports {target}"
        for name, targets in house.items()
        for target in targets
        if name.startswith("npusim.compiler.") and target.startswith("npusim.compiler.")
        if floor(target) > floor(name)
    ]
    assert sorted(found) == []


def test_what_both_tools_stand_on_knows_neither():
    for path in sorted((ROOT / "npusim_xamba").glob("*.py")):
        assert imports(path.read_text()) == set(), f"{path.name} imports one of the tools"


def test_no_circle(house):
    """Between modules, whatever room they are in; a package's own list of its names is no import of them."""
    graph = nx.DiGraph((name, target) for name, targets in house.items() for target in targets)
    graph.remove_nodes_from(["npusim", "xamba"])
    circles = [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]
    assert circles == []


ROOMS = [(room, floor) for floor, rooms in enumerate(FLOORS) for room in rooms.split()]


@pytest.mark.parametrize(
    "upper, lower", [(a, b) for a, i in ROOMS for b, j in ROOMS if j < i and b != "npusim"]
)
def test_an_upward_import_put_in_on_purpose_is_found(upper, lower):
    """For every pair of rooms on two floors: down is right, up is not."""
    up = upper if upper == "npusim" else f"npusim.{upper}"
    down = f"npusim.{lower}"
    assert not faults({up: {down}, down: set()})
    assert faults({down: {up}, up: set()})


def test_imports_inside_functions_count_and_those_for_types_do_not():
    text = "if TYPE_CHECKING:\n    import npusim.cli\ndef f():\n    from npusim.commands import run\n"
    assert imports(text) == {"npusim.commands", "npusim.commands.run"}


def test_relative_imports_count():
    assert imports("from ..commands import run", "npusim.report") == {
        "npusim.commands",
        "npusim.commands.run",
    }
    assert imports("from . import text", "npusim.report") == {"npusim.report", "npusim.report.text"}
