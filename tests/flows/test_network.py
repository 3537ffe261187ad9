import pytest

from flows.exchange import Exchange, Failure, FailureKind, Request
from flows.network import edge_page, failing_check, failing_party, leads_inside, reach, reach_of
from tests.flows.world import NOW, answer

REQUEST = Request("GET", "https://a.example/")
BLOCKED = answer(403, b"", "text/html", ("CF-Mitigated", "challenge"))


def failing(kind: FailureKind, text: str = "", status: int | None = None) -> Exchange:
    response = answer(status) if status else None
    return Exchange("x1", REQUEST, NOW, response, Failure(kind, text))


@pytest.mark.parametrize(
    ("exchange", "check"),
    [
        (failing("dns"), "NET-01"),
        (failing("refused"), "NET-02"),
        (failing("protocol"), "NET-02"),
        (failing("protocol", status=200), "NET-14"),
        (failing("tls", "the certificate of a.example is self-signed"), "NET-03"),
        (failing("tls", "the certificate of a.example has another name: b"), "NET-04"),
        (failing("tls", "the certificate of a.example has expired (on 2026-01-01)"), "NET-05"),
        (failing("tls", "the certificate of a.example is not valid yet"), "NET-05"),
        (failing("tls", "the TLS handshake with a failed: UNSUPPORTED_PROTOCOL"), "NET-06"),
        (failing("timeout"), "NET-11"),
        (failing("bad-encoding", status=200), "NET-14"),
        (failing("cancelled"), ""),
        (failing("bad-request"), ""),
        (Exchange("x1", REQUEST, NOW, answer(500)), ""),
        (
            Exchange("x1", REQUEST, NOW, answer(403, b"", "text/html", ("CF-Mitigated", "c"))),
            "NET-10",
        ),
    ],
)
def test_failures_are_told_apart(exchange: Exchange, check: str) -> None:
    assert failing_check(exchange) == check


def test_what_a_body_holds_is_the_servers() -> None:
    assert failing_party(failing("too-large", status=200), "resource-server") == "resource-server"
    assert failing_party(failing("protocol", status=200), "resource-server") == "network"
    assert failing_party(Exchange("x1", REQUEST, NOW, answer(500)), "client") == "client"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<title>Just a moment...</title>", "Just a moment..."),
        (b"<h1>ERROR: The request could not be satisfied</h1>", "could not be satisfied"),
        (b"<title>Attention Required! | Cloudflare</title>", "Attention Required"),
    ],
)
def test_pages_of_a_proxy(body: bytes, words: str) -> None:
    assert words in edge_page(answer(403, body, "text/html; charset=utf-8"))


@pytest.mark.parametrize(
    "response",
    [
        answer(403, b"<h1>Forbidden</h1>", "text/html"),
        answer(200, b"<p>Just a moment...</p>", "text/html"),  # a page of the server's own
        answer(403, {"error": "Just a moment..."}),
        answer(502, b"<center><h1>502 Bad Gateway</h1></center>", "text/html"),
        answer(403, b"", None, ("cf-mitigated", "challenge")),
    ],
)
def test_what_is_no_page_of_a_proxy(response: object) -> None:
    assert edge_page(response) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "who"),
    [
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("::1", "loopback"),
        ("[::1]", "loopback"),
        ("0.0.0.0", "loopback"),
        ("localhost", "loopback"),
        ("App.Localhost.", "loopback"),
        ("::ffff:10.0.0.1", "private"),
        ("10.1.2.3", "private"),
        ("192.168.0.1", "private"),
        ("fd00::1", "private"),
        ("fe80::1%eth0", "private"),
        ("169.254.169.254", "private"),
        ("93.184.215.14", "public"),
        ("2606:2800:21f::1", "public"),
        ("keycloak", "private"),
        ("mcp.internal", "private"),
        ("nas.local.", "private"),
        ("auth.example.com", "public"),
        ("localhost.example.com", "public"),
        ("", "public"),
    ],
)
def test_who_can_reach_an_address(host: str, who: str) -> None:
    assert reach(host) == who


def test_a_url_that_is_none_is_nobodys() -> None:
    assert reach_of("http://[x") == "public"
    assert reach_of("http://[::1]:80/x") == "loopback"


def test_a_name_of_the_inside_that_leaked() -> None:
    assert leads_inside("http://localhost:8000/x", "https://mcp.example.com/mcp")
    assert leads_inside("https://10.0.0.1/x", "https://mcp.example.com/mcp")
    assert not leads_inside("https://auth.example.com", "https://mcp.example.com/mcp")
    assert not leads_inside("http://localhost:9000", "http://localhost:8000/mcp")
