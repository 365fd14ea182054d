"""What is not in the core: imported where it is needed, with one sentence where it is missing."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any


def found(module: str) -> Any:
    """The module, or None if it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        return None


def missing(name: str, extra: str) -> str:
    """What to do about a package that is not installed: from a checkout, what can be installed from there."""
    checkout = (Path(__file__).resolve().parents[1] / "pyproject.toml").is_file()
    if checkout:
        return f'{name} is not installed; in the folder of npusim: pip install -e ".[{extra}]" (".[all]": everything)'
    return f'{name} is not installed; pip install "npusim-xamba[{extra}]"'
