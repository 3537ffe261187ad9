"""The lab as a thing to start, switch and end."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from flows.lab import FAULTS, Lab, UnknownFault
from flows.lab.__main__ import main
from tests.flows.lab.conftest import Hand

HEAVY = ("starlette", "mcp", "uvicorn", "authlib", "joserfc", "pydantic", "httpx", "asyncio")


def test_the_registry_is_listed_without_a_server_library() -> None:
    code = (
        "import sys; from flows.lab import FAULTS, Lab; assert len(FAULTS) >= 60;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert heavy.stdout.strip() in ("[]", "['asyncio']")


def test_every_fault_describes_itself() -> None:
    for name, fault in FAULTS.items():
        assert name == fault.name and fault.summary and fault.hooks
        assert fault.summary.isascii() and fault.summary[0] != " "


async def test_two_labs_beside_each_other_and_ports_of_choice() -> None:
    async with Lab() as one, Lab(("tools-empty",)) as two:
        assert len({one.mcp_url, two.mcp_url, one.issuer, two.issuer}) == 4
        assert (one.faults, two.faults) == ((), ("tools-empty",))
        taken = int(one.issuer.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await Lab(as_port=taken).__aenter__()
    async with Lab(as_port=taken) as again:
        assert again.issuer == one.issuer
    with pytest.raises(UnknownFault, match="no-such"):
        Lab(("no-such",))


async def test_an_open_event_stream_does_not_hold_the_lab() -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        async with Lab() as lab:
            hand = Hand(lab, http)
            token = await hand.access_token()
            session = (await hand.initialize(token)).headers["mcp-session-id"]
            headers = {
                "authorization": f"Bearer {token}",
                "accept": "text/event-stream",
                "mcp-session-id": session,
            }
            request = http.build_request("GET", lab.mcp_url, headers=headers)
            stream = await http.send(request, stream=True)
            assert stream.status_code == 200
        await stream.aclose()
        assert _refuses(lab.issuer)


async def test_the_control_endpoints() -> None:
    async with Lab() as lab, httpx.AsyncClient(trust_env=False) as http:
        state = (await http.get(lab.control_url)).json()
        assert (state["issuer"], state["mcp"], state["faults"]) == (lab.issuer, lab.mcp_url, [])
        assert [known["name"] for known in state["known"]] == list(FAULTS)

        async def put(body: object) -> httpx.Response:
            return await http.put(f"{lab.control_url}/faults", json=body)

        on = await put({"faults": ["missing-aud", "token-500"]})
        assert on.json()["faults"] == ["missing-aud", "token-500"]
        assert lab.faults == ("missing-aud", "token-500")
        unknown = await put({"faults": ["missing-aud", "no-such"]})
        assert unknown.status_code == 400
        assert unknown.json()["unknown"] == ["no-such"]
        assert unknown.json()["known"] == list(FAULTS)
        wrong: object
        for wrong in ({}, [], {"faults": "token-500"}, {"faults": [1]}):
            assert (await put(wrong)).status_code == 400
        assert lab.faults == ("missing-aud", "token-500")
        assert (await put({"faults": []})).json()["faults"] == []
        rebound = await http.get(lab.control_url, headers={"host": "evil.example"})
        assert rebound.status_code == 400


async def _started(*arguments: str) -> tuple[asyncio.subprocess.Process, dict[str, str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "flows.lab", "--json", *arguments, stdin=-1, stdout=-1, stderr=-1
    )
    assert process.stdout
    ready: dict[str, str] = json.loads(await process.stdout.readline())
    return process, ready


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_process_of_its_own_ends_by_a_signal(number: signal.Signals) -> None:
    # Following stdin too, so that a test that is cut short leaves no process behind.
    process, ready = await _started("--fault", "missing-aud", "--follow-stdin")
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(ready["control"])).json()["faults"] == ["missing-aud"]
    process.send_signal(number)
    assert process.stdout and process.stderr
    out, err = await process.stdout.read(), await process.stderr.read()
    await process.wait()
    assert (process.returncode, out, err) == (0, b"", b"")
    assert _refuses(ready["issuer"])


async def test_a_process_of_its_own_ends_with_its_parent() -> None:
    process, ready = await _started("--follow-stdin")
    assert not _refuses(ready["issuer"])
    out, err = await process.communicate(b"")  # closes its stdin
    assert (process.returncode, out, err) == (0, b"", b"")


def test_wrong_use_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--fault", "no-such"]) == 2
    assert "no-such" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["--port", str(taken.getsockname()[1])]) == 4
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.count("\n") == len(FAULTS)


def _refuses(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0
