"""The lab as a child: started, told, ended."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from flows.exchange import Request
from flows.wire import Wire
from tui.lab_process import LabError, LabProcess


@pytest.fixture
async def lab() -> AsyncIterator[LabProcess]:
    lab = await LabProcess.start(("missing-aud",))
    yield lab
    await lab.stop()


def _runs(lab: LabProcess) -> bool:
    return lab.running


async def _faults(lab: LabProcess) -> list[str]:
    wire = Wire()
    exchange = await wire.send(Request("GET", lab.control_url))
    await wire.close()
    assert exchange.response is not None and exchange.response.status == 200
    return list(json.loads(exchange.response.body)["faults"])


async def test_from_start_to_stop(lab: LabProcess) -> None:
    assert _runs(lab)
    assert await _faults(lab) == list(lab.faults) == ["missing-aud"]
    assert lab.mcp_url.startswith("http://127.0.0.1:") and lab.mcp_url.endswith("/mcp")

    await lab.set_faults(["alg-none", "token-500"])
    assert sorted(await _faults(lab)) == ["alg-none", "token-500"]

    with pytest.raises(LabError, match="no-such-fault"):
        await lab.set_faults(["no-such-fault"])
    assert list(lab.faults) == ["alg-none", "token-500"]

    await lab.stop()
    assert not _runs(lab)
    await lab.stop()
    with pytest.raises(LabError):
        await lab.set_faults([])


async def test_an_unknown_fault_is_named() -> None:
    with pytest.raises(LabError, match="no-such-fault"):
        await LabProcess.start(("no-such-fault",))


async def test_one_that_takes_too_long_is_ended() -> None:
    with pytest.raises(LabError, match="not ready after 0 s"):
        await LabProcess.start(seconds=0)
