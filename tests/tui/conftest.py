"""What the tests of the app share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tui.app import YOUNG

gc.set_threshold(YOUNG)  # as the app has it


@pytest.fixture(autouse=True, scope="module")
def thawed() -> Iterator[None]:
    """An app that has been painted freezes all there is; here it would keep those before it."""
    yield
    gc.unfreeze()
    gc.collect()
