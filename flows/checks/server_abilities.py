"""ASM: what the authorization server says it can do, against what this walk needs."""

from __future__ import annotations

from flows.checks.documents import Found, array_problem
from flows.checks.kernel import Outcomes, at, check, failed, passed
from flows.checks.record import Record
from flows.checks.server_metadata import is_openid, server_document
from flows.client_authentication import AUTH_METHODS
from flows.documents import json_type, text_list, text_member
from flows.steps.applies import for_machines
from flows.steps.challenge import challenge_of
from flows.steps.resource_metadata import resource_metadata
from flows.steps.server_metadata import by_origin

GRANTS = {
    "authorization-code": "authorization_code",
    "client-credentials": "client_credentials",
    "jwt-bearer": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "id-jag": "urn:ietf:params:oauth:grant-type:jwt-bearer",
}
"""`grant_type` at the token endpoint, by the grant of the target."""
BOOLEANS = (
    "authorization_response_iss_parameter_supported",
    "client_id_metadata_document_supported",
    "require_pushed_authorization_requests",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "claims_parameter_supported",
    "tls_client_certificate_bound_access_tokens",
)
_JWT_METHODS = ("private_key_jwt", "client_secret_jwt")


@check(
    "ASM-06",
    "server-metadata",
    "authorization-server",
    "error",
    "response_types_supported lists code",
    "RFC 8414 §2; OIDC Discovery §3",
    'Add "response_types_supported": ["code"].',
)
def code_is_a_response_type(record: Record) -> Outcomes:
    found = server_document(record)
    if found is None:
        return
    place = found.place("response_types_supported")
    listed = text_list(found.members, "response_types_supported")
    if found.members.get("response_types_supported") is None:
        words = "response_types_supported is missing, a required member: SDKs refuse the document."
        yield failed(words, place)
    elif problem := array_problem(found.members, "response_types_supported"):
        yield failed(problem, place)
    elif "code" not in (listed or ()) and not for_machines(record.facts):
        words = f"response_types_supported lists {', '.join(listed or ()) or 'nothing'}, not code."
        yield failed(words, place)
    else:
        yield passed(place)


@check(
    "ASM-07",
    "server-metadata",
    "authorization-server",
    "error",
    "code_challenge_methods_supported lists S256",
    "MCP Authorization Code Protection; RFC 8414 §2",
    'Add "code_challenge_methods_supported": ["S256"] to the metadata.',
)
def s256_is_listed(record: Record) -> Outcomes:
    found = server_document(record)
    if found is None or for_machines(record.facts):
        return
    place = found.place("code_challenge_methods_supported")
    methods = text_list(found.members, "code_challenge_methods_supported")
    if "S256" in (methods or ()):
        yield passed(place)
        return
    if methods is not None:
        found_there = f"lists {', '.join(methods) or 'nothing'}, not S256"
    else:
        there = "code_challenge_methods_supported" in found.members
        found_there = "is no array" if there else "is missing"
    words = f"code_challenge_methods_supported {found_there}"
    if not record.is_mcp:  # optional in RFC 8414; MCP alone makes it a must
        yield failed(f"{words}.", place, severity="info")
    elif by_origin(record.facts):
        yield failed(f"{words}.", place, severity="warn")
    else:
        yield failed(f"{words}: MCP clients must refuse to go on.", place)


@check(
    "ASM-08",
    "server-metadata",
    "authorization-server",
    "warn",
    "grant_types_supported lists what the server does",
    "RFC 8414 §2",
    "List every grant type the token endpoint takes.",
)
def grants_are_listed(record: Record) -> Outcomes:
    found = server_document(record)
    if found is None:
        return
    place = found.place("grant_types_supported")
    listed = text_list(found.members, "grant_types_supported")
    tokens = record.facts.tokens
    refreshable = tokens is not None and tokens.refresh_token is not None
    if problem := array_problem(found.members, "grant_types_supported"):
        yield failed(problem, place)
    elif listed is not None and (wanted := GRANTS[record.facts.target.grant]) not in listed:
        words = f"grant_types_supported lists {', '.join(listed) or 'nothing'}, not {wanted}."
        yield failed(words, place)
    elif refreshable and "refresh_token" not in (listed or ()):
        # Left out, the list is authorization_code and implicit.
        words = "The server issues refresh tokens, and grant_types_supported "
        words += "does not list refresh_token: clients that go by the list never refresh."
        yield failed(words, place, severity=None if listed is not None else "info")
    else:
        yield passed(place)


@check(
    "ASM-09",
    "server-metadata",
    "authorization-server",
    "warn",
    "token_endpoint_auth_methods_supported lists the method in use",
    "RFC 8414 §2; RFC 7591 §2",
    "List every authentication method the token endpoint takes, none among them.",
)
def the_method_is_listed(record: Record) -> Outcomes:
    found, client = server_document(record), record.facts.client
    if found is None:
        return
    place = found.place("token_endpoint_auth_methods_supported")
    listed = text_list(found.members, "token_endpoint_auth_methods_supported")
    if problem := array_problem(found.members, "token_endpoint_auth_methods_supported"):
        yield failed(problem, place)
        return
    if client is None:
        return
    method = client.token_endpoint_auth_method
    if method not in AUTH_METHODS and client.source != "DCR":
        words = (
            f"token_endpoint_auth_method {method} is not one authwalk can do; it will send the "
            "client identifier alone."
        )
        yield failed(words, place, party="client", fix="Choose a method that authwalk knows.")
    elif method in (listed if listed is not None else ("client_secret_basic",)):
        yield passed(place)
    elif client.source == "DCR" and listed is not None:
        words = f"The server lists {', '.join(listed)}, and registered the client for {method}."
        yield failed(words, place)
    elif listed is not None and method != "none":
        words = f"The server lists {', '.join(listed)}, not {method}."
        fix = "Use a method that the server lists."
        yield failed(words, place, party="client", fix=fix)
    elif listed is not None:
        words = f"The server lists {', '.join(listed)}; this client has no secret and uses none."
        yield failed(words, place, severity="info")
    elif client.source == "DCR" and method != "none":
        words = f"The client is registered for {method}; without a list it is client_secret_basic."
        yield failed(words, place, severity="info")
    else:
        yield passed(place)


@check(
    "ASM-10",
    "server-metadata",
    "authorization-server",
    "error",
    "the algorithms of client assertions are listed, and none is not among them",
    "RFC 8414 §2",
    'Add "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES256"].',
)
def assertion_algorithms_are_listed(record: Record) -> Outcomes:
    if found := server_document(record):
        name = "token_endpoint_auth_signing_alg_values_supported"
        place = found.place(name)
        listed = text_list(found.members, "token_endpoint_auth_methods_supported") or ()
        methods = [method for method in _JWT_METHODS if method in listed]
        algorithms = text_list(found.members, name)
        if algorithms is not None and "none" in algorithms:
            yield failed(f"{name} lists none: anybody could forge an assertion.", place)
        elif methods and not algorithms:
            words = f"{', '.join(methods)} is listed, and {name} is missing: clients cannot choose."
            yield failed(words, found.at("token_endpoint_auth_methods_supported"))
        elif algorithms is not None:
            yield passed(place)


@check(
    "ASM-11",
    "server-metadata",
    "authorization-server",
    "info",
    "there is a way to register that needs no person",
    "MCP Client Registration",
    "Support Client ID Metadata Documents or dynamic registration, or document how to register.",
)
def clients_can_register(record: Record) -> Outcomes:
    if (found := server_document(record)) and not for_machines(record.facts):
        members = found.members
        if members.get("client_id_metadata_document_supported") is True:
            yield passed(found.at("client_id_metadata_document_supported"))
        elif text_member(members, "registration_endpoint"):
            yield passed(found.at("registration_endpoint"))
        elif record.facts.target.client_id is None:
            words = (
                "Neither Client ID Metadata Documents nor dynamic registration: every client "
                "must be registered by hand."
            )
            yield failed(words, found.place("registration_endpoint"))


@check(
    "ASM-12",
    "server-metadata",
    "authorization-server",
    "warn",
    "what is true or false is a JSON boolean",
    "RFC 9207 §3; RFC 9126 §5; OIDC Discovery §3",
    "Write true or false without quotation marks.",
)
def flags_are_booleans(record: Record) -> Outcomes:
    if found := server_document(record):
        for name in BOOLEANS:
            value = found.members.get(name)
            if isinstance(value, bool):
                yield passed(found.at(name))
            elif value is not None:
                words = f"{name} is a JSON {json_type(value)}: clients take it for absent."
                yield failed(words, found.at(name))


@check(
    "ASM-13",
    "server-metadata",
    "authorization-server",
    "warn",
    "jwks_uri is there",
    "OIDC Discovery §3; RFC 8414 §2",
    "Publish the signing keys and name their URL in jwks_uri.",
)
def keys_are_named(record: Record) -> Outcomes:
    if found := server_document(record):
        if found.members.get("jwks_uri"):
            yield passed(found.at("jwks_uri"))
        elif is_openid(found):
            yield failed("jwks_uri is missing, which OpenID Connect requires.", at(found.exchange))


@check(
    "ASM-14",
    "server-metadata",
    "authorization-server",
    "warn",
    "the OpenID document has what OpenID Connect requires",
    "OIDC Discovery §3",
    "Add subject_types_supported, and id_token_signing_alg_values_supported with RS256.",
)
def openid_members_are_there(record: Record) -> Outcomes:
    found = server_document(record)
    if found is None or not is_openid(found):
        return
    required = ("subject_types_supported", "id_token_signing_alg_values_supported")
    for name in required:
        if not text_list(found.members, name):
            yield failed(f"{name} is missing, which OpenID Connect requires.", found.place(name))
        else:
            yield from _signs_with_rs256(found, name)


def _signs_with_rs256(found: Found, name: str) -> Outcomes:
    listed = text_list(found.members, name) or ()
    if name.startswith("id_token") and "RS256" not in listed:
        words = f"{name} lists {', '.join(listed)}; RS256 must be among them."
        yield failed(words, found.at(name))
    else:
        yield passed(found.at(name))


@check(
    "ASM-18",
    "server-metadata",
    "authorization-server",
    "info",
    "scopes_supported covers what the MCP server asks for",
    "RFC 8414 §2",
    "List the scopes of this MCP server, for clients that choose from the list.",
)
def scopes_are_covered(record: Record) -> Outcomes:
    found = server_document(record)
    listed = text_list(found.members, "scopes_supported") if found else None
    if found is None or "scopes_supported" not in found.members:
        return
    place = found.at("scopes_supported")
    if problem := array_problem(found.members, "scopes_supported"):
        yield failed(problem, place, severity="warn")
        return
    challenge = challenge_of(record.facts)
    wanted = ((challenge.get("scope") if challenge else None) or "").split()
    wanted = wanted or list(
        text_list(resource_metadata(record.facts) or {}, "scopes_supported") or ()
    )
    missing = [scope for scope in wanted if scope not in (listed or ())]
    if missing:
        # A server may choose not to advertise a scope.
        yield failed(f"scopes_supported does not list {' '.join(missing)}.", place)
    else:
        yield passed(place)


@check(
    "ASM-19",
    "server-metadata",
    "authorization-server",
    "info",
    "no grant is advertised that OAuth 2.1 dropped",
    "RFC 9700 §2.1.2, §2.4",
    "Leave the implicit and password grants out.",
)
def no_dropped_grants(record: Record) -> Outcomes:
    if found := server_document(record):
        listed = text_list(found.members, "grant_types_supported")
        dropped = [grant for grant in ("implicit", "password") if grant in (listed or ())]
        if dropped:
            words = f"grant_types_supported lists {' and '.join(dropped)}."
            yield failed(words, found.at("grant_types_supported"))
        elif listed is not None:
            yield passed(found.at("grant_types_supported"))
