"""Write recipes as ONNX files: run where PyTorch and the packages of the recipes are installed.

python -m tests.exported.export FOLDER [NAME ...]

Files that are there already stay. What an exporter cannot write is named, and the rest goes on.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from tests.exported.quantise import quantised
from tests.exported.recipes import RECIPES


def write(name: str, file: Path) -> None:
    """One network; weights of a fixed seed."""
    import torch

    torch.manual_seed(0)
    recipe = RECIPES[name]
    module, inputs = recipe.make()
    module.eval()
    for p in module.parameters():
        p.requires_grad_(False)
    part = file.with_suffix(".part")
    with torch.no_grad():
        torch.onnx.export(
            module,
            inputs,
            part,
            dynamo=not recipe.script,
            **({} if recipe.script else {"external_data": False}),
        )
    if recipe.quantised:
        quantised(part, inputs)
    part.rename(file)


def main() -> None:
    """Write what is named, or all."""
    warnings.filterwarnings("ignore")
    folder, *names = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in names or RECIPES:
        file = Path(folder) / f"{name}.onnx"
        if not file.exists():
            try:
                write(name, file)
                print(name, f"{file.stat().st_size / 1e6:.1f} MB", flush=True)
            except Exception as error:  # whatever a package raises: the other recipes go on
                print(name, "not written:", str(error).strip().splitlines()[0][:150], flush=True)


if __name__ == "__main__":
    main()
