"""Walking as a host: what the steps send then, and what they say they had to put in its place."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from flows.facts import Facts
from flows.moves import Listen, Send
from flows.session import Made, Target
from flows.steps import STEP
from flows.steps.imitation import substitutes
from tests.flows.world import ISSUER, MCP, METADATA, RESOURCE, RESOURCE_PATH, World, answer, healthy


def world(host: str, metadata: dict[str, Any] | None = None, **target: Any) -> World:
    routes = healthy()
    if metadata is not None:
        url = f"GET {ISSUER}/.well-known/oauth-authorization-server"
        routes[url] = answer(200, {**METADATA, **metadata})
    return World(replace(Target(MCP, host=host), **target), routes)


def move(made: World) -> object:
    return STEP["client"].next(made.facts)


def registered(made: World) -> dict[str, Any]:
    """The registration that was sent."""
    body = next(r.body for r in made.sent if r.url == f"{ISSUER}/register")
    document: dict[str, Any] = json.loads(body)
    return document


def walked(made: World) -> World:
    """As far as the authorization URL."""
    made.walk("callback")
    return made


def asked(made: World) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(made.facts.authorization_url or "").query))


def test_chatgpt_is_sent_back_to_its_own_page_and_named_what_could_not_be_had() -> None:
    made = walked(world("chatgpt"))
    page = "https://chatgpt.com/connector_platform_oauth_redirect"
    assert made.facts.redirect_uri == page
    assert registered(made)["redirect_uris"] == [page]
    assert registered(made)["token_endpoint_auth_method"] == "none"
    assert registered(made)["application_type"] == "web"
    assert asked(made)["redirect_uri"] == page
    told = " ".join(substitutes(made.facts))
    assert "redirect page takes no part" in told
    assert "client name, User-Agent" in told
    assert "made up" not in told


def test_without_iss_chatgpt_has_a_page_for_every_connection() -> None:
    made = walked(world("chatgpt", {"authorization_response_iss_parameter_supported": False}))
    uri = made.facts.redirect_uri or ""
    assert uri.startswith("https://chatgpt.com/connector/oauth/") and "{" not in uri
    assert "is made up" in " ".join(substitutes(made.facts))


def test_a_document_is_used_where_the_host_would_and_none_is_taken() -> None:
    supported = {"client_id_metadata_document_supported": True}
    made = walked(world("claude", supported))
    assert made.facts.client and made.facts.client.source == "CIMD"
    assert asked(made)["client_id"] == "https://claude.ai/oauth/mcp-oauth-client-metadata"
    only_secrets = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    made = walked(world("claude", supported | only_secrets))
    assert made.facts.client and made.facts.client.source == "DCR"
    assert registered(made)["token_endpoint_auth_method"] == "client_secret_post"


def test_the_key_of_a_host_cannot_be_had() -> None:
    only_keys = {
        "client_id_metadata_document_supported": True,
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    }
    made = walked(world("chatgpt", only_keys))
    assert made.facts.client and made.facts.client.source == "DCR"
    assert "prove it with its key" in " ".join(substitutes(made.facts))


def test_cursor_registers_its_whole_list_in_its_order() -> None:
    made = walked(world("cursor"))
    assert registered(made)["redirect_uris"] == [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "https://www.cursor.com/agents/mcp/oauth/callback",
        "http://localhost:8787/callback",
    ]
    assert asked(made)["redirect_uri"] == "https://www.cursor.com/agents/mcp/oauth/callback"
    assert registered(made)["client_name"] == "Cursor"


def test_vs_code_registers_as_its_source_does_and_listens_at_its_port() -> None:
    made = world("vscode", {"grant_types_supported": ["authorization_code"]})
    made.walk("client")
    listen = move(made)
    assert isinstance(listen, Listen)
    assert (listen.host, listen.port, listen.path) == ("127.0.0.1", 33418, "/")
    uri = "http://127.0.0.1:33418/"
    made.record(Made(made.facts.at, "client", (("redirect_uri", uri),)))
    sent = move(made)
    assert isinstance(sent, Send)
    document = json.loads(sent.request.body)
    assert document["redirect_uris"][-1] == uri and len(document["redirect_uris"]) == 4
    assert document["grant_types"] == ["authorization_code"]
    assert document["client_uri"] == "https://code.visualstudio.com"
    assert document["application_type"] == "native"


def test_codex_has_a_redirect_uri_for_each_server() -> None:
    made = world("codex")
    made.walk("client")
    listen = move(made)
    assert isinstance(listen, Listen)
    assert (listen.host, listen.port) == ("127.0.0.1", 0)
    head, _, digest = listen.path.rpartition("/")
    assert head == "/callback" and len(digest) == 12
    uri = f"http://127.0.0.1:4567{listen.path}"
    made.record(Made(made.facts.at, "client", (("redirect_uri", uri),)))
    sent = move(made)
    assert isinstance(sent, Send)
    assert json.loads(sent.request.body)["redirect_uris"] == [uri]


def test_microsoft_365_asks_for_a_secret() -> None:
    made = walked(world("microsoft-365-copilot"))
    assert registered(made)["token_endpoint_auth_method"] == "client_secret_basic"


@pytest.mark.parametrize(
    ("host", "named", "expected"),
    [
        ("chatgpt", "https://mcp.example.com/", "https://mcp.example.com/"),
        ("antigravity", "https://mcp.example.com/", "https://mcp.example.com"),
        ("claude", "https://mcp.example.com/", "https://mcp.example.com/mcp"),
        ("codex", "https://mcp.example.com/", MCP),
    ],
)
def test_the_resource_is_the_one_that_the_host_sends(host: str, named: str, expected: str) -> None:
    made = world(host)
    made.routes[f"GET https://mcp.example.com{RESOURCE_PATH}"] = answer(
        200, {**RESOURCE, "resource": named}
    )
    assert asked(walked(made))["resource"] == expected


def test_a_scope_of_its_own_is_asked_for_where_the_server_names_none() -> None:
    made = world("mcp-remote")
    document = {name: value for name, value in RESOURCE.items() if name != "scopes_supported"}
    made.routes[f"GET https://mcp.example.com{RESOURCE_PATH}"] = answer(200, document)
    assert asked(walked(made))["scope"] == "openid email profile"
    assert asked(walked(world("mcp-remote")))["scope"] == "tools"
    made = world("mcp-remote", {"scopes_supported": ["mail", "files"]})
    made.routes[f"GET https://mcp.example.com{RESOURCE_PATH}"] = answer(200, document)
    assert asked(walked(made))["scope"] == "mail files"


def test_the_first_mcp_request_has_the_hosts_version_name_and_user_agent() -> None:
    made = world("vscode")
    made.perform(made.move("challenge"))  # type: ignore[arg-type]
    request = made.sent[0]
    params = json.loads(request.body)["params"]
    assert params["protocolVersion"] == "2025-11-25"
    assert params["clientInfo"] == {"name": "Visual Studio Code", "version": "1.130.0"}
    assert ("User-Agent", "Visual Studio Code/1.130.0") in request.headers


def test_what_the_person_asks_for_goes_first() -> None:
    made = walked(
        world("chatgpt", redirect_uri="https://mine.example/cb", scope="a", resource="urn:x")
    )
    assert asked(made)["redirect_uri"] == "https://mine.example/cb"
    assert (asked(made)["scope"], asked(made)["resource"]) == ("a", "urn:x")
    assert "it was given" in " ".join(substitutes(made.facts))
    made = world("vscode", protocol="2025-06-18")
    made.perform(made.move("challenge"))  # type: ignore[arg-type]
    assert json.loads(made.sent[0].body)["params"]["protocolVersion"] == "2025-06-18"


def test_nothing_is_said_and_nothing_changes_without_a_host() -> None:
    facts: Facts = walked(World()).facts
    assert substitutes(facts) == ()
    assert substitutes(walked(World(Target(MCP, host="nobody"))).facts) == ()


def test_the_host_is_saved_with_the_session_and_told_in_the_report() -> None:
    from flows.export.report import report
    from flows.store.toml import decode, encode
    from flows.walk import Walk
    from flows.wire import Wire

    made = walked(world("chatgpt"))
    text = encode(made.session)
    assert decode(text).target.host == "chatgpt"
    told = report(Walk(decode(text), Wire()))
    assert "walking as ChatGPT from the machine it ran on" in told
    assert "ChatGPT's redirect page takes no part" in told


def test_other_requests_have_the_hosts_user_agent() -> None:
    from flows.walk import Walk
    from flows.wire import Wire

    assert Walk(world("claude").session, Wire()).wire.options.user_agent == "python-httpx/0.28.1"
    assert Walk(World().session, Wire()).wire.options.user_agent.startswith("authwalk/")
