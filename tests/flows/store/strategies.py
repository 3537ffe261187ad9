"""Any session whatever, for the tests of files."""

from __future__ import annotations

from datetime import UTC
from typing import get_args

from hypothesis import strategies as st

from flows.exchange import Exchange, Failure, FailureKind, Request, Response, Timing, Tls
from flows.session import (
    GRANTS,
    PROTOCOLS,
    STEP_IDS,
    Answered,
    Exchanged,
    Made,
    Noted,
    Overrode,
    Received,
    Reran,
    Session,
    Target,
)
from flows.sse import ServerSentEvent
from tests.hostile import HOSTILE

ODD = (
    "a\r\nb\r\n",
    "mixed\r\nline\nends\r",
    "\n",
    "\n\nfirst lines empty",
    "ends with a quote'",
    "both ' and \" and \\",
    "'''",
    "\"\"\" ''' \n",
    '"""',
    '\n""""',
    "ends with a backslash\\",
    "\\u0000" + "1",
    "\x001",
    "\n[[events]]\n",
    "tab\tin it\n\tand here",
    "=?base64?aGVsbG8=?=",
)
TEXT = (
    st.text(st.characters(), max_size=30)
    | st.text("'\"\\\r\n\t\x00 a\u202e\u00e9", max_size=12)
    | st.sampled_from(ODD)
    | st.sampled_from([text for text in HOSTILE if len(text) < 100])
)
BYTES = st.binary(max_size=40) | st.sampled_from(
    [text.encode("utf-8", "surrogatepass") for text in (*ODD, *HOSTILE) if len(text) < 100]
)
NUMBER = st.integers(-(2**63), 2**63 - 1)
SECONDS = st.floats(allow_nan=False, allow_infinity=False)
AT = st.datetimes(timezones=st.just(UTC))
STEP = st.sampled_from(STEP_IDS)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


REQUEST = st.builds(Request, TEXT, TEXT, PAIRS, BYTES)
RESPONSE = st.builds(Response, NUMBER, TEXT, PAIRS, BYTES, TEXT, NUMBER)
TIMING = st.builds(Timing, *[maybe(SECONDS)] * 5, SECONDS)
TLS = st.builds(Tls, TEXT, TEXT, TEXT, TEXT, maybe(AT), st.booleans())
FAILURE = st.builds(Failure, st.sampled_from(get_args(FailureKind)), TEXT)
EXCHANGE = st.builds(
    Exchange, TEXT, REQUEST, AT, maybe(RESPONSE), maybe(FAILURE), TIMING, maybe(TEXT), maybe(TLS)
)
EVENT = st.one_of(
    st.builds(Exchanged, AT, STEP, EXCHANGE, TEXT, maybe(REQUEST)),
    st.builds(
        Received, AT, STEP, TEXT, st.builds(ServerSentEvent, TEXT, TEXT, TEXT, maybe(NUMBER))
    ),
    st.builds(Made, AT, STEP, PAIRS, maybe(PAIRS)),
    st.builds(Answered, AT, STEP, PAIRS),
    st.builds(Overrode, AT, STEP, TEXT),
    st.builds(Reran, AT, STEP, BYTES),
    st.builds(Noted, AT, STEP, TEXT),
)
TARGET = st.builds(
    Target,
    TEXT,
    st.sampled_from(["mcp", "authorization-server"]),
    st.sampled_from(PROTOCOLS),
    client_id=maybe(TEXT),
    client_secret=maybe(TEXT),
    client_metadata_url=maybe(TEXT),
    token_endpoint_auth_method=maybe(TEXT),
    redirect_uri=maybe(TEXT),
    scope=maybe(TEXT),
    resource=maybe(TEXT),
    authorization_server=maybe(TEXT),
    headers=PAIRS,
    bearer=maybe(TEXT),
    grant=st.sampled_from(GRANTS),
    client_key=maybe(TEXT),
    client_key_alg=maybe(TEXT),
    assertion=maybe(TEXT),
    idp_token_url=maybe(TEXT),
    idp_client_id=maybe(TEXT),
    idp_client_secret=maybe(TEXT),
    id_token=maybe(TEXT),
    dpop=st.booleans(),
    task=st.booleans(),
    par=st.booleans(),
)
SESSION = st.builds(Session, TARGET, AT, BYTES, st.lists(EVENT, max_size=4).map(tuple))
