"""A bug for each rule of event streams, as the standard has them."""

from __future__ import annotations

from .bug import Subject, bug

_PARSER = "_sse/_parser.py"
_INPUT = "_sse/_input.py"
_SSE = "_sse/_decoder.py"
_SOURCES = "_sources/_sync_clients.py"

# Where what was read is freed of all ends of lines but one.
_CR = "        if 13 in data:\n            # A CR"

# fmt: off
_BUGS = [
    bug("always UTF-8", _PARSER, ("            return data.decode()\n", '            return data.decode("latin-1")\n')),
    bug("UTF-8 whatever charset= says", _SOURCES, ("response.iter_bytes()", "map(str.encode, response.iter_text())")),
    bug("malformed UTF-8 becomes U+FFFD", _PARSER, ('text = data.decode("utf-8", "replace")', 'text = data.decode("utf-8", "ignore")')),
    bug("malformed UTF-8 never raises", _PARSER, ('text = data.decode("utf-8", "replace")', "text = data.decode()")),
    bug("a BOM at byte 0 is removed", _INPUT, ("data = data.removeprefix(_BOM)", "pass")),
    bug(
        "a BOM that comes in pieces is removed",
        _INPUT,
        ("if len(data) < len(_BOM) and _BOM.startswith(data):", "if not data:"),
    ),
    bug(
        "one BOM is removed, not two",
        _INPUT,
        ("data = data.removeprefix(_BOM)", "data = data.removeprefix(_BOM).removeprefix(_BOM)"),
    ),
    bug(
        "a BOM is removed at byte 0 only",
        _INPUT,
        ("line = buffer[start:end]", 'line = buffer[start:end].removeprefix(b"\\xef\\xbb\\xbf")'),
    ),
    bug("CRLF ends one line", _INPUT, ('data = data.replace(b"\\r\\n", b"\\n")', "pass")),
    bug("CR ends a line", _INPUT, ('data = data.replace(b"\\r", b"\\n")', "pass")),
    bug("LF ends a line", _INPUT, (_CR, '        data = data.replace(b"\\n", b"")\n' + _CR)),
    bug("a CR at the end of a read takes the LF that follows", _INPUT, ("self._skip_lf = True", "self._skip_lf = False")),
    bug(
        "a CR at the end of a read takes one LF, and only an LF that follows at once",
        _INPUT,
        ("            self._skip_lf = False\n            data = data.removeprefix", "            data = data.removeprefix"),
    ),
    bug("a CR at the end of a read ends its line at once", _INPUT,
         ("                self._skip_lf = True\n", '                self._head, data = b"\\r", data[:-1]\n')),
    *(
        bug(f"{name} ends no line", _INPUT, (_CR, f"        data = data.replace({character.encode()!r}, b'\\n')\n" + _CR))
        for name, character in {"VT": "\v", "FF": "\f", "U+0085": "\x85", "U+2028": "\u2028", "U+2029": "\u2029"}.items()
    ),
    bug("a blank line dispatches", _PARSER, ("            return self._dispatch()\n", "            return None\n")),
    bug("a comment says nothing", _PARSER, ("        if line[0] == 58:\n", "        if line[0] == 58 and len(line) < 5:\n")),
    bug("exactly one space is dropped", _PARSER, ('value = value.removeprefix(b" ")', 'value = value.lstrip(b" ")'),
         ('start = 6 if line[5:6] == b" " else 5', 'start = len(line) - len(line[5:].lstrip(b" "))')),
    bug("no tab is dropped", _PARSER, ('start = 6 if line[5:6] == b" " else 5', 'start = 6 if line[5:6] in (b" ", b"\\t") else 5')),
    bug("a space is dropped", _PARSER, ('start = 6 if line[5:6] == b" " else 5', "start = 5")),
    bug("the first colon parts name and value", _PARSER, ('name, _, value = line.partition(b":")', 'name, _, value = line.rpartition(b":")')),
    bug("a line without colon is a name", _PARSER, ('name, _, value = line.partition(b":")', 'name, colon, value = line.partition(b":")\n        name = name if colon else b""')),
    bug("names compare literally", _PARSER, ('name, _, value = line.partition(b":")', 'name, _, value = line.lower().partition(b":")')),
    bug("the last event type wins", _PARSER, ("self._event_type = self.decoded(value)", "self._event_type = self._event_type or self.decoded(value)")),
    bug("data lines are joined by LF", _PARSER, ('            self._data += b"\\n"\n', "")),
    bug("an id with NUL is ignored", _PARSER, ("if 0 not in value:", "if True:")),
    bug("retry takes no sign and no space", _PARSER, ("if value.isdigit() and", "if value.strip().lstrip(b'-+').isdigit() and"),
         ('int(digits or b"0")', "int(value)")),
    bug("retry takes no underscore", _PARSER, ("if value.isdigit() and", "if value.replace(b'_', b'').isdigit() and")),
    bug("retry takes no full-width digits", _PARSER, ("if value.isdigit() and", "if value.decode('utf-8', 'replace').isdecimal() and"), ('int(digits or b"0")', 'int(digits.decode() or "0")')),
    bug("retry is the reconnection time", _PARSER, ("self._retry = self.retry = int", "self._retry = int")),
    bug("retry may have leading zeros", _PARSER, ("if value.isdigit() and", "if value.isdigit() and not value.startswith(b'0') and")),
    bug("an unknown field is ignored", _PARSER, ("            case _:\n", '            case b"dat":\n                return self._add_data(value)\n            case _:\n')),
    bug(
        "a blank line sets the last event ID even when nothing is dispatched",
        _PARSER,
        ("        self.last_event_id = self._id\n", "        self.last_event_id = self._id if self._data_lines else self.last_event_id\n"),
    ),
    bug("a block without data resets the type", _PARSER, ("        self.discard()\n        return event", "        if event is not None:\n            self.discard()\n        self.between_events = True\n        return event")),
    bug("a block without data dispatches nothing", _PARSER, ("        if self._data_lines:\n            data = ", "        if self._data_lines or self._event_type:\n            data = ")),
    bug("an empty data line is data", _PARSER, ("        if self._data_lines:\n            data = ", "        if self._data:\n            data = ")),
    bug("one trailing LF is dropped from the data, and no more", _PARSER, ("            data = self.decoded(self._data)\n", '            data = self.decoded(self._data).rstrip("\\n")\n')),
    bug("the type is message where none was named", _PARSER, ('ServerSentEvent(data, self._event_type or "message"', "ServerSentEvent(data, self._event_type")),
    bug("a dispatch resets the data", _PARSER, ('        self._data = b""\n        self._data_lines = 0\n        self.room = self._limit\n', "        self._data_lines = 0\n        self.room = self._limit\n"),
         ("        if self._data_lines == 0:\n", "        if self._data_lines == 0 and not self._data:\n"),
         ("                self._data_lines = 0\n", '                self._data_lines, self._data = 0, b""\n')),
    bug("a dispatch resets the type", _PARSER, ('        self._event_type = ""\n        self._retry = None\n        self._has_id', "        self._retry = None\n        self._has_id")),
    bug("a dispatch does not reset the id", _PARSER, ("        self.discard()\n        return event", '        self.discard()\n        self._id = ""\n        return event')),
    bug("a name stays with its event", _PARSER, ('self.decoded(name) if name else "message"', "self.decoded(name) if name else self.plain_name")),
    bug("a name does not stay for an event that is all of its read", _PARSER, ('            self.plain_name = "message"\n', "")),
    bug("what no blank line has closed is discarded at the end", _SSE, ("if dispatch_incomplete else parser.discard", "if True else parser.discard")),
    bug("its id is discarded too", _PARSER, ('        self.partial = bytearray()\n        self._data = b""', '        self.last_event_id = self._id\n        self.partial = bytearray()\n        self._data = b""')),
    bug("an event is delivered by the read that completes it", _INPUT, ("        if self.buffer:\n            if data:\n", '        if data[-2:] == b"\\n\\n":\n            self._head, data, self.takes_as_is = b"\\n", data[:-1], False\n        if self.buffer:\n            if data:\n')),
    bug("a read that holds more than one event gives each of them", _PARSER,
         ("10 not in (data := buffer[6:-2]):", "(data := buffer[6:-2]) is not None:")),
    bug("an event that is all of its read leaves the reads after it", _PARSER,
         ('self.buffer = self.later.popleft() if self.later else b""', 'self.buffer = b""')),
    bug("an event that is all of its read counts towards the limit", _PARSER, ("if len(buffer) - len(PLAIN_END) > self._limit:", "if False:")),
    bug("bytes that end no line count towards the limit", _INPUT,
         ("elif 10 in data or len(self.partial) + len(data) > self.room:", "elif 10 in data:")),
    bug("a long line over many reads costs linear time", _INPUT, ("self.partial += data", "self.partial = bytearray(bytes(self.partial) + data)")),
    bug("a long line over many reads that wait costs linear time", _INPUT, ("self.partial += buffer[start:]", "self.partial = bytearray(bytes(self.partial) + buffer[start:])")),
    bug("one byte per read costs linear time", _INPUT, ("len(self.partial) + len(data) > self.room", "len(bytearray(self.partial)) + len(data) > self.room")),
    bug("many data lines cost linear time", _PARSER, ("            self._data += value\n", "            self._data = bytearray(bytes(self._data) + value)\n")),
    bug("many events in one read cost linear time", _INPUT, ("        if end < len(self.buffer):\n            self.position = end\n", "        if end < len(self.buffer):\n            self.position, self.buffer = 0, self.buffer[end:]\n")),
    bug("many lines in one read cost linear time", _INPUT, ("                    self.position = end\n", "                    self.position, self.buffer = 0, buffer[end:]\n")),
]
# fmt: on

_TESTS = ["tests/sse/test_decoder.py", "tests/sse/test_properties.py", "tests/trust/test_survivors.py"]

EVENT_STREAMS = Subject(
    _BUGS,
    {
        _PARSER: _TESTS,
        _INPUT: _TESTS,
        _SSE: _TESTS,
        _SOURCES: ["tests/sources/test_sources.py"],
    },
)
