"""The page on which a person approves or denies: one file, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from flows.lab.store import Client
from flows.text import visible

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2130; --soft: #5b6478; --line: #d9deea;
  --page: #eef1f7; --card: #fff; --go: #2456d6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf4; --soft: #9aa3b8; --line: #333b4d;
  --page: #12151d; --card: #1b202b; --go: #5b8bff; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 30rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 14px; padding: 2rem; }
small { color: var(--soft); letter-spacing: .04em; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: .4rem 0 1.2rem; overflow-wrap: anywhere; }
dl { margin: 0 0 1.5rem; border-top: 1px solid var(--line); }
dl div { padding: .7rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .9rem; }
form { display: flex; gap: .75rem; }
button { flex: 1; font: inherit; font-weight: 600; padding: .7rem; border-radius: 9px;
  border: 1px solid var(--line); background: transparent; color: inherit; cursor: pointer; }
button[value=approve] { background: var(--go); border-color: var(--go); color: #fff; }
button:focus-visible { outline: 3px solid var(--go); outline-offset: 2px; }
p { color: var(--soft); font-size: .85rem; margin: 1.2rem 0 0; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def consent_page(
    client: Client, redirect_uri: str, scope: str, resource: str, request: str
) -> HTMLResponse:
    """Who asks for what, and where the answer goes; the form posts `request` and `decision`."""
    name = str(client.metadata.get("client_name") or client.client_id)
    facts = {
        "Sends you back to": _place(redirect_uri),
        "May use": ", ".join(scope.split()),
        "On the MCP server": resource,
        "Client identifier": client.client_id,
        "You are": "Ada (a made-up person of the practice lab)",
    }
    rows = "".join(
        f"<div><dt>{escape(term)}</dt><dd>{_safe(fact)}</dd></div>" for term, fact in facts.items()
    )
    body = (
        f"<h1>{_safe(name)} wants to use the practice MCP server</h1><dl>{rows}</dl>"
        '<form method="post" action="/authorize/decision">'
        f'<input type="hidden" name="request" value="{escape(request)}">'
        '<button name="decision" value="approve">Approve</button>'
        '<button name="decision" value="deny">Deny</button></form>'
        "<p>The name is the client's own claim. Look at where you are sent back to.</p>"
    )
    # Browsers apply form-action to the redirect that answers the form, so the client's own
    # origin has to be allowed beside ours.
    return _page("Approve access", body, 200, f"'self' {_source(redirect_uri)}")


def error_page(error: str, description: str) -> HTMLResponse:
    """What a person sees when there is no safe place to redirect to (RFC 6749 section 3.1.2.4)."""
    body = (
        f"<h1>This authorization request cannot be answered</h1><dl><div><dt>error</dt>"
        f"<dd>{_safe(error)}</dd></div><div><dt>error_description</dt>"
        f"<dd>{_safe(description)}</dd></div></dl>"
    )
    return _page("Authorization error", body, 400, "'none'")


def _safe(text: str) -> str:
    return escape(visible(text, limit=400))


def _place(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    return parts.netloc or f"{parts.scheme}: (an app on this machine)"


def _source(redirect_uri: str) -> str:
    """A CSP source expression; registration let no space or control character in."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}".translate({ord(";"): None, ord(","): None})


def _page(title: str, body: str, status: int, form_action: str) -> HTMLResponse:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><small>authwalk practice lab</small>{body}</main></body></html>"
    )
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {form_action}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(html, status, headers)
