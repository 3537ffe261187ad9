"""What the claims and header parameters of a JWT mean, and where that is written.

Registered names follow the IANA registries "JSON Web Token Claims" and "JSON Web Signature and
Encryption Header Parameters". Names that belong to a vendor say whose they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Meaning(NamedTuple):
    """One sentence, and the section of a standard or the vendor it comes from."""

    text: str
    standard: str


PRIVATE = Meaning("Not a registered claim: its issuer knows what it means.", "RFC 7519 §4.3")
PUBLIC = Meaning("Named by a URI of its own, so that it collides with no other.", "RFC 7519 §4.2")
UNKNOWN_PARAMETER = Meaning("Not a registered header parameter.", "RFC 7515 §4.3")


def claim_meaning(name: str) -> Meaning:
    """What a claim means; for a name unknown here, what kind of name it is."""
    known = CLAIMS.get(name)
    if known:
        return known
    return PUBLIC if name.startswith(("https://", "http://", "urn:")) else PRIVATE


def parameter_meaning(name: str) -> Meaning:
    """What a JOSE header parameter means."""
    return PARAMETERS.get(name, UNKNOWN_PARAMETER)


CLAIMS: Mapping[str, Meaning] = {
    "iss": Meaning("Who issued the token.", "RFC 7519 §4.1.1"),
    "sub": Meaning("Who the token is about: a user, or the client itself.", "RFC 7519 §4.1.2"),
    "aud": Meaning("Whom the token is meant for; anyone else must refuse it.", "RFC 7519 §4.1.3"),
    "exp": Meaning("From this time on the token must be refused.", "RFC 7519 §4.1.4"),
    "nbf": Meaning("Before this time the token must be refused.", "RFC 7519 §4.1.5"),
    "iat": Meaning("When the token was issued.", "RFC 7519 §4.1.6"),
    "jti": Meaning("An identifier of this one token.", "RFC 7519 §4.1.7"),
    "client_id": Meaning("The client the token was issued to.", "RFC 8693 §4.3"),
    "scope": Meaning("What the token allows, as words between spaces.", "RFC 8693 §4.2"),
    "act": Meaning("Who acts on behalf of the subject.", "RFC 8693 §4.1"),
    "may_act": Meaning("Who may act on behalf of the subject.", "RFC 8693 §4.4"),
    "cnf": Meaning("The key its holder must prove to have.", "RFC 7800 §3.1"),
    "authorization_details": Meaning(
        "What the token allows, in detailed JSON objects.", "RFC 9396 §9.1"
    ),
    "roles": Meaning("Roles of the subject.", "RFC 9068 §2.2.3.1"),
    "groups": Meaning("Groups the subject belongs to.", "RFC 9068 §2.2.3.1"),
    "entitlements": Meaning("What the subject is entitled to.", "RFC 9068 §2.2.3.1"),
    "events": Meaning("Security events the token tells of.", "RFC 8417 §2.2"),
    # OpenID Connect
    "auth_time": Meaning("When the user authenticated.", "OIDC Core §2"),
    "nonce": Meaning("Ties an ID token to one authorization request.", "OIDC Core §2"),
    "acr": Meaning("How strong the authentication was, as a class.", "OIDC Core §2"),
    "amr": Meaning("How the user authenticated: methods used.", "OIDC Core §2"),
    "azp": Meaning("The client the ID token was issued to.", "OIDC Core §2"),
    "at_hash": Meaning("Ties an ID token to its access token.", "OIDC Core §3.1.3.6"),
    "c_hash": Meaning("Ties an ID token to an authorization code.", "OIDC Core §3.3.2.11"),
    "sid": Meaning("The user's session at the issuer.", "OIDC Front-Channel Logout §3"),
    "name": Meaning("The user's full name.", "OIDC Core §5.1"),
    "given_name": Meaning("The user's given name.", "OIDC Core §5.1"),
    "family_name": Meaning("The user's family name.", "OIDC Core §5.1"),
    "middle_name": Meaning("The user's middle name.", "OIDC Core §5.1"),
    "nickname": Meaning("The user's casual name.", "OIDC Core §5.1"),
    "preferred_username": Meaning("A name the user goes by; may change.", "OIDC Core §5.1"),
    "profile": Meaning("The user's profile page.", "OIDC Core §5.1"),
    "picture": Meaning("A picture of the user.", "OIDC Core §5.1"),
    "website": Meaning("The user's web page.", "OIDC Core §5.1"),
    "email": Meaning("The user's e-mail address; not an identifier.", "OIDC Core §5.1"),
    "email_verified": Meaning("Whether the e-mail address was verified.", "OIDC Core §5.1"),
    "gender": Meaning("The user's gender.", "OIDC Core §5.1"),
    "birthdate": Meaning("The user's birthday.", "OIDC Core §5.1"),
    "zoneinfo": Meaning("The user's time zone.", "OIDC Core §5.1"),
    "locale": Meaning("The user's language and region.", "OIDC Core §5.1"),
    "phone_number": Meaning("The user's telephone number.", "OIDC Core §5.1"),
    "phone_number_verified": Meaning("Whether the number was verified.", "OIDC Core §5.1"),
    "address": Meaning("The user's postal address.", "OIDC Core §5.1.1"),
    "updated_at": Meaning("When the user's data last changed.", "OIDC Core §5.1"),
    # Vendors
    "scp": Meaning("Scopes granted, where the standard says scope.", "Microsoft Entra, Okta"),
    "oid": Meaning("The user or service, the same for all clients.", "Microsoft Entra"),
    "tid": Meaning("The tenant.", "Microsoft Entra"),
    "ver": Meaning("The version of the token's format.", "Microsoft Entra, Okta"),
    "appid": Meaning("The client, in version 1.0 tokens.", "Microsoft Entra"),
    "upn": Meaning("The user's principal name.", "Microsoft Entra"),
    "wids": Meaning("Directory roles of the user.", "Microsoft Entra"),
    "idtyp": Meaning("app when the token has no user.", "Microsoft Entra"),
    "cid": Meaning("The client, where the standard says client_id.", "Okta"),
    "uid": Meaning("The user.", "Okta"),
    "permissions": Meaning("What the user's roles allow at this API.", "Auth0"),
    "org_id": Meaning("The organization.", "Auth0"),
    "gty": Meaning("The grant type the token came from.", "Auth0"),
    "realm_access": Meaning("Roles in the realm.", "Keycloak"),
    "resource_access": Meaning("Roles, by client.", "Keycloak"),
    "session_state": Meaning("The user's session.", "Keycloak"),
    "allowed-origins": Meaning("Origins that may call from a browser.", "Keycloak"),
    "typ": Meaning("What the token is for: Bearer, ID or Refresh.", "Keycloak"),
    "token_use": Meaning("Which token this is: access or id.", "Amazon Cognito"),
    "cognito:groups": Meaning("Groups the user belongs to.", "Amazon Cognito"),
    "cognito:username": Meaning("The user's name in the pool.", "Amazon Cognito"),
    "hd": Meaning("The user's Workspace domain.", "Google"),
}

PARAMETERS: Mapping[str, Meaning] = {
    "alg": Meaning("The algorithm that signed or encrypted the token.", "RFC 7515 §4.1.1"),
    "jku": Meaning("Where the keys are said to be. Not followed.", "RFC 7515 §4.1.2"),
    "jwk": Meaning("A key brought along. Not used.", "RFC 7515 §4.1.3"),
    "kid": Meaning("Which of the issuer's keys signed the token.", "RFC 7515 §4.1.4"),
    "x5u": Meaning("Where the certificates are said to be. Not followed.", "RFC 7515 §4.1.5"),
    "x5c": Meaning("Certificates brought along. Not used.", "RFC 7515 §4.1.6"),
    "x5t": Meaning("SHA-1 of the signing key's certificate.", "RFC 7515 §4.1.7"),
    "x5t#S256": Meaning("SHA-256 of the signing key's certificate.", "RFC 7515 §4.1.8"),
    "typ": Meaning("What kind of token this is.", "RFC 7515 §4.1.9"),
    "cty": Meaning("What the payload is; JWT when it is a JWT again.", "RFC 7515 §4.1.10"),
    "crit": Meaning("Extensions a recipient must understand.", "RFC 7515 §4.1.11"),
    "b64": Meaning("Whether the payload is base64url.", "RFC 7797 §3"),
    "enc": Meaning("The algorithm that encrypted the content.", "RFC 7516 §4.1.2"),
    "zip": Meaning("How the content was compressed.", "RFC 7516 §4.1.3"),
    "epk": Meaning("The sender's ephemeral public key.", "RFC 7518 §4.6.1.1"),
    "apu": Meaning("The sender, for agreeing on a key.", "RFC 7518 §4.6.1.2"),
    "apv": Meaning("The recipient, for agreeing on a key.", "RFC 7518 §4.6.1.3"),
    "iv": Meaning("Initialization vector of the wrapped key.", "RFC 7518 §4.7.1.1"),
    "tag": Meaning("Authentication tag of the wrapped key.", "RFC 7518 §4.7.1.2"),
    "p2s": Meaning("Salt of a key made from a password.", "RFC 7518 §4.8.1.1"),
    "p2c": Meaning("Rounds of a key made from a password.", "RFC 7518 §4.8.1.2"),
    "iss": Meaning("A claim repeated in the header.", "RFC 7519 §5.3"),
    "sub": Meaning("A claim repeated in the header.", "RFC 7519 §5.3"),
    "aud": Meaning("A claim repeated in the header.", "RFC 7519 §5.3"),
}
