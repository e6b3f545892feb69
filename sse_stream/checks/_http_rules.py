"""Rules about the HTTP response, and about when its bytes arrive."""

from __future__ import annotations

from ._rule import Rule

_MIME = "HTML Standard, 9.2.5 Parsing an event stream: text/event-stream, always UTF-8"
_MESSAGE = "RFC 9112, 6.3 Message body length"
_PERSISTENCE = "RFC 9112, 9.3 Persistence"
_CACHING = "RFC 9111, 5.2.2 Cache-Control response directives"
_AUTHORING = "HTML Standard, 9.2.7 Authoring notes"

HTTP_RULES = (
    Rule(
        "HTTP001",
        "odd_content_type",
        "warning",
        "the content type is not text/event-stream",
        "Browsers' EventSource fails the connection and never reconnects; so do clients that check the type, httpx-sse "
        "among them. The openai and anthropic SDKs do not look.",
        _MIME,
    ),
    Rule(
        "HTTP002",
        "missing_content_type",
        "warning",
        "the response has no content type",
        "Browsers' EventSource fails the connection; clients that check the type refuse the response.",
        _MIME,
    ),
    Rule(
        "HTTP003",
        "odd_charset",
        "warning",
        "the content type names a charset other than UTF-8",
        "An event stream is UTF-8 whatever its label says. Clients that read lines of text, such as httpx's "
        "iter_lines(), obey the label and garble every character outside ASCII.",
        _MIME,
    ),
    Rule(
        "HTTP004",
        "compressed",
        "note",
        "the stream is compressed",
        "A compressor holds text back until it is flushed, so events arrive late or in bursts unless it is flushed "
        "after each; clients that read the raw socket see no events at all.",
        "RFC 9110, 8.4 Content-Encoding",
        is_forbidden=False,
    ),
    Rule(
        "HTTP005",
        "cacheable",
        "note",
        "no Cache-Control header forbids storing the response",
        "A proxy may answer the next request with an old stream, or buffer this one. Send Cache-Control: no-cache.",
        _CACHING,
        is_forbidden=False,
    ),
    Rule(
        "HTTP006",
        "known_length",
        "note",
        "the response states its length before it begins",
        "The length can be known only if the whole body was there first: nothing was streamed.",
        _MESSAGE,
        is_forbidden=False,
    ),
    Rule(
        "HTTP007",
        "unframed_body",
        "warning",
        "the body is neither chunked nor of a stated length, so it ends where the connection ends",
        "A connection that breaks looks like a complete body: no client can tell the two apart except by the end mark.",
        _MESSAGE,
        is_forbidden=False,
    ),
    Rule(
        "HTTP008",
        "connection_not_reused",
        "note",
        "the connection cannot be used again",
        "Each request costs another TCP and TLS handshake, which is added to the time to the first token.",
        _PERSISTENCE,
        is_forbidden=False,
    ),
    Rule(
        "HTTP009",
        "bad_status",
        "error",
        "the status is no success",
        "Every client raises; browsers' EventSource does not reconnect. Nothing of the stream is checked.",
        "RFC 9110, 15 Status codes",
    ),
    Rule(
        "HTTP010",
        "not_a_stream",
        "error",
        "the body is not an event stream",
        "The openai SDK finds no event in it and ends as if an empty answer were complete; others raise.",
        _MIME,
    ),
    Rule(
        "HTTP011",
        "not_streamed",
        "error",
        "the whole answer came as one JSON document, though a stream was asked for",
        "The openai and anthropic SDKs find no event in it and end as if an empty answer were complete.",
        "OpenAI API reference, Chat completions: stream",
    ),
    Rule(
        "HTTP012",
        "connection_broken",
        "error",
        "reading the body failed before the stream was done",
        "The connection broke, the server fell silent, or the body could not be decompressed. Every HTTP client raises, "
        "and what came before is lost unless the program kept it.",
        _MESSAGE,
    ),
)

TIME_RULES = (
    Rule(
        "TIME001",
        "buffered",
        "warning",
        "all events arrived in one read, after half a second or more",
        "Something between the model and the client holds the stream back until it ends: users wait for the whole "
        "answer. Turn off the proxy's buffering (X-Accel-Buffering: no, for nginx) and flush after each event.",
        _AUTHORING,
        is_forbidden=False,
    ),
    Rule(
        "TIME002",
        "long_silence",
        "warning",
        "nothing arrived for more than 15 s, not even a comment",
        "Proxies drop silent connections, and httpx gives up after 5 s by default. The standard advises a comment "
        "every 15 s or so.",
        _AUTHORING,
        is_forbidden=False,
    ),
    Rule(
        "TIME003",
        "late_end",
        "warning",
        "the response ended more than 1 s after the end mark",
        "Clients that read to the end of the body wait that long after the answer is complete; those that do not lose "
        "the connection.",
        _MESSAGE,
        is_forbidden=False,
    ),
)
