"""What every test shares."""

import os
from pathlib import Path

from hypothesis import HealthCheck, settings

# Settings, keys and hosts of the person who runs the tests are not theirs.
os.environ["XDG_CONFIG_HOME"] = str(Path(__file__).parent / "no-such-folder")

# No timing asserts: a busy machine is no failure. The search is the same on every run.
settings.register_profile(
    "authwalk",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("authwalk")
