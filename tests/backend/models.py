"""The models of `onnx.backend.test`: every op of the standard, and some small networks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx


def models() -> Iterator[tuple[str, bytes]]:
    """Names and serialised models, by name. Collecting them runs the cases' own NumPy code: about 15 s."""
    import numpy as np
    from onnx.backend.test.case.node import collect_testcases

    found: dict[str, bytes] = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for case in collect_testcases(None):
            found[case.name] = case.model.SerializeToString()
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data"
    for path in folder.glob("**/*.onnx"):
        found["/".join(path.relative_to(folder).parts)] = path.read_bytes()
    return iter(sorted(found.items()))
