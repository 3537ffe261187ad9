"""HOST: what the host that is walked as does with the token that it got."""

from __future__ import annotations

from flows.acceptance import refusals
from flows.checks.host_rules import AS, refused, rule
from flows.checks.kernel import Outcomes, at, passed
from flows.checks.record import Record
from flows.checks.token_rules import answers
from flows.documents import read_object, value_member
from flows.hosts import Host


@rule(
    "HOST-09",
    "token",
    AS,
    "token_type is spelled as the host wants it",
    "Send token_type in the spelling that RFC 6750 uses: Bearer.",
)
def token_type_is_spelled_so(record: Record, host: Host) -> Outcomes:
    demand = host.demand("token-type")
    for answer in answers(record, "token"):
        named = (answer.members or {}).get("token_type")
        if demand is None or not isinstance(named, str):
            return
        if named == demand.value:
            yield passed(answer.at("token_type"))
        elif named.lower() == str(demand.value).lower():
            found, place = f'token_type is "{named}".', answer.at("token_type")
            does, fine = f'refuse all but "{demand.value}"', "RFC 6749 §5.1: case does not matter"
            yield refused(host, demand.evidence, found, does, place, fine=fine)


@rule(
    "HOST-10",
    "token",
    AS,
    "the token response has the members that the host needs",
    "Send the members that the host needs, those that are only recommended too.",
)
def members_are_there(record: Record, host: Host) -> Outcomes:
    demand = host.demand("token-members")
    for answer in answers(record, "token"):
        if demand is None or not isinstance(demand.value, tuple) or answer.members is None:
            return
        missing = [name for name in demand.value if name not in answer.members]
        if not missing:
            yield passed(at(answer.exchange))
            return
        fine = "RFC 6749 §5.1" if set(missing).isdisjoint(_REQUIRED) else ""
        found, place = f"The token response has no {' and no '.join(missing)}.", at(answer.exchange)
        yield refused(host, demand.evidence, found, "refuse it without", place, fine=fine)


_REQUIRED = ("access_token", "token_type")


@rule(
    "HOST-11",
    "claims",
    AS,
    "the access token has the claims that the host needs",
    "Issue JWT access tokens with these claims (RFC 9068 §2.2).",
)
def claims_are_there(record: Record, host: Host) -> Outcomes:
    demand, inspection = host.demand("claims"), record.inspection()
    if demand is None or inspection is None or not isinstance(demand.value, tuple):
        return
    found_answers = answers(record, "token")
    place = found_answers[-1].at("access_token") if found_answers else None
    claims = inspection.token.claims
    does = f"want to read {', '.join(demand.value)} in it"
    if inspection.token.kind != "jwt" or claims is None:
        found, fine = "The access token is no JWT.", "RFC 6749 §1.4: it need not be readable"
        yield refused(host, demand.evidence, found, does, place, fine=fine)
        return
    missing = [name for name in demand.value if name not in claims]
    if missing:
        found = f"The access token has no {' and no '.join(missing)}."
        yield refused(host, demand.evidence, found, does, place)
    else:
        yield passed(place)


@rule(
    "HOST-12",
    "token",
    AS,
    "the parser that the host uses takes the token response",
    "Send the token response as RFC 6749 §5.1 has it, and leave out what has no value.",
)
def its_parser_takes_it(record: Record, host: Host) -> Outcomes:
    for answer in answers(record, "token"):
        if host.parser is None:
            return
        told = [one for one in refusals(answer.response) if one.parser == host.parser.value]
        if not told:
            yield passed(at(answer.exchange))
        for one in told:
            found = f"{one.reason}: {one.version} refuses it."
            does = f"use that parser ({one.how})"
            yield refused(host, host.parser.evidence, found, does, at(answer.exchange))


@rule(
    "HOST-15",
    "refresh",
    AS,
    "a refresh token that is refused is refused as invalid_grant",
    "Answer 400 with invalid_grant to a refresh token that is no good any more.",
)
def refusals_are_invalid_grant(record: Record, host: Host) -> Outcomes:
    demand, broken = host.demand("refresh-error"), record.facts.failed.get("refresh")
    response = broken.exchange.response if broken else None
    if demand is None or broken is None or response is None or not 400 <= response.status < 500:
        return
    answer, _ = read_object(response)
    error = value_member(answer or {}, "error")
    if error in ("invalid_grant", "invalid_client"):
        yield passed(at(broken.exchange, "/error"))
    else:
        found = f"The refresh is refused with {response.status} {error or 'and no error code'}."
        does = "ask the person to connect again only after invalid_grant"
        yield refused(host, demand.evidence, found, does, at(broken.exchange))
