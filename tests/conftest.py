"""What every test shares."""

import atexit
import os
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings

# Settings, keys, sessions and walks that were cut off of the person who runs the tests are not
# theirs, nor are those of one run the next one's.
_home = TemporaryDirectory(prefix="authwalk-tests-", ignore_cleanup_errors=True)
atexit.register(_home.cleanup)
for _name in ("CONFIG", "STATE", "DATA"):
    os.environ[f"XDG_{_name}_HOME"] = os.path.join(_home.name, _name.lower())

# No timing asserts: a busy machine is no failure. The search is the same on every run.
settings.register_profile(
    "authwalk",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("authwalk")
