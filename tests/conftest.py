"""Hypothesis profile: reproducible, never judged by time (these machines are noisy)."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "npusim",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("npusim")
