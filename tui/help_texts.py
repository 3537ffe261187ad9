"""The words of the command line's help: what each command is for, and examples of it."""

from __future__ import annotations

from collections.abc import Mapping

COMMANDS = {
    "demo": "open the app on the practice servers",
    "check": "health table, findings and verdict",
    "run": "the whole walk without the app",
    "token": "decode a token, describe it, verify it",
    "replay": "a saved walk again, with fresh values, and what differs",
    "compare": "two saved sessions side by side, or a server as two hosts",
    "show": "the steps of a saved session",
    "export": "a saved session as commands, a script, a HAR, a report or a diagram",
    "import": "a browser's HAR, a curl command or an mcp.json as a session",
    "logs": "did the token requests arrive? from an access log",
    "hosts": "what ChatGPT, Claude and other clients send and demand",
    "client-document": "a Client ID Metadata Document: make, check or serve one",
    "lab": "the practice servers alone",
    "serve": "the app in a browser, on this machine",
    "explain": "what a parameter, claim, header field, error or check means",
    "keys": "every key of the app",
    "help": "about the walk, hosts, secrets, files and more",
    "completion": "completion for a shell",
}

DESCRIPTION = """\
Walk an OAuth 2.1 + PKCE + MCP connection one HTTP request at a time.

Without a command authwalk opens the app: on the start screen, on the walk of a
server (URL), or on a saved session (SESSION.toml)."""

EXAMPLES = """\
examples:
  authwalk https://mcp.example.com/mcp        walk that server in the app
  authwalk demo --fault missing-aud           practise on a server with a fault
  authwalk run https://mcp.example.com/mcp    the same walk, line by line
  authwalk run URL --approve --json           for scripts and CI
  authwalk token - < token.txt                what a token says
  authwalk URL --help                         the options of the app

exit codes:
  0  came through, or sound    4  unreachable
  1  stopped at a step         5  listing or calling tools failed
  2  wrong usage               6  a file cannot be read or written
  3  a person is needed        130  interrupted"""

EPILOGS: Mapping[str, str] = {
    "run": """\
examples:
  authwalk run https://mcp.example.com/mcp --open
  authwalk run URL --approve --list --call 'search={"query": "tea"}'
  authwalk run URL --client-id abc --client-secret-env CLIENT_SECRET --save walk.toml
  authwalk run https://login.example.com --issuer-only --scope openid
  authwalk run URL --bearer-env TOKEN --call whoami --read file:///notes --json
  authwalk run URL --open --call book_table --elicit '{"guests": 4}'

Without --approve a person opens the authorization URL. The loopback listener
and a pasted line race; the first wins. Secrets come from the environment
(--client-secret-env, --bearer-env, --header @FILE), never as arguments.

exit codes: 0 it came through, whatever was found on the way (check fails on
that), 1 stopped at a step, 2 wrong usage, 3 a person is needed and none is
there, 4 unreachable, 5 listing or calling tools failed, 6 a file cannot be
read or written, 130 interrupted.""",
    "check": """\
examples:
  authwalk check https://mcp.example.com/mcp
  authwalk check https://a.example/mcp https://b.example/mcp --json
  authwalk check URL --client-id abc --redirect-uri https://app.example/callback
  authwalk check URL --approve --fail-on warn --junit report.xml
  authwalk check URL --format github          annotations of GitHub Actions
  authwalk check URL --hosts                  ChatGPT, Claude, Cursor, …: who would fail

Nothing is sent that creates state: no client is registered, no code used. With
--client-id and --redirect-uri the authorization endpoint is asked more. With
--approve the whole walk is made first, and a client may be registered.

exit codes: 0 nothing at or above --fail-on, 1 something was found, 2 wrong
usage, 3 with --approve: a person is needed, 4 unreachable, 6 a file cannot be
written. For CI: authwalk help ci.""",
    "token": """\
examples:
  authwalk token eyJhbGciOi...
  pbpaste | authwalk token - --issuer https://login.example.com
  authwalk token - --jwks keys.json --json < token.txt

exit codes: 0 well-formed, and verified where asked; 1 otherwise.""",
    "replay": """\
examples:
  authwalk replay walk.toml --approve
  authwalk replay walk.toml --against https://staging.example.com/mcp
  authwalk replay walk.toml --step tools
  authwalk replay walk.toml --offline

The recorded moves are made again with a fresh code verifier, state, code and
tokens; edits are made again too. Every answer is compared with the recorded
one; what must differ does not count. --step alone goes on with what the file
holds, tokens too, so it must have been saved --with-secrets. --offline sends
nothing: it holds what would be sent today against what was sent.

exit codes: 0 nothing differs, 1 something does, 2 wrong usage, 3 a person is
needed and none is there, 4 unreachable, 6 a file cannot be read or written.""",
    "compare": """\
examples:
  authwalk compare works.toml broken.toml
  authwalk compare staging.toml production.toml --json
  authwalk compare https://mcp.example.com/mcp --as claude --as chatgpt --approve

Aligned by step and by what each exchange is. Dates, codes, tokens, ports and
whatever else is made anew in every walk does not count; neither does another
server's name, as long as the walks are of different servers. With --as given
twice the server is walked as each of two hosts, which registers clients where
the host would: what they send differs as it must, and what the server made of
it counts. Without --approve both walks end where a person would log in.

exit codes: 0 nothing differs, 1 something does, 2 wrong usage, 3 nothing does
so far and both wait for a person, 6 a file cannot be read.""",
    "import": """\
examples:
  authwalk import chatgpt.com.har
  authwalk import chatgpt.com.har --save try.toml && authwalk try.toml
  authwalk import .vscode/mcp.json --server search --save search.toml
  authwalk import curl "curl https://mcp.example.com/mcp -H 'X-Team: tea'"
  pbpaste | authwalk import curl - --save try.toml

In the browser open the developer tools, keep the log, try to connect, and save
all as HAR. A HAR holds cookies and codes: treat it like a password. A curl
command is read, never run: what a shell would put in is refused, and no file
is opened.

exit codes: 0 read, 2 wrong usage, 6 it cannot be read.""",
    "logs": """\
examples:
  authwalk logs /var/log/nginx/access.log
  authwalk logs access.log.*.gz --around 2026-11-25T10:04:00Z --minutes 5
  journalctl -u auth -o cat | authwalk logs - --token-path /oauth2/token

Reads the common, combined and JSON-lines formats, and those of AWS ALB and of HAProxy
(httplog).

exit codes: 0 read, 2 wrong usage, 6 a file cannot be read.""",
    "hosts": """\
examples:
  authwalk hosts
  authwalk hosts show chatgpt
  authwalk run URL --as claude

Every value has its source, the date on which it was looked up, and whether it is
documented, captured or reported.

exit codes: 0 told, 2 wrong usage, 6 a file of your own cannot be read.""",
    "client-document": """\
examples:
  authwalk client-document https://app.example.com/client.json --name "My app"
  authwalk client-document URL --client-key key.pem --save client.json
  authwalk client-document --check client.json
  authwalk client-document --check https://app.example.com/client.json \\
      --server https://auth.example.com
  authwalk client-document --serve 8411

A client is named by the URL of its metadata, and the authorization server
fetches it. --check says what it would find wrong; with --server also whether
that one takes documents and can reach this one. --serve is for the lab and for
servers on this machine.

exit codes: 0 made, or sound, 1 a server would refuse it, 2 wrong usage, 4 it
cannot be fetched, 6 a file cannot be read or written.""",
    "completion": """\
examples:
  authwalk completion bash > ~/.local/share/bash-completion/completions/authwalk
  authwalk completion zsh > ~/.zfunc/_authwalk
  authwalk completion fish > ~/.config/fish/completions/authwalk.fish""",
    "lab": """\
examples:
  authwalk lab                                 both servers, on free ports
  authwalk lab --port 8400 --as-port 8401 --fault missing-aud
  authwalk lab --list-faults

It runs until Ctrl-C and prints the URL to walk. Nothing is kept.""",
    "demo": """\
examples:
  authwalk demo
  authwalk demo --fault missing-aud --as chatgpt
  authwalk demo --tour                         with a line for every step""",
    "show": """\
examples:
  authwalk show walk.toml
  authwalk show walk.toml --json

Nothing is sent.

exit codes: 0 told, 6 the file cannot be read.""",
    "export": """\
examples:
  authwalk export walk.toml --as report > report.md
  authwalk export walk.toml --as curl --step token
  authwalk export walk.toml --as har > walk.har

Secrets become $VARIABLES that the commands name; --redacted puts marks there,
--with-secrets the values. Nothing is sent.

exit codes: 0 written, 2 wrong usage, 6 the file cannot be read.""",
    "serve": """\
examples:
  authwalk serve                               the start screen
  authwalk serve --open demo --fault missing-aud
  authwalk serve --port 8500 https://mcp.example.com/mcp

Only this machine gets there, and only with the URL that is printed: it holds a
token. Needs pip install '.[web]'.""",
    "explain": """\
examples:
  authwalk explain resource
  authwalk explain invalid_grant
  authwalk explain 401
  authwalk explain TE-01

exit codes: 0 explained, 2 in no standard that authwalk knows.""",
    "keys": """\
examples:
  authwalk keys
  authwalk keys --json

Your own keys stand in keys.toml by these ids: authwalk help files.""",
    "help": """\
examples:
  authwalk help
  authwalk help secrets
  authwalk help run
  authwalk help --man | man -l -""",
}
"""What stands below the options of a command: examples, and its exit codes."""
