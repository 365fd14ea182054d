"""How much is tried: Hypothesis profiles, and the tests that only CI and who asks for them run.

Laws are reproducible and never judged by time (these machines are noisy). `make quick` tries few examples, `make test`
enough for a developer's loop; with NPUSIM_LONG=1, as CI sets it, there are more examples and the tests marked `slow`.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

# A worker a core already: threads of BLAS would only wait for one another, in every process a test starts too.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

LONG = bool(os.environ.get("NPUSIM_LONG"))

for name, examples in (("many", 60), ("npusim", 30), ("few", 6)):
    settings.register_profile(
        name,
        deadline=None,
        derandomize=True,
        max_examples=examples,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
settings.load_profile(os.environ.get("NPUSIM_EXAMPLES", "many" if LONG else "npusim"))


def pytest_collection_modifyitems(items):
    """Leave out what is marked `slow`, by name and with the reason, unless it was asked for."""
    if not LONG:
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes over 3 s: NPUSIM_LONG=1, as CI sets it"))
