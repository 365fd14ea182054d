"""Write recipes as ONNX files: run where PyTorch and the packages of the recipes are installed.

python -m tests.exported.export FOLDER [NAME ...]

Files that are there already stay. What an exporter cannot write is named, and the rest goes on.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

from tests.exported.quantise import quantised, settle
from tests.exported.recipes import RECIPES

SPREAD = 0.02


def unlike_new(module: Any) -> None:
    """Packages start norms at one, and biases, some last convolutions and tables of positions at zero. A compiler
    drops what is multiplied by one or added as zero; in trained networks it drops none, so that such values vary."""
    import torch

    statistics = (b for name, b in module.named_buffers() if "running_" in name)
    for values in (*module.parameters(), *statistics):
        values.requires_grad_(False)
        if values.numel() > 1 and values.is_floating_point() and bool((values == values.flatten()[0]).all()):
            values.add_(torch.randn_like(values), alpha=SPREAD)


def write(name: str, file: Path) -> None:
    """One network; weights of a fixed seed."""
    import torch

    torch.manual_seed(0)
    recipe = RECIPES[name]
    module, inputs = recipe.make()
    module.eval()
    unlike_new(module)
    if recipe.quantised:
        settle(module, inputs)
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
