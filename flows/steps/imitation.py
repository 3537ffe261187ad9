"""Walking as a host: what it would do where the steps have a choice, and what of it cannot be had.

What the person asked for goes before what the host would do, and where nothing is known of the
host the specification decides.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import urlsplit

from flows.client_authentication import SECRET_METHODS
from flows.documents import text_list
from flows.entropy import derived
from flows.facts import Facts, Json
from flows.hosts import Host, host_of
from flows.steps.server_metadata import endpoint, server_metadata
from flows.wellknown import canonical_resource

_KEY = "private_key_jwt"
_DEFAULT_PORT = {"http": 80, "https": 443}
_ID = 11
"""Characters of what stands for {id}."""


def redirect_uri(facts: Facts) -> str | None:
    """The redirect URI of the walk, {port} left in it; None for a loopback one of our own."""
    host = host_of(facts.target)
    if facts.target.redirect_uri or host is None:
        return facts.target.redirect_uri
    promised = (server_metadata(facts) or {}).get("authorization_response_iss_parameter_supported")
    if promised is True and host.redirect_uri_with_iss:
        return _filled(host.redirect_uri_with_iss.value, facts)
    if host.redirect_uri:
        return _filled(host.redirect_uri.value, facts)
    return _filled(host.redirect_uris.value[0], facts) if host.redirect_uris else None


def redirect_uris(facts: Facts) -> tuple[str, ...]:
    """What is registered: the host's list in its order, with the one of this walk in its place.
    A person's own stands alone."""
    host, chosen = host_of(facts.target), facts.redirect_uri or ""
    if host is None or host.redirect_uris is None or facts.target.redirect_uri:
        return (chosen,)
    listed = [_filled(uri, facts) for uri in host.redirect_uris.value]
    asked = redirect_uri(facts)
    found = [chosen if uri == asked else uri for uri in listed]
    return tuple(uri for uri in found if "{port}" not in uri) if chosen in found else (chosen,)


def _filled(template: str, facts: Facts) -> str:
    digest = sha256(facts.target.url.encode("utf-8", "surrogatepass")).digest()[:9]
    server = urlsafe_b64encode(digest).decode().rstrip("=")
    return template.replace("{id}", _made_up(facts)).replace("{server}", server)


def _made_up(facts: Facts) -> str:
    """What stands for {id}, the same in every attempt."""
    return derived(facts.session_seed, "id of the connection")[:_ID]


def document_url(facts: Facts) -> str | None:
    """The URL that names the client, where this host would give it to this server and a client
    without the host's key can go on with it."""
    host, metadata = host_of(facts.target), server_metadata(facts) or {}
    if metadata.get("client_id_metadata_document_supported") is not True:
        return None
    if facts.target.client_metadata_url or host is None:
        return facts.target.client_metadata_url
    if host.client_metadata_url is None or host.registration is None:
        return None
    order = host.registration.value
    if "CIMD" not in order or (_first(order, "DCR", "CIMD") and _registers(facts)):
        return None
    known = host.client_metadata_needs_none
    needs_none = (known and known.value) or _needs_its_key(host)
    return None if needs_none and not _takes_none(metadata) else host.client_metadata_url.value


def registers(facts: Facts) -> bool:
    """Whether the host registers by itself; hosts of which that is not known do."""
    host = host_of(facts.target)
    return host is None or host.registration is None or "DCR" in host.registration.value


def client_metadata(facts: Facts) -> dict[str, object]:
    """What a registration says of the client beside what every one says, in the host's words."""
    host = host_of(facts.target)
    found: dict[str, object] = {"client_name": "authwalk"}
    if host is None:
        return found
    for name in ("client_name", "client_uri", "software_id", "application_type"):
        if known := getattr(host, name):
            found[name] = known.value
    if host.grant_types:
        listed = text_list(server_metadata(facts) or {}, "grant_types_supported")
        wanted = host.grant_types.value
        found["grant_types"] = [one for one in wanted if listed is None or one in listed]
    return found


def method_to_register(facts: Facts) -> str | None:
    """How the host would authenticate at the token endpoint; None where that is not known."""
    host = host_of(facts.target)
    if host is None:
        return None
    listed = text_list(server_metadata(facts) or {}, "token_endpoint_auth_methods_supported")
    if host.token_endpoint_auth_methods:
        usable = [one for one in host.token_endpoint_auth_methods.value if one != _KEY]
    elif host.demand("client-secret"):
        usable = [one for one in SECRET_METHODS if one != "none"]
    else:
        return None
    return next((one for one in usable if listed and one in listed), next(iter(usable), None))


def resource(facts: Facts, named: str | None) -> str | None:
    """The resource indicator that the host sends; `named` is that of the resource metadata."""
    host, url = host_of(facts.target), facts.target.url
    match host.resource.value if host and host.resource else None:
        case "metadata":
            return named
        case "bare-origin":
            return canonical_resource(named or url)
        case "server-url":
            return url.partition("#")[0]
        case "canonical":
            return _canonical(url)
        case "none":
            return None
        case _:
            return named or canonical_resource(url)


def _canonical(url: str) -> str:
    """Scheme and host in lower case, no fragment, no default port, no slash at the end."""
    parts = urlsplit(url.partition("#")[0])
    scheme, name = parts.scheme.lower(), parts.hostname or ""
    name = f"[{name}]" if ":" in name else name
    port = f":{parts.port}" if parts.port not in (None, _DEFAULT_PORT.get(scheme)) else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{name}{port}{parts.path.rstrip('/')}{query}"


def substitutes(facts: Facts) -> tuple[str, ...]:
    """What of the host could not be imitated, a sentence each: for whoever reads the record."""
    host = host_of(facts.target)
    return tuple(_substitutes(host, facts)) if host else ()


def _substitutes(host: Host, facts: Facts) -> Iterator[str]:
    yield f"The requests came from this machine, not from where {host.title} dials from."
    used = facts.redirect_uri or redirect_uri(facts) or ""
    if facts.target.redirect_uri:
        yield f"The redirect URI is not {host.title}'s: it was given."
    elif host.redirect_uris is None:
        yield f"{host.title}'s redirect URI is not known: the loopback one of authwalk was used."
    elif urlsplit(used.replace("{port}", "1")).hostname not in ("127.0.0.1", "localhost", "::1"):
        if facts.authorization_url:
            yield f"{host.title}'s redirect page takes no part: what it is sent is brought here."
    if _made_up(facts) in used:
        yield "The part of the redirect URI that is different for every connection is made up."
    if _wants_key(host, facts):
        says = "would name itself by its document and prove it with its key"
        yield f"{host.title} {says}: without the key another registration was used."
    unknown = [
        name
        for name, known in (
            ("client name", host.client_name),
            ("clientInfo", host.client_info),
            ("protocol version", host.protocol_versions),
            ("User-Agent", host.user_agent or host.mcp_user_agent),
        )
        if known is None
    ]
    if unknown:
        yield f"Not known of {host.title}, so authwalk's own were sent: {', '.join(unknown)}."


def _wants_key(host: Host, facts: Facts) -> bool:
    metadata = server_metadata(facts) or {}
    return (
        metadata.get("client_id_metadata_document_supported") is True
        and host.client_metadata_url is not None
        and facts.target.client_metadata_url is None
        and _needs_its_key(host)
        and not _takes_none(metadata)
    )


def _needs_its_key(host: Host) -> bool:
    methods = host.token_endpoint_auth_methods
    return methods is not None and _KEY in methods.value


def _takes_none(metadata: Json) -> bool:
    return "none" in (text_list(metadata, "token_endpoint_auth_methods_supported") or ())


def _registers(facts: Facts) -> bool:
    return endpoint(facts, "registration_endpoint") is not None


def _first(order: tuple[str, ...], one: str, other: str) -> bool:
    return one in order and order.index(one) < order.index(other)
