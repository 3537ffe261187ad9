from __future__ import annotations

import re
from typing import Any

import pytest

from flows.exchange import Exchange, Failure, Request, Response
from flows.export.evidence import MOST_FIELDS, MOST_ROWS, evidence
from flows.export.page import Preformatted
from flows.secrets import Redactor
from flows.session import Exchanged, Session, Target
from flows.store.redaction import known_secrets
from flows.text import visible
from tests.flows.world import ISSUER, MCP, NOW, answer
from tests.hostile import HOSTILE

CODE = "code-0123456789-abcdefghij"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
OWN = ("X-Tenant", "tenant-key-0815")
BODY = f"grant_type=authorization_code&code={CODE}&resource=https%3A%2F%2Fmcp.example.com".encode()
REQUEST = Request("POST", f"{ISSUER}/token", (FORM, ("Content-Length", str(len(BODY))), OWN), BODY)


def told(came: Response | Failure, request: Request = REQUEST) -> list[str]:
    """The preformatted parts: what was sent, what came, and the command if there is one."""
    response = came if isinstance(came, Response) else None
    error = None if response else came
    exchange = Exchange("x1", request, NOW, response, error)  # type: ignore[arg-type]
    event = Exchanged(NOW, "token", exchange)
    session = Session(Target(MCP, headers=(OWN,)), NOW, b"", (event,))
    blocks = evidence(session, event, Redactor(known_secrets(session)))
    return [block.text for block in blocks if isinstance(block, Preformatted)]


def refused(body: Any, *headers: tuple[str, str]) -> list[str]:
    return told(answer(500, body, "text/html", *headers, reason="Server Error"))


def test_what_was_sent_what_came_and_how_to_send_it_again() -> None:
    sent, came, command = refused(b"<h1>Oops</h1>", ("X-Request-Id", "req-77"))
    assert sent.startswith(f"POST {ISSUER}/token\n")
    assert re.search(r"^resource +\S* ?= https://mcp.example.com$", sent, re.MULTILINE)
    assert came.startswith("500 Server Error\n") and came.endswith("\n\n<h1>Oops</h1>")
    assert "X-Request-Id: req-77" in came
    assert "curl" in command and '"$AUTH_CODE"' in command
    assert "Content-Length" not in command, "marks in the body do not make it wrong"


def test_no_secret_is_in_any_part() -> None:
    body = f"<p>{CODE} {OWN[1]}</p>".encode()
    parts = refused(body, ("X-Echo", CODE), ("Set-Cookie", "sid=cookie-0123456789; Path=/"))
    for secret in (CODE, OWN[1], "cookie-0123456789"):
        assert not [part for part in parts if secret in part]
    assert parts[0].count("redacted-") == 2 and "redacted-" in parts[1]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_made_visible(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    request = Request("POST", f"{ISSUER}/{text}", (("X-A", text),), data)
    for came in (answer(500, data, text, ("X-B", text), reason=text), Failure("dns", text)):
        for part in told(came, request):
            assert visible(part, lines=True) == part


def test_long_answers_are_cut_and_say_so() -> None:
    lines = b"\n".join(b"line %d" % number for number in range(1000))
    headers = [(f"X-{number}", "x" * 5000) for number in range(MOST_FIELDS + 5)]
    _, came, _ = told(answer(500, lines, "text/plain", *headers))
    head, _, body = came.partition("\n\n")
    assert head.endswith(f"… {MOST_FIELDS} of {MOST_FIELDS + 6} fields") and "+4," in head
    assert body.endswith(f"line {MOST_ROWS - 1}\n… the first {MOST_ROWS} lines of 8.9 kB")


@pytest.mark.parametrize("rows", [MOST_ROWS, MOST_ROWS + 1])
def test_only_what_was_cut_says_so(rows: int) -> None:
    _, came, _ = told(answer(500, b"\n".join([b"x"] * rows), "text/plain"))
    assert ("the first" in came) == (rows > MOST_ROWS)


def test_a_failure_is_told_by_its_words() -> None:
    _, came, _ = told(Failure("refused", "nobody listens there"))
    assert came == "refused: nobody listens there"


def test_a_request_that_no_command_sends_is_told_all_the_same() -> None:
    assert len(told(answer(500), Request("A B", MCP))) == 2
