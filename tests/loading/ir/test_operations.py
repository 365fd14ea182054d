"""What is read of OpenVINO's operations, and that each has a case."""

from npusim.loading.ir.front import translations
from npusim.loading.ir.operations import OPSET_OF, STRUCTURE, UNPRICED
from tests.loading.ir.cases import CASES

#: Read, and asked in other tests than the cases: states, shapes that depend on data, a mistake of opset 1's own.
ELSEWHERE = {"Assign", "ReadValue", "NonMaxSuppression", "NonZero", "Unique"}
#: Other spellings of the files, and an operation of OpenVINO's own that no opset has.
MORE = {"Relu", "PRelu", "Softmax", "LogSoftMax", "RMS"}


def test_every_operation_is_read_or_refused_with_a_reason_never_both():
    known = translations().keys()
    assert OPSET_OF.keys() == (known - MORE) | STRUCTURE | UNPRICED.keys()
    assert not known & UNPRICED.keys() and not known & STRUCTURE


def test_every_operation_that_is_read_has_a_case():
    asked = {name.split(" ")[0] for name in CASES}
    assert translations().keys() - MORE - ELSEWHERE <= asked
