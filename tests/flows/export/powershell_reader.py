"""A small reader of PowerShell: as much of its rules as the generated commands use.

The rules are those of about_Quoting_Rules and about_Parsing: a single-quoted text ends at any of
five quotes unless that is doubled, nothing else in it means anything; a backtick before a line
break continues a command. Arguments then pass as in Windows PowerShell 5.1: put into one command
line, in double quotes where there is white space, nothing escaped; and are taken out of it as
CommandLineToArgvW does.
"""

from __future__ import annotations

import re
import subprocess
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path

QUOTES = "'\u2018\u2019\u201a\u201b"
_TEXT = re.compile(rf"[{QUOTES}]((?:[^{QUOTES}]|[{QUOTES}]{{2}})*)[{QUOTES}](?![{QUOTES}])")
_CHAR = re.compile(r"\[char\]0x([0-9a-fA-F]{4})")
_VARIABLE = re.compile(r"\$(env:)?([A-Za-z_]\w*)")
_PLUS = re.compile(r" \+ ")
_BARE = re.compile(r"[A-Za-z0-9.-]+")


class Reader:
    """Runs a script line by line with the real curl; files are made in `folder`."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.variables: dict[str, str] = {}
        self.made: list[Path] = []

    def run(self, script: str) -> list[subprocess.CompletedProcess[bytes]]:
        done = []
        for line in script.replace(" `\n", " ").split("\n"):
            if result := self._line(line):
                done.append(result)
        return done

    def _line(self, line: str) -> subprocess.CompletedProcess[bytes] | None:
        if line.startswith("#"):
            return None
        if made := re.fullmatch(r"\$(\w+) = \[IO\.Path\]::GetTempFileName\(\)", line):
            path = self.folder / f"{made[1]} file"
            path.touch()
            self.made.append(path)
            self.variables[made[1]] = str(path)
        elif text := re.fullmatch(r"\[IO\.File\]::WriteAllText\(\$(\w+), (.*)\)", line):
            value, rest = self._sum(text[2])
            assert rest == ""
            joined = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
            Path(self.variables[text[1]]).write_bytes(joined.encode())
        elif data := re.fullmatch(
            r"\[IO\.File\]::WriteAllBytes\(\$(\w+), \[Convert\]::FromBase64String\('(.*)'\)\)", line
        ):
            Path(self.variables[data[1]]).write_bytes(b64decode(data[2], validate=True))
        elif removed := re.fullmatch(r"Remove-Item ((?:\$\w+(?:, )?)+)", line):
            for name in removed[1].split(", "):
                Path(self.variables[name[1:]]).unlink()
        else:
            return self._command(line)
        return None

    def _command(self, line: str) -> subprocess.CompletedProcess[bytes]:
        arguments = []
        rest = line
        while rest:
            if rest.startswith("("):
                value, rest = self._sum(rest[1:])
                assert rest.startswith(")")
                rest = rest[1:]
            elif bare := _BARE.match(rest):
                value, rest = bare[0], rest[bare.end() :]
            else:
                value, rest = self._term(rest)
            arguments.append(value)
            assert not rest or rest.startswith(" "), rest
            rest = rest.lstrip(" ")
        command, *others = arguments
        assert command == "curl.exe"
        passed = read_command_line(command_line(others))
        assert passed == others
        environment = {"HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            ["curl", *passed], env=environment, cwd=self.folder, capture_output=True, timeout=60
        )

    def _sum(self, text: str) -> tuple[str, str]:
        assert text[:1] in QUOTES, "a sum that starts with no text is no text"
        value, rest = self._term(text)
        while plus := _PLUS.match(rest):
            more, rest = self._term(rest[plus.end() :])
            value += more
        return value, rest

    def _term(self, text: str) -> tuple[str, str]:
        if quoted := _TEXT.match(text):
            plain = re.sub(rf"([{QUOTES}])[{QUOTES}]", r"\1", quoted[1])
            return plain, text[quoted.end() :]
        if char := _CHAR.match(text):
            return chr(int(char[1], 16)), text[char.end() :]
        variable = _VARIABLE.match(text)
        assert variable, text
        found = self.environment if variable[1] else self.variables
        return found[variable[2]], text[variable.end() :]


def command_line(arguments: list[str]) -> str:
    return " ".join(f'"{one}"' if re.search(r"\s", one) else one for one in arguments)


def read_command_line(line: str) -> list[str]:
    """CommandLineToArgvW: backslashes count only before a double quote."""
    found: list[str] = []
    current, quoted, begun = "", False, False
    at = 0
    while at < len(line):
        slashes = re.compile(r"\\*").match(line, at)
        assert slashes
        number, at = len(slashes[0]), slashes.end()
        if at < len(line) and line[at] == '"':
            current += "\\" * (number // 2)
            if number % 2:
                current += '"'
            else:
                quoted, begun = not quoted, True
            at += 1
            continue
        current += "\\" * number
        begun = begun or bool(number)
        if at < len(line):
            if line[at] in " \t" and not quoted:
                if begun:
                    found.append(current)
                current, begun = "", False
            else:
                current, begun = current + line[at], True
            at += 1
    return [*found, current] if begun else found
