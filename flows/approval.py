"""Following an authorization URL as a browser would, without a person: for servers that need
none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from flows.documents import read_object
from flows.exchange import Exchange, Request, Response, header, header_values
from flows.oauth import error_text
from flows.session import Pairs
from flows.wellknown import is_web_url, origin, resolve

if TYPE_CHECKING:
    from http.cookies import SimpleCookie

MAX_HOPS = 20


async def approve(
    ask: Callable[[Request, str], Awaitable[Exchange]], url: str, redirect_uri: str
) -> tuple[str, str]:
    """One GET, cookies, redirects: `(the URL that reached redirect_uri, "")`, or `("", why it was
    not reached)`. `ask` sends a request and records it with its label."""
    cookies: dict[str, SimpleCookie] = {}
    for hop in range(1, MAX_HOPS + 1):
        if not is_web_url(url):
            return "", f"redirected to {url}, which is no web URL"
        request = Request("GET", url, (("Accept", "*/*"), *_cookie(cookies, url)))
        exchange = await ask(request, f"as the browser, hop {hop}")
        if exchange.response is None:
            return "", exchange.error.text if exchange.error else "no answer"
        location = header(exchange.response.headers, "location")
        if not 300 <= exchange.response.status < 400 or not location:
            return "", _stays(exchange.response)
        _keep_cookies(cookies, url, exchange)
        url = resolve(url, location)
        if url.partition("?")[0].partition("#")[0] == redirect_uri.partition("?")[0]:
            return url, ""
    return "", f"more than {MAX_HOPS} redirects"


def _stays(response: Response) -> str:
    """Why the browser stays with the server."""
    if response.status < 400:
        return f"{response.status}: the server wants a person"
    document, _ = read_object(response)
    return f"{response.status}: {error_text(document) or response.reason}".removesuffix(": ")


def _cookie(cookies: Mapping[str, SimpleCookie], url: str) -> Pairs:
    jar = cookies.get(origin(url))
    if not jar:
        return ()
    return (("Cookie", "; ".join(f"{name}={morsel.coded_value}" for name, morsel in jar.items())),)


def _keep_cookies(cookies: dict[str, SimpleCookie], url: str, exchange: Exchange) -> None:
    from http.cookies import CookieError, SimpleCookie

    assert exchange.response
    jar = cookies.setdefault(origin(url), SimpleCookie())
    for line in header_values(exchange.response.headers, "set-cookie"):
        try:
            jar.load(line)
        except CookieError:
            continue
