"""How hard the properties are tried: `ci`, the same examples every time, or `pytest --hypothesis-profile=thorough`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

UNHURRIED = [HealthCheck.too_slow, HealthCheck.filter_too_much]

settings.register_profile("ci", max_examples=40, deadline=None, derandomize=True, suppress_health_check=UNHURRIED)
settings.register_profile("thorough", max_examples=400, deadline=None, suppress_health_check=UNHURRIED)
settings.load_profile("ci")
