"""What every test shares."""

from hypothesis import HealthCheck, settings

# No timing asserts: a busy machine is no failure. The search is the same on every run.
settings.register_profile(
    "authwalk",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("authwalk")
