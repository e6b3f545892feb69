"""Rules about the framing of an event stream, and about the JSON in it."""

from __future__ import annotations

from ._rule import Rule

_PARSING = "HTML Standard, 9.2.5 Parsing an event stream"
_INTERPRETING = "HTML Standard, 9.2.6 Interpreting an event stream"
_JSON = "RFC 8259, The JSON data interchange format"

SSE_RULES = (
    Rule(
        "SSE001",
        "invalid_utf8",
        "error",
        "bytes are not UTF-8",
        "The openai and anthropic SDKs and sseclient-py raise UnicodeDecodeError, and the rest of the answer is lost; "
        "others show U+FFFD in place of the text.",
        _PARSING,
    ),
    Rule(
        "SSE002",
        "byte_order_mark",
        "warning",
        "the stream begins with a byte order mark",
        "It is allowed, but the openai and anthropic SDKs, httpx-sse, httpx2 and sseclient-py lose the first event.",
        _PARSING,
        is_forbidden=False,
    ),
    Rule(
        "SSE003",
        "cr_line_ends",
        "warning",
        "lines end with a bare CR",
        "It is allowed, but line readers of sockets and of asyncio split at LF only and see one endless line.",
        _PARSING,
        is_forbidden=False,
    ),
    Rule(
        "SSE004",
        "mixed_line_ends",
        "note",
        "lines end in more than one way",
        "It is allowed, but clients that look for one kind of blank line miss the others and join two events.",
        _PARSING,
        is_forbidden=False,
    ),
    Rule(
        "SSE005",
        "keepalive_as_data",
        "error",
        "a keep-alive is an event with data instead of a comment",
        "Every client delivers it as an event: openai-python raises JSONDecodeError, or TypeError where it is JSON. "
        "Send a comment, a line that begins with a colon.",
        "HTML Standard, 9.2.7 Authoring notes",
    ),
    Rule(
        "SSE006",
        "events_run_together",
        "error",
        "no blank line separates events",
        "To the standard they are one event: openai-python, httpx-sse and every other conforming client raise "
        "JSONDecodeError.",
        _INTERPRETING,
    ),
    Rule(
        "SSE007",
        "unterminated_event",
        "warning",
        "the last event has no blank line after it",
        "The standard discards it, and so do browsers, the openai and anthropic SDKs and httpx-sse: its content is lost.",
        _INTERPRETING,
    ),
    Rule(
        "SSE008",
        "interrupted_event",
        "error",
        "an event was written into the middle of another",
        "The two are one event of broken JSON: openai-python raises JSONDecodeError and the error is not seen.",
        _INTERPRETING,
    ),
    Rule(
        "SSE009",
        "unframed_json",
        "error",
        "JSON or [DONE] came without data: before it",
        "The standard ignores such lines: clients drop the object in silence. openai-python reports a complete answer.",
        _INTERPRETING,
    ),
    Rule(
        "SSE010",
        "error_field",
        "error",
        "an error was sent in a field called error",
        "The standard ignores unknown fields: openai-python and httpx-sse end as if the answer were complete, and the "
        "error is never seen.",
        _INTERPRETING,
    ),
    Rule(
        "SSE011",
        "misspelled_field",
        "error",
        "a field's name has spaces, capitals or a byte order mark in it",
        "Names compare literally, so the line is ignored and its content is lost.",
        _INTERPRETING,
    ),
    Rule(
        "SSE012",
        "unknown_field",
        "note",
        "a field is none of data, event, id and retry",
        "Clients ignore the line. It costs bytes and nobody sees it.",
        _INTERPRETING,
        is_forbidden=False,
    ),
    Rule(
        "SSE013",
        "dataless_event",
        "warning",
        "a block sets an event, an id or a reconnection time and has no data",
        "The standard dispatches nothing. The openai and anthropic SDKs, httpx-sse and httpx2 dispatch an empty event, "
        "which then raises JSONDecodeError.",
        _INTERPRETING,
        is_forbidden=False,
    ),
    Rule(
        "SSE014",
        "ignored_id",
        "warning",
        "an id holds U+0000",
        "The standard ignores such an id: a client that reconnects resumes from an earlier event.",
        _INTERPRETING,
    ),
    Rule(
        "SSE015",
        "ignored_retry",
        "warning",
        "a reconnection time is not made of ASCII digits",
        "The standard ignores it; clients that call int() raise, or take a time that was not meant.",
        _INTERPRETING,
    ),
    Rule(
        "SSE016",
        "line_separator_in_data",
        "warning",
        "data holds a character at which text readers split lines",
        "Only CR and LF end a line of an event stream. httpx's iter_lines() and Python's splitlines() split at U+2028, "
        "U+2029, U+0085, VT, FF and others too, and cut the JSON in two. Escape the character in JSON.",
        _PARSING,
        is_forbidden=False,
    ),
    Rule(
        "SSE017",
        "long_line",
        "note",
        "a line is longer than 64 KiB",
        "asyncio's StreamReader.readline() raises above 64 KiB by default, and other line readers have bounds like it.",
        _PARSING,
        is_forbidden=False,
    ),
    Rule(
        "SSE018",
        "no_space_after_colon",
        "note",
        "data: is not followed by a space",
        'It is allowed, but loops that look for "data: " skip the line and lose the event.',
        _INTERPRETING,
        is_forbidden=False,
    ),
)

JSON_RULES = (
    Rule(
        "JSON001",
        "undecodable",
        "error",
        "data is not JSON",
        "Clients raise JSONDecodeError, and the rest of the answer is lost.",
        _JSON,
    ),
    Rule(
        "JSON002",
        "loose_json",
        "error",
        "JSON holds NaN, Infinity or raw control characters",
        "JSON.parse in JavaScript and most parsers outside Python raise; Python's json.loads accepts NaN only.",
        _JSON,
    ),
    Rule(
        "JSON003",
        "duplicate_key",
        "warning",
        "a JSON object has the same key twice",
        "Parsers differ: most keep the last value, some the first, and strict ones raise.",
        "RFC 8259, 4 Objects",
    ),
    Rule(
        "JSON004",
        "split_surrogate",
        "warning",
        "the halves of a surrogate pair came in two deltas",
        "Clients that print each delta raise UnicodeEncodeError or show U+FFFD twice. Send whole characters.",
        "RFC 8259, 8.2 Unicode characters",
        is_forbidden=False,
    ),
    Rule(
        "JSON005",
        "lone_surrogate",
        "error",
        "half of a surrogate pair came without the other half",
        "The text cannot be encoded: printing or storing it raises UnicodeEncodeError in Python.",
        "RFC 8259, 8.2 Unicode characters",
    ),
)
