"""Changed models, composed graphs, YAML, traces and profiles: an answer or one sentence, never another exception.

This is the slice of every run, a quarter of CI's, which takes under a minute; the hour is `make fuzz`
(`tests/fuzzing/hour.py`). A crash it finds becomes a test where its kind is tested.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import LONG
from tests.fuzzing.targets import TARGETS

EXAMPLES = {"models changed": 1200, "graphs composed": 300, "models rewritten": 120}
SHARE = 1 if LONG else 0.25  # of them in the tests of a developer's loop


def run(name, data, folder):
    TARGETS[name](lambda n: data.draw(st.integers(0, n - 1)), folder)


@pytest.mark.parametrize("name", sorted(TARGETS))
@settings(max_examples=15)
@given(data=st.data())
def test_whatever_comes_is_an_answer_or_one_sentence(tmp_path_factory, name, data):
    run(name, data, tmp_path_factory.getbasetemp())


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_much_of_whatever_comes_is_an_answer_or_one_sentence(tmp_path_factory, name):
    @settings(max_examples=int(SHARE * EXAMPLES.get(name, 150)))
    @given(data=st.data())
    def many(data):
        run(name, data, tmp_path_factory.getbasetemp())

    many()
