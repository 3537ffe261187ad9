from __future__ import annotations

import pytest

from flows.store import SessionFileError
from flows.store.migrations import MIGRATIONS, VERSION, migrated
from flows.store.tables import Table


def test_every_older_version_has_a_way_up() -> None:
    assert set(MIGRATIONS) == set(range(1, VERSION))


def test_a_table_is_brought_up_step_by_step() -> None:
    def second(table: Table) -> Table:
        return {"version": 2, "b": table["a"]}

    def third(table: Table) -> Table:
        return {"version": 3, "c": table["b"]}

    steps = {1: second, 2: third}
    assert migrated({"version": 1, "a": "x"}, to=3, migrations=steps) == {"c": "x"}
    assert migrated({"version": 2, "b": "x"}, to=3, migrations=steps) == {"c": "x"}
    with pytest.raises(SessionFileError, match=r"newer authwalk \(version 4\).* up to 3"):
        migrated({"version": 4}, to=3, migrations=steps)
    with pytest.raises(SessionFileError, match="version 1 was never written"):
        migrated({"version": 1}, to=3, migrations={2: third})
