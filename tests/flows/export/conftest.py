from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.export.echo import Echo


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.socket.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")
