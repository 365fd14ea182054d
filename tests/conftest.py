"""Hypothesis profiles: reproducible, never judged by time (these machines are noisy); few examples in `make quick`."""

import os

from hypothesis import HealthCheck, settings

for name, examples in (("npusim", 60), ("few", 6)):
    settings.register_profile(
        name,
        deadline=None,
        derandomize=True,
        max_examples=examples,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
settings.load_profile(os.environ.get("NPUSIM_EXAMPLES", "npusim"))
