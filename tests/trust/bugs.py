"""Deliberate bugs in the rules for event streams, tool calls, reading and repeated text: does a test fail for each?

    python -m tests.trust.bugs [PART OF A RULE …] [--jobs 2]

Puts each bug into a copy of the project, and runs the tests of the changed file there until one fails. Prints that
test. The exit status is 1 if a bug goes unnoticed, or its place is not found in the source.
"""

from __future__ import annotations

import argparse
import functools
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
        edits: What stands there, once, and what stands there instead.
    """

    rule: str
    file: str
    edits: tuple[tuple[str, str], ...]


def _bug(rule: str, file: str, *edits: tuple[str, str]) -> Bug:
    return Bug(rule, file, edits)


# Where what was read is freed of all ends of lines but one.
_CR = "        if 13 in data:\n            # A CR"


_PARSER = "_sse/_parser.py"
_INPUT = "_sse/_input.py"
_SSE = "_sse/_decoder.py"
_CALLS = "_chat/_tool_calls.py"
_SLOT = "_chat/_slot.py"
_CALL_STATES = "_chat/_call_states.py"
_BRACKETS = "_json/_brackets.py"
_BUILDER = "_chat/_builder.py"
_READER = "_decoding/_reader.py"
_STATE = "_decoding/_chat_state.py"
_ITEMS = "_decoding/_items.py"
_STATES = "_decoding/_states.py"
_SHORTCUT = "_decoding/_shortcut.py"
_QUIRKS = "dialects/_quirks.py"
_SOURCES = "_sources/_sync_clients.py"

# fmt: off
EVENT_STREAMS = [
    _bug("always UTF-8", _PARSER, ("            return data.decode()\n", '            return data.decode("latin-1")\n')),
    _bug("UTF-8 whatever charset= says", _SOURCES, ("response.iter_bytes()", "map(str.encode, response.iter_text())")),
    _bug("malformed UTF-8 becomes U+FFFD", _PARSER, ('text = data.decode("utf-8", "replace")', 'text = data.decode("utf-8", "ignore")')),
    _bug("malformed UTF-8 never raises", _PARSER, ('text = data.decode("utf-8", "replace")', "text = data.decode()")),
    _bug("a BOM at byte 0 is removed", _INPUT, ("data = data.removeprefix(_BOM)", "pass")),
    _bug(
        "a BOM that comes in pieces is removed",
        _INPUT,
        ("if len(data) < len(_BOM) and _BOM.startswith(data):", "if not data:"),
    ),
    _bug(
        "one BOM is removed, not two",
        _INPUT,
        ("data = data.removeprefix(_BOM)", "data = data.removeprefix(_BOM).removeprefix(_BOM)"),
    ),
    _bug(
        "a BOM is removed at byte 0 only",
        _PARSER,
        ("line: bytes | bytearray = buffer[start:end]", 'line: bytes | bytearray = buffer[start:end].removeprefix(b"\\xef\\xbb\\xbf")'),
    ),
    _bug("CRLF ends one line", _INPUT, ('data = data.replace(b"\\r\\n", b"\\n")', "pass")),
    _bug("CR ends a line", _INPUT, ('data = data.replace(b"\\r", b"\\n")', "pass")),
    _bug("LF ends a line", _INPUT, (_CR, '        data = data.replace(b"\\n", b"")\n' + _CR)),
    _bug("a CR at the end of a read takes the LF that follows", _INPUT, ("self._skip_lf = True", "self._skip_lf = False")),
    _bug(
        "a CR at the end of a read takes one LF, and only an LF that follows at once",
        _INPUT,
        ("            self._skip_lf = False\n            data = data.removeprefix", "            data = data.removeprefix"),
    ),
    _bug("a CR at the end of a read ends its line at once", _INPUT,
         ("                self._skip_lf = True\n", '                self._head, data = b"\\r", data[:-1]\n')),
    *(
        _bug(f"{name} ends no line", _INPUT, (_CR, f"        data = data.replace({character.encode()!r}, b'\\n')\n" + _CR))
        for name, character in {"VT": "\v", "FF": "\f", "U+0085": "\x85", "U+2028": "\u2028", "U+2029": "\u2029"}.items()
    ),
    _bug("a blank line dispatches", _PARSER, ("            return self._dispatch()\n", "            return None\n")),
    _bug("a comment says nothing", _PARSER, ('            case b"":\n', '            case b"" if len(value) < 3:\n')),
    _bug("exactly one space is dropped", _PARSER, ('value = value.removeprefix(b" ")', 'value = value.lstrip(b" ")'),
         ('start = 6 if line[5:6] == b" " else 5', 'start = len(line) - len(line[5:].lstrip(b" "))')),
    _bug("no tab is dropped", _PARSER, ('start = 6 if line[5:6] == b" " else 5', 'start = 6 if line[5:6] in (b" ", b"\\t") else 5')),
    _bug("a space is dropped", _PARSER, ('start = 6 if line[5:6] == b" " else 5', "start = 5")),
    _bug("the first colon parts name and value", _PARSER, ('name, _, value = line.partition(b":")', 'name, _, value = line.rpartition(b":")')),
    _bug("a line without colon is a name", _PARSER, ('name, _, value = line.partition(b":")', 'name, colon, value = line.partition(b":")\n        name = name if colon else b""')),
    _bug("names compare literally", _PARSER, ('name, _, value = line.partition(b":")', 'name, _, value = line.lower().partition(b":")')),
    _bug("the last event type wins", _PARSER, ("self._event_type = self.decoded(value)", "self._event_type = self._event_type or self.decoded(value)")),
    _bug("data lines are joined by LF", _PARSER, ('            self._data += b"\\n"\n', "")),
    _bug("an id with NUL is ignored", _PARSER, ("if 0 not in value:", "if True:")),
    _bug("retry takes no sign and no space", _PARSER, ("if value.isdigit() and", "if value.strip().lstrip(b'-+').isdigit() and"),
         ('int(digits or b"0")', "int(value)")),
    _bug("retry takes no underscore", _PARSER, ("if value.isdigit() and", "if value.replace(b'_', b'').isdigit() and")),
    _bug("retry takes no full-width digits", _PARSER, ("if value.isdigit() and", "if value.decode('utf-8', 'replace').isdecimal() and"), ('int(digits or b"0")', 'int(digits.decode() or "0")')),
    _bug("retry is the reconnection time", _PARSER, ("self._retry = self.retry = int", "self._retry = int")),
    _bug("retry may have leading zeros", _PARSER, ("if value.isdigit() and", "if value.isdigit() and not value.startswith(b'0') and")),
    _bug("an unknown field is ignored", _PARSER, ("            case _:\n", '            case b"dat":\n                return self._add_data(value)\n            case _:\n')),
    _bug(
        "a blank line sets the last event ID even when nothing is dispatched",
        _PARSER,
        ("        self.last_event_id = self._id\n", "        self.last_event_id = self._id if self._data_lines else self.last_event_id\n"),
    ),
    _bug("a block without data resets the type", _PARSER, ("        self.discard()\n        return event", "        if event is not None:\n            self.discard()\n        self.between_events = True\n        return event")),
    _bug("a block without data dispatches nothing", _PARSER, ("        if self._data_lines:\n            data = ", "        if self._data_lines or self._event_type:\n            data = ")),
    _bug("an empty data line is data", _PARSER, ("        if self._data_lines:\n            data = ", "        if self._data:\n            data = ")),
    _bug("one trailing LF is dropped from the data, and no more", _PARSER, ("            data = self.decoded(self._data)\n", '            data = self.decoded(self._data).rstrip("\\n")\n')),
    _bug("the type is message where none was named", _PARSER, ('ServerSentEvent(data, self._event_type or "message"', "ServerSentEvent(data, self._event_type")),
    _bug("a dispatch resets the data", _PARSER, ('        self._data = b""\n        self._data_lines = 0\n        self._room = self._limit\n', "        self._room = self._limit\n")),
    _bug("a dispatch resets the type", _PARSER, ('        self._event_type = ""\n        self._retry = None\n        self.between', "        self._retry = None\n        self.between")),
    _bug("a dispatch does not reset the id", _PARSER, ("        self.discard()\n        return event", '        self.discard()\n        self._id = ""\n        return event')),
    _bug("a name stays with its event", _PARSER, ("        self.plain_name = name\n", '        self.plain_name = name if name != "message" else self.plain_name\n')),
    _bug("what no blank line has closed is discarded at the end", _SSE, ("if dispatch_incomplete else parser.discard", "if True else parser.discard")),
    _bug("its id is discarded too", _PARSER, ('        self._partial = bytearray()\n        self._data = b""', '        self.last_event_id = self._id\n        self._partial = bytearray()\n        self._data = b""')),
    _bug("an event is delivered by the read that completes it", _INPUT, ("        if not self.buffer:\n            self.buffer = data\n", '        if data[-2:] == b"\\n\\n":\n            self._head, data, self.takes_as_is = b"\\n", data[:-1], False\n        if not self.buffer:\n            self.buffer = data\n')),
    _bug("a long line over many reads costs linear time", _PARSER, ("self._partial += buffer[start:] if start else buffer", "self._partial = bytearray(bytes(self._partial) + buffer[start:])")),
    _bug("one byte a read costs linear time", _PARSER, ("if len(self._partial) > self._room:", "if len(bytearray(self._partial)) > self._room:")),
    _bug("many data lines cost linear time", _PARSER, ("            self._data += value\n", "            self._data = bytearray(bytes(self._data) + value)\n")),
    _bug("many events in one read cost linear time", _INPUT, ("            self.position = end\n", "            self.position, self.buffer = 0, self.buffer[end:]\n")),
]
"""One for each rule of event streams, as the standard has them."""

TOOL_CALLS = [
    # Which call is c.
    _bug("an index names a call", _CALLS, ("self._last if index is None else self._by_index.get(index)", "self._last")),
    _bug("an index that is absent or null is not 0", _CALLS, ("index = piece.index if piece.index is not None and piece.index >= 0 else None", "index = max(piece.index or 0, 0)")),
    _bug("an index below 0 is none", _CALLS, (" and piece.index >= 0 else None", " else None")),
    _bug("an index that is none is told", _CALLS, ('            self._note("missing_call_index", f"index: {piece.index!r}")\n', "            pass\n")),
    _bug("without a call at its index, the id names the call", _CALLS, ("(current is None or (index is None and piece.id != current.id))", "index is None and current is not None and piece.id != current.id")),
    _bug("without an index, the id names the call", _CALLS, ("(current is None or (index is None and piece.id != current.id))", "current is None")),
    _bug("without an index and an id, it is the last call", _CALLS, ("        current = self._last if index is None", "        current = None if index is None")),
    _bug("an index follows the call that begins with it", _CALLS, ("            self._by_index[index] = slot\n", "            self._by_index.setdefault(index, slot)\n")),
    # The rows of the rule.
    _bug("a known id is the call with it, whatever the index", _CALLS, ("            if known is not None:\n                return known\n", "")),
    _bug("an id that is empty, or none, is no other id", _CALLS, ("if call_id and call_id != call.id:", "if call_id != call.id:")),
    _bug("another id and name begin a call", _CALLS, ("if function.name != call.name or call.complete or begins:", "if False:")),
    _bug("another id and another name begin a call, whatever the arguments", _CALLS, ("if function.name != call.name or call.complete or begins:", "if call.complete or begins:")),
    _bug("another id and the same name begin a call behind a closed one", _CALLS, ("if function.name != call.name or call.complete or begins:", "if function.name != call.name or begins:")),
    _bug("another id and the same name begin a call with what may begin an object", _CALLS, ('begins = not said or (function.arguments or "").lstrip().startswith("{")', "begins = not said")),
    _bug("white space may stand before an object", _CALLS, ('(function.arguments or "").lstrip().startswith("{")', '(function.arguments or "").startswith("{")')),
    _bug("another id and the same name begin a call with blank arguments", _CALLS, ('begins = not said or (function.arguments or "")', 'begins = (function.arguments or "")')),
    _bug("another id and the same name go on with what begins no object", _CALLS, ('begins = not said or (function.arguments or "").lstrip().startswith("{")', "begins = True")),
    _bug("another id alone goes on with an open call", _CALLS, ("        elif call.complete:\n            if said:", "        else:\n            if said:")),
    _bug("another id with arguments begins a call behind a closed one", _CALLS, ("            if said:\n                return None\n", "")),
    _bug("a bare id behind a closed call waits", _CALLS, ("            call.next_id = call_id\n            return call\n", "            return None\n")),
    _bug("a bare id is that of the piece that begins a call", _CALLS, ("            call.next_id = call_id\n", "")),
    _bug("another id is told", _CALLS, ('        self._note("call_id_changed", f"{call_id!r} after {call.id!r}")\n', "")),
    _bug("another name without an index begins a call", _CALLS, ("if index is None or call.complete:", "if call.complete:")),
    _bug("another name begins a call behind a closed one", _CALLS, ("if index is None or call.complete:", "if index is None:")),
    _bug("another name goes on with an open call", _CALLS, ("if index is None or call.complete:", "if True:")),
    _bug("another name is told", _CALLS, ('            self._note("call_name_changed", f"{name!r} after {call.name!r}")\n', "")),
    _bug("where nothing is counted, the name begins a call behind a closed one", _CALLS, ("if not call_id and not call.id and call.complete and _is_said(arguments):", "if False:")),
    _bug("where nothing is counted, a call that has an id goes on", _CALLS, ("not call_id and not call.id and call.complete and", "not call_id and call.complete and")),
    _bug("where nothing is counted, an open call goes on", _CALLS, ("not call.id and call.complete and _is_said", "not call.id and _is_said")),
    _bug("where nothing is counted, blank arguments go on", _CALLS, (" and _is_said(arguments):", ":")),
    _bug("a name alone begins a call behind a closed one", _CALLS, ("(call.complete or call.touched == self._delta)", "call.touched == self._delta")),
    _bug("a name alone begins a call behind one in the same delta", _CALLS, ("(call.complete or call.touched == self._delta)", "call.complete")),
    _bug("a name alone goes on with an open call", _CALLS, ("index is None and (call.complete or call.touched == self._delta):", "index is None:")),
    _bug("a name with an index is not alone", _CALLS, ("if not call_id and index is None and (", "if not call_id and (")),
    _bug("a name with an id is not alone", _CALLS, ("if not call_id and index is None and (", "if index is None and (")),
    # Ids, names and places.
    _bug("a call that began without an id takes the first", _CALLS, ("elif call_id and not slot.id:", "elif False:")),
    _bug("a closed call does not take the id of the next", _CALLS, ("            if name and call.name and call.complete:\n                return None\n", "")),
    _bug("an open call takes an id that comes with its name", _CALLS, ("if name and call.name and call.complete:", "if name and call.name:")),
    _bug("an id is set once", _CALLS, ("elif call_id and not slot.id:", "elif call_id:")),
    _bug("a call without an id is told", _CALLS, ('            self._note("missing_call_id", f"call {slot.index}")\n', "            pass\n")),
    _bug("a name is set once", _CALL_STATES, ("        if function.name and not slot.name:\n            slot.name = ", "        if function.name:\n            slot.name += ")),
    _bug("calls keep the order in which they began", _CALLS, ("self.all.append(slot)", "self.all.insert(0, slot)")),
    _bug("a call's place is its own", _CALLS, ("slot = Slot(len(self.all))", "slot = Slot(0)")),
    _bug("a custom tool's name and input are name and arguments", _CALLS, ("ChoiceDeltaFunctionCall(name=custom.name, arguments=custom.input, extra=custom.extra)", "ChoiceDeltaFunctionCall(name=custom.name, extra=custom.extra)")),
    _bug("a call of a custom tool is one", _CALLS, ('            slot.kind = "custom"\n        self._last = slot\n        slot.touched', "            pass\n        self._last = slot\n        slot.touched")),
    _bug("a delta may hold several calls", _CALL_STATES, ("        for piece in pieces:\n", "        for piece in list(pieces)[:1]:\n")),
    _bug("an id alone says something", _CALL_STATES, ("if not (piece.id or piece.extra", "if not (piece.extra")),
    _bug("a piece that says nothing means no call", _CALL_STATES, ("                continue  # an empty piece starts no call", "                pass")),
    # When a call is done.
    _bug("a closed call is done when the next one begins", _CALLS, ("if not preceding or not preceding[0].complete:", "if True:")),
    _bug("an open call is not done when the next one begins", _CALLS, ("if not preceding or not preceding[0].complete:", "if not preceding:")),
    _bug("an open call is not done at a finish", _CALL_STATES, ("self._slots.take_open() if at_end else self._slots.take_complete()", "self._slots.take_open()")),
    _bug("a closed call is done at a finish", _CALL_STATES, ("self._slots.take_open() if at_end else self._slots.take_complete()", "self._slots.take_open() if at_end else []")),
    _bug("an open call keeps a stream from being complete without its end mark", _CALLS, ('any(slot.kind == "function" and not slot.complete for slot in self._open)', "False")),
    _bug("a call of a custom tool does not", _CALLS, ('slot.kind == "function" and not slot.complete', "not slot.complete")),
    _bug("arguments are whole when their outermost bracket is closed", _BRACKETS, ("self._depth == 0", "self._depth <= 1")),
    _bug("arguments that go on behind that are not", _BRACKETS, ("self.closed = self._depth == 0", "self.closed = self.closed or self._depth == 0")),
    _bug("a bracket in a string closes nothing", _BRACKETS, ("self._in_string = not self._in_string", "pass")),
    _bug("an escaped quote ends no string", _BRACKETS, ("                position += 1\n", "")),
    _bug("an escape may be cut in two", _BRACKETS, ("self._escaped = position == len(text)", "self._escaped = False")),
    # What of the arguments is new.
    _bug("an empty object at the beginning waits", _SLOT, ("if not self._arguments and _EMPTY_OBJECT.fullmatch(text):", "if False:")),
    _bug("there may be white space in it", _SLOT, ("_EMPTY_OBJECT.fullmatch(text)", 'text == "{}"')),
    _bug("white space behind it waits too", _SLOT, ("if not self._arguments and _EMPTY_OBJECT.fullmatch(text):", "if not self._arguments and not self._held and text.endswith('}') and _EMPTY_OBJECT.fullmatch(text):")),
    _bug("it is dropped if an object follows", _SLOT, ("text = text if dropped else self._held + text", "text = self._held + text")),
    _bug("it is kept if anything else follows", _SLOT, ("            text = text if dropped else self._held + text\n", "")),
    _bug("it is the arguments if nothing follows", _SLOT, ('held, self._held = self._held, ""\n        return', 'held, self._held = "", ""\n        return')),
    _bug("a call with it is closed", _SLOT, ("        if self._held:\n            return True\n", "")),
    _bug("a piece that repeats the id may repeat the arguments", _CALL_STATES, ("bool(piece.id and piece.id == slot.id) or bool(", "bool(")),
    _bug("a piece that repeats the name may repeat the arguments", _CALL_STATES, ("bool(function.name and function.name == slot.name)", "False")),
    _bug("a piece behind whole arguments may repeat them", _SLOT, ("if self._arguments and (is_named or self.complete):", "if self._arguments and is_named:")),
    _bug("any other piece is new, whatever it begins with", _SLOT, ("if self._arguments and (is_named or self.complete):", "if self._arguments:")),
    _bug("of arguments that begin with those that have come, the rest is new", _SLOT, ("return text_of(data[size:])", "return text_of(data)")),
    _bug("the same arguments in another spelling are a repetition", _SLOT, ("self.complete and self._says_the_same(text)", "False")),
    _bug("other arguments are not", _SLOT, ("return bool(decode_json(text) == decode_json(text_of(self._arguments)))", "return True")),
    _bug("a repetition is told", _CALL_STATES, ("                if repeated:\n", "                if False:\n")),
    _bug("the input of a custom tool is no repetition", _SLOT, ('        if self.kind == "custom":\n            return self._append(text), False\n', "")),
    _bug("arguments are appended in the order in which they come", _SLOT, ("        self._arguments += utf8(text)\n", "        self._arguments[:0] = utf8(text)\n")),
    _bug("arguments that are an object become its JSON", _QUIRKS, ("if isinstance(arguments, (dict, list)):", "if isinstance(arguments, list):")),
    _bug("arguments that are an array become its JSON", _QUIRKS, ("if isinstance(arguments, (dict, list)):", "if isinstance(arguments, dict):")),
    # Whole calls in a message.
    _bug("a call in a message is the one with its id", _CALLS, ('self._by_id.get(piece.id or "") or (self.all[place] if', "(self.all[place] if")),
    _bug("a call in a message without a known id is the one at its place", _CALLS, ('self._by_id.get(piece.id or "") or (self.all[place] if place < len(self.all) else None)', 'self._by_id.get(piece.id or "")')),
    _bug("of a call in a message only what has not come is new", _CALL_STATES, ('rest = slot.rest_of(function.arguments or "")', "rest = function.arguments")),
]
"""One for each row of the rule of tool calls, for each rule of arguments, and for each variant of them on the wire."""

READING = [
    _bug("events come before what is decoded next", _READER, ("queue.extendleft(events[:0:-1])", "queue.extend(events[1:])")),
    _bug("the events of a chunk keep their order", _READER, ("queue.extendleft(events[:0:-1])", "queue.extendleft(events[1:])")),
    _bug("a reader of chunks leaves what is left of a chunk that was begun", _READER, ("        place = 0  # the position after the events that stay queued\n", "        queue.clear()\n        place = 0\n")),
    _bug("a reader of chunks takes their events", _READER, ("                self.add(chunk_to_keep(entry))\n                return entry", "                queue.extendleft(reversed(self.add(chunk_to_keep(entry))))\n                return entry")),
    _bug("what a reader of chunks is given is its own", _READER, ("self.add(chunk_to_keep(entry))", "self.add(entry)")),
    _bug("an end is final", _STATES, ("        if after is None:\n            return False\n", ""), ("        self.state = after\n", "        self.state = after or self.state\n")),
    _bug("an error is raised once", _STATE, ("            self._drop(str(error))\n", "            pass\n")),
    _bug("nothing is given after the reader has stopped", _STATE, ("        self.queue.clear()\n", "")),
    _bug("a comment is told in its place", _ITEMS, ("on_comment=lambda text: items.put((Ping(text),))", "on_comment=lambda text: items.entries.appendleft(Ping(text))")),
    _bug("an error comes after what stands before it", _ITEMS, ("self.queue.append(Failure(error))  # queued, so that it is raised after everything before it", "self.queue.appendleft(Failure(error))")),
    _bug("after the end mark an error is none", _STATE, ('if self.state != "done" or isinstance', "if True or isinstance")),
    _bug("strict mode stops at the first anomaly, not at the second", _READER, ("        if self.log.violation is not None:\n            self.check_strictness()\n        items", "        items")),
]
"""One for each rule of taking turns and of ends."""

REPEATED_TEXT = [
    _bug("all before the text is compared", _SHORTCUT, ("if not block.startswith(self._head) or", "if not block.startswith(self._head[:-16]) or")),
    _bug("all behind the text is compared", _SHORTCUT, (" or not block.endswith(self._tail) or", " or")),
    _bug("what stands between is one JSON string", _SHORTCUT, ("text = _decode_text(block[self._start : self._stop])", 'text = block[self._start + 1 : self._stop - 1].decode("utf-8", "replace")')),
    _bug("it is as large as an event may be", _SHORTCUT, (" or len(block) > self._room:", ":")),
    _bug("an empty text is no event", _SHORTCUT, ("        if not text or channel is None:\n", "        if channel is None:\n")),
    _bug("padding is stated", _SHORTCUT, ('        self._builder.set_field("obfuscation", padding)\n', "")),
    _bug("each is counted as a chunk", _SHORTCUT, ("        return self._seen + self._used\n", "        return self._seen\n")),
    _bug("anything else ends it", _STATE, ("        if self.shortcut.channel is not None:\n            self.shortcut.forget()\n        self._chunks_seen", "        self._chunks_seen")),
    _bug("the trial gives the text that was tried", _SHORTCUT, ("if getattr(choice.delta, field) != others[0] or", "if")),
    _bug("a text that is there twice is not replaced", _SHORTCUT, ("if not found or found in rest:", "if not found:")),
    _bug("what does more than append a text is not repeated", _BUILDER, ("state.finish_reason is not None or choice.logprobs", "choice.logprobs")),
    _bug("within an event nothing is compared", _READER, ("                and parser.between_events\n", "")),
]
"""One for each thing that makes the shortcut for repeated text exact. Only the search for differences is asked."""
# fmt: on

BUGS = {
    "event streams": EVENT_STREAMS,
    "tool calls": TOOL_CALLS,
    "reading": READING,
    "repeated text": REPEATED_TEXT,
}

_LATE = "tests/trust/test_survivors.py"
_PIECES = [
    "tests/chat/test_tool_calls.py",
    "tests/dialects/test_meanings.py",
    "tests/dialects/test_quirks.py",
    _LATE,
]
_STREAMS = ["tests/sse/test_decoder.py", "tests/sse/test_properties.py", _LATE]
_TURNS = [
    "tests/trust/test_turns.py",
    "tests/trust/test_regressions.py",
    "tests/decoding/test_decoder.py",
    "tests/trust/test_ways.py",
]
_SEARCH = ["tests/trust/test_shortcut.py"]
TESTS = {
    "event streams": {
        _PARSER: _STREAMS,
        _INPUT: _STREAMS,
        _SSE: _STREAMS,
        _SOURCES: ["tests/sources/test_sources.py"],
    },
    "tool calls": {
        _CALLS: _PIECES,
        _SLOT: _PIECES,
        _CALL_STATES: _PIECES,
        _BRACKETS: _PIECES,
        _QUIRKS: ["tests/dialects/test_openai_chat.py", "tests/dialects/test_quirks.py"],
    },
    "reading": {_READER: _TURNS, _STATE: _TURNS, _ITEMS: _TURNS, _STATES: _TURNS},
    "repeated text": {_SHORTCUT: _SEARCH, _READER: _SEARCH, _STATE: _SEARCH, _BUILDER: _SEARCH},
}
"""The tests that are asked about a bug, by what it is a bug of and by its file."""


def caught_by(bug: Bug, tests: Sequence[str]) -> str | None:
    """The one of these tests that notices; `None` if none does.

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
            if source.count(old) != 1:
                raise ValueError(f"{bug.file} does not hold {old!r} once")
            source = source.replace(old, new)
        file.write_text(source, encoding="utf-8")
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("SSE_STREAM_CORPUS", None)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--assert=plain", "--tb=no", *tests]
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

    def outcome(part: str, bug: Bug) -> tuple[bool, str]:
        try:
            test = caught_by(bug, TESTS[part][bug.file])
        except ValueError as error:
            return False, f"NOT PLACED: {error}"
        return test is not None, test or "NOT CAUGHT"

    asked = {tuple(TESTS[part][bug.file]): bug.file for part, bugs in chosen.items() for bug in bugs}
    for tests, file in asked.items():
        failed = caught_by(Bug("", file, ()), tests)
        if failed is not None:
            print(f"{failed} fails before anything is changed")
            return 1
    caught: Counter[str] = Counter()
    with ThreadPoolExecutor(options.jobs) as pool:
        for part, bugs in chosen.items():
            print(f"{part}:")
            for bug, (good, said) in zip(bugs, pool.map(functools.partial(outcome, part), bugs), strict=True):
                caught[part] += good
                print(f"  {bug.rule:82}  {said}", flush=True)
    for part, bugs in chosen.items():
        print(f"{part}: {caught[part]} of {len(bugs)} are caught")
    return 0 if caught.total() == sum(map(len, chosen.values())) else 1


if __name__ == "__main__":
    sys.exit(main())
