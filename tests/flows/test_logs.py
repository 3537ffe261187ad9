from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.logs import KEPT, MOST_LINE, Entry, attribution, lines_of, opened, read_line, summarize

AT = datetime(2026, 11, 25, 10, 4, 5, tzinfo=UTC)
AGENT = "python-httpx/0.28.1"


def combined(
    target: str,
    status: int = 200,
    method: str = "POST",
    at: str = "10:04:05",
    agent: str = AGENT,
) -> str:
    request = f'"{method} {target} HTTP/1.1"'
    return f'203.0.113.9 - - [25/Nov/2026:{at} +0000] {request} {status} 512 "-" "{agent}"'


WANTED = Entry(AT, "POST", "/oauth2/token", 200, "203.0.113.9", AGENT)


@pytest.mark.parametrize(
    "line",
    [
        combined("/oauth2/token"),
        "https 2026-11-25T10:04:05.000000Z app/front/50dc6c495c0c9188 203.0.113.9:2817 10.0.0.1:80 "
        '0.000 0.001 -1 200 200 34 366 "POST /oauth2/token HTTP/1.1" '
        f'"{AGENT}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:x "Root=1-58" "-" "-" 1',
        json.dumps(
            {
                "time": "2026-11-25T10:04:05Z",
                "method": "POST",
                "path": "/oauth2/token",
                "status": 200,
                "remote_addr": "203.0.113.9",
                "user_agent": AGENT,
            }
        ),
        json.dumps(
            {
                "ts": AT.timestamp(),
                "status": 200,
                "request": {
                    "method": "POST",
                    "uri": "/oauth2/token",
                    "remote_ip": "203.0.113.9",
                    "headers": {"User-Agent": [AGENT]},
                },
            }
        ),
        json.dumps(
            {
                "StartUTC": "2026-11-25T10:04:05Z",
                "RequestMethod": "POST",
                "RequestPath": "/oauth2/token",
                "DownstreamStatus": 200,
                "ClientHost": "203.0.113.9",
                "request_User-Agent": AGENT,
            }
        ),
        json.dumps(
            {
                "time_local": "25/Nov/2026:11:04:05 +0100",
                "request": "POST /oauth2/token HTTP/2.0",
                "status": "200",
                "remote_addr": "203.0.113.9",
                "http_user_agent": AGENT,
            }
        ),
    ],
)
def test_the_formats(line: str) -> None:
    assert read_line(line) == WANTED


def test_the_common_format_has_no_user_agent() -> None:
    line = '::1 - bob [25/Nov/2026:10:04:05 +0000] "GET /token HTTP/1.0" 405 -'
    assert read_line(line) == Entry(AT, "GET", "/token", 405, "::1", "")


@given(st.text())
def test_any_line_is_an_entry_or_none(line: str) -> None:
    read_line(line)
    read_line("{" + line)
    summarize([line])


def test_gzip_is_unpacked_and_long_lines_are_cut() -> None:
    text = (combined("/token") + "\n").encode() + b"x" * (MOST_LINE * 2)
    packed = io.BufferedReader(io.BytesIO(gzip.compress(text)))
    lines = list(lines_of(opened(packed)))
    assert lines[0] == combined("/token")
    assert max(map(len, lines)) <= MOST_LINE


def test_only_what_is_near_the_try_counts() -> None:
    lines = [combined("/token", at="09:30:00"), combined("/token"), "garbage", ""]
    summary = summarize(lines, around=AT, within=timedelta(minutes=5))
    assert (summary.lines, summary.unread, summary.inside) == (3, 1, 1)
    assert summary.count("token") == 1
    assert (summary.first, summary.last) == (AT.replace(hour=9, minute=30, second=0), AT)


def test_a_time_that_is_not_in_the_log() -> None:
    lines = [combined("/token"), combined("/", method="GET", at="11:00:00")]
    found = attribution(summarize(lines, around=AT + timedelta(hours=3)))
    assert found.says == "No line of this log is of the time asked for."
    found = attribution(summarize(lines, around=AT + timedelta(hours=1)))
    assert "in this part of the log" in found.says


AUTHORIZE = combined("/oauth2/authorize?response_type=code&client_id=a", 302, "GET")


@pytest.mark.parametrize(
    ("lines", "party", "said"),
    [
        ([AUTHORIZE], "client", "no token request arrived"),
        ([AUTHORIZE, combined("/oauth2/token", 500)], "authorization-server", "answered 500"),
        ([combined("/oauth2/token", 400)], None, "refused with 400"),
        ([combined("/oauth2/token")], None, "no MCP request"),
        ([combined("/token"), combined("/mcp", 401)], "resource-server", "refused what came"),
        ([combined("/token"), combined("/mcp", 200)], None, "was reached"),
        ([combined("/token", method="OPTIONS"), AUTHORIZE], "client", "no token request"),
        ([combined("/index.html", method="GET")], None, "Neither"),
        ([combined("/token", 500), combined("/token")], None, "no MCP request"),
        ([AUTHORIZE.replace(" 302 ", " 400 ")], None, "GET /oauth2/authorize by python"),
        ([AUTHORIZE.replace(" 302 ", " 502 ")], "authorization-server", "answered 502"),
        ([combined("/token", 204, "OPTIONS"), combined("/token")], None, "no MCP request"),
        (["garbage"], None, "No line"),
    ],
)
def test_whom_a_log_points_at(lines: list[str], party: str | None, said: str) -> None:
    found = attribution(summarize(lines))
    assert found.party == party and said in found.says and found.next


def test_paths_of_this_server() -> None:
    lines = [combined("/a/b"), combined("/c", 401)]
    summary = summarize(lines, token_path="/a/b", mcp_path="/c")
    assert (summary.count("token"), summary.count("mcp")) == (1, 1)


OTHER = combined("/api/token", 401, at="10:06:05", agent="okhttp/4")


def test_a_broken_server_is_not_hidden_by_who_is_refused_later() -> None:
    found = attribution(summarize([combined("/token", 500, agent="ChatGPT-User/1.0"), OTHER]))
    assert found.party == "authorization-server"
    assert found.says.startswith("POST /token by ChatGPT-User/1.0 was answered 500")


def test_who_is_refused_is_not_hidden_by_who_is_not() -> None:
    found = attribution(summarize([OTHER, combined("/token", at="10:09:00")]))
    assert found.says == "POST /api/token by okhttp/4 was refused with 401."


def test_a_named_path_is_the_only_one() -> None:
    summary = summarize([combined("/token", 500), OTHER], token_path="/api/token")
    assert summary.count("token") == 1
    assert "okhttp" in attribution(summary).says


def test_without_a_user_agent_the_address_tells_callers_apart() -> None:
    first = '::1 - - [25/Nov/2026:10:04:05 +0000] "POST /token HTTP/1.0" 500 -'
    summary = summarize([first, first.replace("::1", "::2").replace("500", "200")])
    assert [one.statuses for one in summary.callers.values()] == [{500: 1}, {200: 1}]
    assert "by ::1" in attribution(summary).says


def test_a_log_of_any_size_keeps_the_last_requests() -> None:
    many = [combined("/token", agent=f"a/{n}") for n in range(KEPT + 50)]
    summary = summarize([*many, combined("/token", 400)])
    assert summary.count("token") == KEPT + 51
    assert len(summary.found["token"]) == len(summary.callers) == KEPT
    assert summary.found["token"][-1].status == 400
    assert attribution(summary).says.endswith("was refused with 400.")


def test_a_line_of_haproxy_has_no_user_agent_and_no_time_zone() -> None:
    line = (
        "Nov 25 10:04:05 front haproxy[14389]: 203.0.113.9:33317 [25/Nov/2026:10:04:05.000] "
        "https-in~ auth/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {idp.example} {} "
        '"POST /oauth2/token HTTP/1.1"'
    )
    assert read_line(line) == replace(WANTED, agent="")
    assert read_line(line.replace(" 200 2750", " 401 2750")) == replace(
        WANTED, agent="", status=401
    )


def test_a_load_balancer_names_the_whole_url() -> None:
    line = (
        "h2 2026-11-25T10:04:05Z app/front/50 203.0.113.9:2817 - -1 -1 -1 502 - 34 366 "
        '"POST https://idp.example:443/oauth2/token HTTP/2.0" "a \\"b\\" c" - - arn'
    )
    found = read_line(line)
    assert found and (found.path, found.status) == ("/oauth2/token", 502)
