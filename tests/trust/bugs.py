"""A deliberate bug in each rule of event streams and of tool calls: does a test notice?

    python -m tests.trust.bugs [PART OF A RULE …] [--jobs 2]

Each bug is put into a copy of the project, and the tests of the file that it is in are run there until one
fails. Prints which test that is. The exit status is 1 if a bug goes unnoticed, or finds no place in the source.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Bug:
    """A bug.

    Attributes:
        rule: The rule that it breaks.
        file: Where it is put, from the package's folder.
        edits: What stands there, and what stands there instead, at every place where it does.
    """

    rule: str
    file: str
    edits: tuple[tuple[str, str], ...]


def _bug(rule: str, file: str, *edits: tuple[str, str]) -> Bug:
    return Bug(rule, file, edits)


_SSE = "_sse/_decoder.py"
_CALLS = "_chat/_tool_calls.py"
_ACCUMULATOR = "_chat/_accumulator.py"
_QUIRKS = "dialects/_quirks.py"
_SOURCES = "_sources/_sync.py"

# fmt: off
EVENT_STREAMS = [
    _bug("always UTF-8", _SSE, ('.decode("utf-8", "replace")', '.decode("latin-1")')),
    _bug("UTF-8 whatever charset= says", _SOURCES, ("pieces = response.iter_bytes()", "pieces = map(str.encode, response.iter_text())")),
    _bug("malformed UTF-8 becomes U+FFFD", _SSE, ('.decode("utf-8", "replace")', '.decode("utf-8", "ignore")')),
    _bug("malformed UTF-8 never raises", _SSE, ('.decode("utf-8", "replace")', '.decode("utf-8")')),
    _bug("a BOM at byte 0 is removed", _SSE, ("data = data.removeprefix(_BOM)", "pass")),
    _bug(
        "a BOM that comes in pieces is removed",
        _SSE,
        ("if len(data) < len(_BOM) and _BOM.startswith(data):", "if not data:"),
    ),
    _bug(
        "one BOM is removed, not two",
        _SSE,
        ("data = data.removeprefix(_BOM)", "data = data.removeprefix(_BOM).removeprefix(_BOM)"),
    ),
    _bug(
        "a BOM is removed at byte 0 only",
        _SSE,
        ("        line: bytes | bytearray = buffer[position:end]", "        line: bytes | bytearray = buffer[position:end].removeprefix(_BOM)"),
    ),
    _bug("CRLF ends one line", _SSE, ('data = data.replace(b"\\r\\n", b"\\n")', "pass")),
    _bug("CR ends a line", _SSE, ('data = data.replace(b"\\r", b"\\n")', "pass")),
    _bug("LF ends a line", _SSE, ("        if 13 in data:\n            # A CR ends", '        data = data.replace(b"\\n", b"")\n        if 13 in data:\n            # A CR ends')),
    _bug("a CR at the end of a read takes the LF that follows", _SSE, ("self._skip_lf = True", "self._skip_lf = False")),
    _bug(
        "a CR at the end of a read takes one LF, and only an LF that follows at once",
        _SSE,
        ("            self._skip_lf = False\n            data = data.removeprefix", "            data = data.removeprefix"),
    ),
    _bug("a CR at the end of a read ends its line at once", _SSE,
         ("                self._skip_lf = True\n                self._plain = False\n", '                self._head, data = b"\\r", data[:-1]\n                self._plain = False\n'),
         ("            if self._head:\n", '            if self._head == b"\\r":\n                self._head = None\n                if self._buffer:\n                    self._queue.append(b"\\n")\n                else:\n                    self._buffer = b"\\n"\n            elif self._head:\n')),
    *(
        _bug(f"{name} ends no line", _SSE, ("data = self._continued(data)\n", f"data = self._continued(data)\n        data = data.replace({character.encode()!r}, b'\\n')\n"))
        for name, character in {"VT": "\v", "FF": "\f", "U+0085": "\x85", "U+2028": "\u2028", "U+2029": "\u2029"}.items()
    ),
    _bug("a blank line dispatches", _SSE, ("            return self._dispatch()\n", "            return None\n")),
    _bug("a comment says nothing", _SSE, ("if line[0] == 58:  # a colon", "if line[0] == 59:")),
    _bug("exactly one space is dropped", _SSE, ('value = value.removeprefix(b" ")', 'value = value.lstrip(b" ")'),
         ('start = 6 if line[5:6] == b" " else 5', 'start = len(line) - len(line[5:].lstrip(b" "))')),
    _bug("no tab is dropped", _SSE, ('start = 6 if line[5:6] == b" " else 5', 'start = 6 if line[5:6] in (b" ", b"\\t") else 5')),
    _bug("a space is dropped", _SSE, ('start = 6 if line[5:6] == b" " else 5', "start = 5")),
    _bug("the first colon parts name and value", _SSE, ('name, _, value = line.partition(b":")', 'name, _, value = line.rpartition(b":")')),
    _bug("a line without colon is a name", _SSE, ('name, _, value = line.partition(b":")', 'name, colon, value = line.partition(b":")\n        name = name if colon else b""')),
    _bug("names compare literally", _SSE, ('name, _, value = line.partition(b":")', 'name, _, value = line.lower().partition(b":")')),
    _bug("the last event type wins", _SSE, ("self._event_type = value.decode", "self._event_type = self._event_type or value.decode")),
    _bug("data lines are joined by LF", _SSE, ('self._data += b"\\n"\n', "pass\n"), ('self._data += b"\\n" + buffer', "self._data += buffer")),
    _bug("an id with NUL is ignored", _SSE, ("if 0 not in value:", "if True:")),
    _bug("retry takes no sign and no space", _SSE, ("if value.isdigit() and", "if value.strip().lstrip(b'-+').isdigit() and"),
         ('int(digits or b"0")', "int(value)")),
    _bug("retry takes no underscore", _SSE, ("if value.isdigit() and", "if value.replace(b'_', b'').isdigit() and")),
    _bug("retry takes no full-width digits", _SSE, ("if value.isdigit() and", "if value.decode('utf-8', 'replace').isdecimal() and"), ('int(digits or b"0")', 'int(digits.decode() or "0")')),
    _bug("retry is the reconnection time", _SSE, ("self._retry = self._reconnection_time = int", "self._retry = int")),
    _bug("retry may have leading zeros", _SSE, ("if value.isdigit() and", "if value.isdigit() and not value.startswith(b'0') and")),
    _bug("an unknown field is ignored", _SSE, ("elif self._on_unknown_field is not None:", 'elif name == b"dat":\n            return self._add_data(value)\n        elif self._on_unknown_field is not None:')),
    _bug(
        "a blank line sets the last event ID even when nothing is dispatched",
        _SSE,
        ("        self._last_event_id = self._id\n", "        self._last_event_id = self._id if self._data_lines else self._last_event_id\n"),
    ),
    _bug("a block without data resets the type", _SSE, ('        self._event_type = ""\n        self._retry = None\n        self._fresh = True\n        return event', '        if event is not None:\n            self._event_type = ""\n        self._retry = None\n        self._fresh = True\n        return event')),
    _bug("a block without data dispatches nothing", _SSE, ("        if self._data_lines:\n", "        if self._data_lines or self._event_type:\n"), ("data = self._data.decode", "data = bytes(self._data).decode")),
    _bug("an empty data line is data", _SSE, ("        if self._data_lines:\n            data = ", "        if self._data:\n            data = ")),
    _bug("one trailing LF is dropped from the data, and no more", _SSE, ('            data = self._data.decode("utf-8", "replace")\n            event', '            data = self._data.decode("utf-8", "replace").rstrip("\\n")\n            event')),
    _bug("the type is message where none was named", _SSE, ('self._event_type or "message"', "self._event_type")),
    _bug("a dispatch resets the data", _SSE, ('            self._data = b""\n            self._data_lines = 0\n            self._room = self._limit\n        self._event_type', "            self._room = self._limit\n        self._event_type")),
    _bug("a dispatch resets the type", _SSE, ('        self._event_type = ""\n        self._retry = None\n        self._fresh = True\n        return event', "        self._retry = None\n        self._fresh = True\n        return event")),
    _bug("a dispatch does not reset the id", _SSE, ("        self._fresh = True\n        return event", '        self._fresh = True\n        self._id = ""\n        return event')),
    _bug("what no blank line has closed is discarded at the end", _SSE, ("if not self._dispatch_incomplete:", "if False:")),
    _bug("its id is discarded too", _SSE, ("        if not self._dispatch_incomplete:\n            self._discard()", "        if not self._dispatch_incomplete:\n            self._last_event_id = self._id\n            self._discard()")),
    _bug("an event is delivered by the read that completes it", _SSE, ("        elif 10 in data:\n", '        elif 10 in data and data[-2:] != b"\\n\\n":\n')),
    _bug("a long line over many reads costs linear time", _SSE, ("self._partial += data\n", "self._partial = bytearray(bytes(self._partial) + data)\n"), ("self._partial += buffer[position:]", "self._partial = bytearray(bytes(self._partial) + buffer[position:])")),
    _bug("one byte a read costs linear time", _SSE, ("if len(self._partial) <= self._room:", "if len(bytearray(self._partial)) <= self._room:")),
    _bug("many data lines cost linear time", _SSE, ('self._data += b"\\n" + buffer[position + 6 : end]', 'self._data = bytearray(bytes(self._data) + b"\\n" + buffer[position + 6 : end])'), ("self._data += value\n", "self._data = bytearray(bytes(self._data) + value)\n")),
    _bug("many events in one read cost linear time", _SSE, ("                self._position = after\n", "                self._position, self._buffer = 0, buffer[after:]\n")),
]
"""One for each rule of event streams, as the standard has them."""

TOOL_CALLS = [
    _bug("an index names a slot", _CALLS, ("slot = self._by_index.get(index)", "slot = None")),
    _bug("an index that is absent or null is not 0", _CALLS, ("index = piece.index if piece.index is not None and piece.index >= 0 else None", "index = max(piece.index or 0, 0)")),
    _bug("an index below 0 is none", _CALLS, (" if piece.index is not None and piece.index >= 0 else None", "")),
    _bug("an index with another id begins a call", _CALLS, ("if slot is None or not piece.id or piece.id == slot.id:", "if True:")),
    _bug("an empty id is none", _CALLS, ("if slot is None or not piece.id or piece.id == slot.id:", "if slot is None or piece.id is None or piece.id == slot.id:"), ("        if piece.id:\n            return", "        if piece.id is not None:\n            return")),
    _bug("a known id names its slot", _CALLS, ("return self._by_id.get(piece.id)", "return None")),
    _bug("an unknown id begins a call", _CALLS, ("return self._by_id.get(piece.id)", "return self._by_id.get(piece.id, self._last)")),
    _bug("a delta may hold several calls", _ACCUMULATOR, ("        for piece in pieces:\n", "        for piece in list(pieces)[:1]:\n")),
    _bug("a call may begin without arguments", _ACCUMULATOR, ("if not (piece.id or name or arguments or ", "if not (arguments or ")),
    _bug("a name alone begins a call when the last one is complete", _CALLS, ("or slot.complete):", "or False):")),
    _bug("a name alone begins a call when it is another", _CALLS, ("or name != slot.name", "or False")),
    _bug("a name alone begins a call when the same delta began the last one", _CALLS, ("(self._touched or ", "(False or ")),
    _bug("a name alone continues a call that can go on", _CALLS, ("if name and slot is not None and slot.name and (", "if name and slot is not None and slot.name or (")),
    _bug("what has neither name nor id continues the last call", _CALLS, ("        slot = self._last\n", "        slot = self._last if name else None\n")),
    _bug("a whole call on an index without id begins a call", _CALLS, ("name and _repeats_whole(piece, slot)", "False")),
    _bug("the id of a call that began without one is its own", _CALLS, ("                return slot  # the id of a call that began without one", "                return None")),
    _bug("an id is set once", _CALLS, ("if piece.id and not slot.id:", "if piece.id:"), ("slot.id = piece.id", "slot.id += piece.id")),
    _bug("a name is set once", _ACCUMULATOR, ("if name and not slot.name:", "if name:"), ("slot.name = name", "slot.name += name")),
    _bug("slots keep the order in which they began", _CALLS, ("self.all.append(slot)", "self.all.insert(0, slot)")),
    _bug("a call's place is its own, not the server's index", _CALLS, ("slot = Slot(len(self.all))", "slot = Slot(index or 0)")),
    _bug("arguments are appended in the order in which they come", _CALLS, ("self._arguments.write(text)", "self._arguments.seek(0)\n        self._arguments.write(text)")),
    _bug("arguments that are an object become its JSON", _QUIRKS, ("if isinstance(arguments, (dict, list)):", "if isinstance(arguments, list):")),
    _bug("arguments that are an array become its JSON", _QUIRKS, ("if isinstance(arguments, (dict, list)):", "if isinstance(arguments, dict):")),
    _bug("a piece that says nothing means no call", _ACCUMULATOR, ("continue  # says nothing, so no call is meant", "pass")),
]
"""One for each rule of tool calls, and for each variant of them on the wire."""
# fmt: on

BUGS = {"event streams": EVENT_STREAMS, "tool calls": TOOL_CALLS}

_LATE = "tests/trust/test_survivors.py"
TESTS = {
    _SSE: ["tests/sse/test_decoder.py", "tests/sse/test_properties.py", _LATE],
    _CALLS: ["tests/chat/test_tool_calls.py", "tests/dialects/test_quirks.py", _LATE],
    _ACCUMULATOR: ["tests/chat/test_tool_calls.py", "tests/chat/test_accumulator.py", "tests/dialects/test_quirks.py"],
    _QUIRKS: ["tests/dialects/test_openai_chat.py", "tests/dialects/test_quirks.py"],
    _SOURCES: ["tests/sources/test_sources.py"],
}


def caught_by(bug: Bug) -> str | None:
    """The test that notices; `None` if none does.

    Raises:
        ValueError: The bug finds no place in the source.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / "sse_stream", copy / "sse_stream", ignore=ignored)
        shutil.copytree(PROJECT / "tests", copy / "tests", ignore=ignored)
        shutil.copy(PROJECT / "pyproject.toml", copy)
        file = copy / "sse_stream" / bug.file
        source = file.read_text(encoding="utf-8")
        for old, new in bug.edits:
            if old not in source:
                raise ValueError(f"{bug.file} does not hold {old!r}")
            source = source.replace(old, new)
        file.write_text(source, encoding="utf-8")
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("SSE_STREAM_CORPUS", None)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--assert=plain", "--tb=no", *TESTS[bug.file]]
        try:
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=300
            )
        except subprocess.TimeoutExpired:
            return "a test that does not end"
        if done.returncode == 0:
            return None
        failed = re.search(r"^(?:FAILED|ERROR) (\S+::[^\n]*?)(?: - .*)?$", done.stdout, re.MULTILINE)
        if failed is None:
            raise ValueError(f"the tests do not run: {done.stdout[-500:]}")
        return failed[1].removeprefix("tests/")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.bugs", description=__doc__.partition("\n")[0])
    parser.add_argument("rules", metavar="PART OF A RULE", nargs="*")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    chosen = {
        part: [bug for bug in bugs if not options.rules or any(said in bug.rule for said in options.rules)]
        for part, bugs in BUGS.items()
    }

    def outcome(bug: Bug) -> tuple[bool, str]:
        try:
            test = caught_by(bug)
        except ValueError as error:
            return False, f"NOT PLACED: {error}"
        return test is not None, test or "NOT CAUGHT"

    caught: Counter[str] = Counter()
    with ThreadPoolExecutor(options.jobs) as pool:
        for part, bugs in chosen.items():
            print(f"{part}:")
            for bug, (good, said) in zip(bugs, pool.map(outcome, bugs), strict=True):
                caught[part] += good
                print(f"  {bug.rule:82}  {said}", flush=True)
    for part, bugs in chosen.items():
        print(f"{part}: {caught[part]} of {len(bugs)} are caught")
    return 0 if caught.total() == sum(map(len, chosen.values())) else 1


if __name__ == "__main__":
    sys.exit(main())
