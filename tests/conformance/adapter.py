"""The client under test for the MCP conformance suite: `authwalk run` with the options that each
scenario needs.

The suite starts this with the server's URL as last argument, and in the environment

    MCP_CONFORMANCE_SCENARIO           the scenario's name
    MCP_CONFORMANCE_PROTOCOL_VERSION   the revision it runs at
    MCP_CONFORMANCE_CONTEXT            a JSON object: credentials, calls to make

Scenarios are known here and nowhere else. The exit status is that of the last run of authwalk; it
also ends stderr, as the suite keeps that and not the status.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CLIENT_METADATA = "https://conformance-test.local/client-metadata.json"

REFUSALS = frozenset(
    {
        "auth/iss-normalized",
        "auth/iss-supported-missing",
        "auth/iss-unexpected",
        "auth/iss-wrong-issuer",
        "auth/metadata-issuer-mismatch",
        "auth/resource-mismatch",
        "auth/scope-retry-limit",
    }
)
"""Scenarios in which a client must not reach its goal, and authwalk must say so as it exits."""

Document = Mapping[str, Any]


class Scenario:
    """One scenario: where its server is, what the suite told of it, and runs of authwalk."""

    def __init__(self, url: str, name: str, revision: str, context: Document, folder: Path) -> None:
        self.url, self.name, self.revision = url, name, revision
        self.context, self.folder = context, folder
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.status = 1

    def run(self, *words: str) -> Document:
        """The report of one `authwalk run`."""
        command = [sys.executable, "-P", "-m", "tui", "run", self.url, "--json", "--approve"]
        done = subprocess.run(
            [*command, "--protocol", self.revision, *words],
            env=self.environment,
            capture_output=True,
            text=True,
        )
        self.status = done.returncode
        print(" ".join(words), done.stdout)
        print(done.stderr, file=sys.stderr)
        try:
            document: Document = json.loads(done.stdout)
        except ValueError:
            return {"tools": []}
        return document

    def call(self, *calls: tuple[str, Document], options: tuple[str, ...] = ()) -> Document:
        """A run that calls tools in this order."""
        words = [f"--call={name}={json.dumps(arguments)}" for name, arguments in calls]
        return self.run(*options, *words)

    def secret(self, option: str, value: str) -> tuple[str, str]:
        """A secret for an option that names an environment variable."""
        name = f"CONFORMANCE_{len(self.environment)}"
        self.environment[name] = value
        return option, name

    def file(self, option: str, text: str) -> tuple[str, str]:
        """A text for an option that names a file."""
        path = self.folder / option.strip("-")
        path.write_text(text)
        return option, str(path)


def just_connect(scenario: Scenario) -> None:
    scenario.run("--list")


def add_numbers(scenario: Scenario) -> None:
    scenario.call(("add_numbers", {"a": 2, "b": 3}))


def declare_everything(scenario: Scenario) -> None:
    scenario.run("--declare", "roots,sampling,elicitation")


def accept_defaults(scenario: Scenario) -> None:
    call = ("test_client_elicitation_defaults", dict[str, Any]())
    scenario.call(call, options=("--elicit", "accept"))


def reconnect(scenario: Scenario) -> None:
    scenario.call(("test_reconnection", {}))


def answer_and_go_on(scenario: Scenario) -> None:
    """Calls that ask back, with one that does not between them."""
    names = ("echo_state", "unrelated", "no_state", "unrelated", "no_result_type")
    calls = [(f"test_mrtr_{name}", dict[str, Any]()) for name in names]
    scenario.call(*calls, options=("--elicit", '{"confirmed": true}'))


def calls_of_the_context(scenario: Scenario) -> None:
    calls = scenario.context["toolCalls"]
    scenario.call(*((call["name"], call["arguments"]) for call in calls))


def every_usable_tool(scenario: Scenario) -> None:
    """What authwalk reports as usable, and nothing else."""
    listed = scenario.run("--list")["tools"]
    scenario.call(*((tool["name"], {"region": "us-west1"}) for tool in listed))


def echo_a_schema(scenario: Scenario) -> None:
    """The inputSchema of one tool, as authwalk reports it, is the argument of another."""
    listed = {tool["name"]: tool for tool in scenario.run("--list")["tools"]}
    schema = listed.get("json_schema_2020_12_tool", {}).get("inputSchema")
    scenario.call(("json_schema_echo", {"schema": schema}))


def authorize(scenario: Scenario) -> None:
    """A walk with an authorization, then a call, so that a step-up has its occasion."""
    words = ["--client-metadata-url", CLIENT_METADATA, *_client(scenario)]
    scenario.call(("test-tool", {}), options=tuple(words))


def key_of_its_own(scenario: Scenario) -> None:
    context = scenario.context
    words = ["--client-id", context["client_id"], "--grant", "client-credentials"]
    words += scenario.file("--client-key", context["private_key_pem"])
    words += ["--client-key-alg", context["signing_algorithm"]]
    scenario.call(("test-tool", {}), options=tuple(words))


def secret_of_its_own(scenario: Scenario) -> None:
    words = ["--grant", "client-credentials", *_client(scenario)]
    scenario.call(("test-tool", {}), options=tuple(words))


def identity_provider(scenario: Scenario) -> None:
    context = scenario.context
    words = ["--grant", "id-jag", *_client(scenario)]
    words += ["--idp-token-url", context["idp_token_endpoint"]]
    words += ["--idp-client-id", context["idp_client_id"]]
    words += scenario.file("--id-token-file", context["idp_id_token"])
    scenario.call(("test-tool", {}), options=tuple(words))


def workload_identity(scenario: Scenario) -> None:
    words = ["--grant", "jwt-bearer", *_client(scenario)]
    words += scenario.file("--assertion-file", scenario.context["valid_jwt"])
    scenario.call(("test-tool", {}), options=tuple(words))


def _client(scenario: Scenario) -> list[str]:
    """The client that the suite registered beforehand, if it did."""
    context, words = scenario.context, list[str]()
    if client_id := context.get("client_id"):
        words += ["--client-id", client_id]
    if secret := context.get("client_secret"):
        words += scenario.secret("--client-secret-env", secret)
    return words


SCENARIOS: Mapping[str, Callable[[Scenario], None]] = {
    "tools_call": add_numbers,
    "request-metadata": declare_everything,
    "elicitation-sep1034-client-defaults": accept_defaults,
    "sse-retry": reconnect,
    "sep-2322-client-request-state": answer_and_go_on,
    "http-custom-headers": calls_of_the_context,
    "http-invalid-tool-headers": every_usable_tool,
    "json-schema-2020-12-preservation": echo_a_schema,
    "auth/client-credentials-jwt": key_of_its_own,
    "auth/client-credentials-basic": secret_of_its_own,
    "auth/enterprise-managed-authorization": identity_provider,
    "auth/wif-jwt-bearer": workload_identity,
}


def main() -> int:
    name = os.environ["MCP_CONFORMANCE_SCENARIO"]
    revision = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "auto")
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(sys.argv[-1], name, revision, context, Path(folder))
        usual = authorize if name.startswith("auth/") else just_connect
        SCENARIOS.get(name, usual)(scenario)
    print(f"exit status {scenario.status}", file=sys.stderr)
    return scenario.status


if __name__ == "__main__":
    sys.exit(main())
