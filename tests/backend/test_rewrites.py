"""Every pass alone over the models of the ONNX project, their axes frozen: the expected outputs are kept."""

from __future__ import annotations

import warnings

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import numpy_helper

from tests.xamba.build import run
from xamba.errors import InvalidModel, XambaError
from xamba.passes.registry import passes

MOST_FROZEN = 16  # elements of whole numbers: axes, sizes, pads
APPROXIMATE = 0.05  # of the largest output; tables are judged closely elsewhere
LEAST = 100  # models times passes that rewrite something


def frozen(case):
    """The model with its small inputs of whole numbers as constants, the inputs that are left, and what is expected."""
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    given, expected = case.data_sets[0]
    feeds = {}
    for value, data in zip(list(model.graph.input), given, strict=True):
        array = np.asarray(data)
        if array.dtype.kind in "iu" and array.size <= MOST_FROZEN and len(model.graph.input) > 1:
            model.graph.initializer.append(numpy_helper.from_array(array, value.name))
            model.graph.input.remove(value)
        else:
            feeds[value.name] = array
    return model, feeds, [np.asarray(data) for data in expected]


def cases():
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = list(collect_testcases(None))
    tensors = (np.ndarray, np.generic)
    return [
        c
        for c in found
        if c.data_sets and all(isinstance(x, tensors) for part in c.data_sets[0] for x in part)
    ]


@pytest.mark.slow
def test_each_pass_alone_keeps_the_expected_outputs():
    kinds = passes()
    rewritten = dict.fromkeys(kinds, 0)
    for case in cases():
        try:
            proto, feeds, expected = frozen(case)
            whole = ir.from_proto(proto)
        except (TypeError, ValueError):  # more inputs than data, or types that onnx_ir does not know
            continue
        for name, kind in kinds.items():
            one = kind()
            if not any(one.targets(node) for node in whole.graph):
                continue
            model = ir.from_proto(proto)
            try:
                if not one.run(model).modified:
                    continue
            except InvalidModel:
                raise
            except XambaError:
                continue
            rewritten[name] += 1
            for found, right in zip(run(model, feeds, reference=True), expected, strict=True):
                scale = float(np.abs(right.astype(np.float64)).max(initial=0.0))
                limit = (APPROXIMATE if not one.exact else 1e-5 if right.dtype.itemsize > 2 else 5e-3) * (
                    scale + 1e-6
                )
                np.testing.assert_allclose(found, right, rtol=0, atol=limit, err_msg=f"{name}: {case.name}")
    print(rewritten)
    assert sum(rewritten.values()) >= LEAST, rewritten
