"""Initial bodies and tokens for the fuzzer."""

from __future__ import annotations

import re
from collections.abc import Mapping

import sse_stream
from sse_stream.testing import ANTHROPIC_HABITS, GEMINI_HABITS, HABITS, RESPONSES_HABITS

_FRAMES = [
    b"data: a\n\n",
    b"\xef\xbb\xbfdata: a\r\nevent: b\rid: c\nretry: 10\n\n: d\n\ndata\ndata: \xe2\x80\xa8\n\n",
    b"id: \x00\nid:1\n\ndata: \xff\xf0\x9f\x98\n\r\ndata:  e\ndata:f\n\nx: y\nerror: z\n\ndata: cut",
    b'data: {"a":\r\ndata: 1}\r\n\r\n',
]
# Chunks that are like those before them: in all but the text, the padding, or what the model does not name.
_ALIKE = [
    "".join(f'data: {{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}\n\n' for text in "abcd"),
    "".join(
        f'data: {{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}],"obfuscation":"{text}"}}\n\n'
        for text in "abcd"
    ),
    "".join(f'data: {{"a":{n},"choices":[{{"index":0,"delta":{{"reasoning":"{n}"}}}}]}}\n\n' for n in range(4)),
    "".join(f'data: {{"choices":[],"b":"","usage":{{"total_tokens":{n}}}}}\r\n\r\n' for n in range(1, 5)),
]
_JSON_TOKENS = [
    *[b"null", b"true", b"false", b"NaN", b"1e999", b"-1", b'""', b"{}", b"[]", b'{"":', b",", b"\\ud83d", b"\\ude00"],
    *[b"\\u0000", b"\\n", b"\\\\"],
]
_TOKENS = [
    *[b"data: ", b"data:", b"event: ", b"id: ", b"retry: ", b": ", b"error: ", b"\n\n", b"\r\n\r\n", b"\xef\xbb\xbf"],
    *[b"[DONE]", b"data: [DONE]\n\n"],
    *_JSON_TOKENS,
    *[
        b'"index":0',
        b'"index":1',
        b'"type":"text"',
        b'"type":"thinking"',
        b'"type":"ping"',
        b'"object":"error"',
        b'"detail":',
    ],
    *[
        b'"x_groq":{"usage":{',
        b'"extra":',
        b'"provider_fields":',
        b'"thinking":',
        b'"text":',
        b'"message":',
        b'"error":',
    ],
]


_CATALOGS = {"anthropic": ANTHROPIC_HABITS, "responses": RESPONSES_HABITS, "gemini": GEMINI_HABITS}
# Texts whose values, escapes and endings a parser of incomplete JSON can get wrong.
_PARTIAL = [
    rb'{"a": [1, -0.5e+3, true, null], "b": {"": "\u00e9\ud83d\ude00\n\\"}, "a": {}}',
    rb'[[[]], "\ud83d", "\ude00\ud83dx", [{"k": []}, 1.0]] ',
    b' "\xc3\xa9\xf0\x9f\x98\x80" ',
    b"-12.5e-7",
    b'{"path": "a.py", "content": "def f():\\n\\treturn 1\\n"}',
    b"[" * 127 + b"0" + b"]" * 127,
    b"[" * 130,
]


def seeds(target: str) -> Mapping[str, bytes]:
    """Bodies by name: whole streams, or JSON for the targets that read nothing else."""
    if target == "partial":
        return {f"text {number}": text for number, text in enumerate(_PARTIAL)}
    if target in _CATALOGS:
        return {name: habit.body for name, habit in _CATALOGS[target].items()}
    bodies = {name: habit.body for name, habit in HABITS.items()}
    bodies.update((f"frames {number}", body) for number, body in enumerate(_FRAMES))
    bodies.update((f"alike {number}", body.encode()) for number, body in enumerate(_ALIKE))
    if target == "reader":
        return {
            f"{name} {number}": event.data.encode()
            for name, body in bodies.items()
            for number, event in enumerate(sse_stream.SSEDecoder().feed(body + b"\n\n"))
        }
    if target == "chat":  # which finds the format
        for other, catalog in _CATALOGS.items():
            bodies.update((f"{other} {name}", habit.body) for name, habit in catalog.items())
    return bodies


def tokens(target: str) -> list[bytes]:
    """What means something to the library: its own tokens, and the field names of the model or of the format."""
    if target == "partial":
        return _JSON_TOKENS
    if target in _CATALOGS:
        bodies = b"".join(seeds(target).values())
        return [*_TOKENS, *sorted({*re.findall(rb'"\w+":', bodies), *re.findall(rb'"type": ?"[^"]+"', bodies)})]
    structs = [item for item in vars(sse_stream).values() if hasattr(item, "__struct_fields__")]
    names = sorted({name for struct in structs for name in struct.__struct_fields__})
    return [*_TOKENS, *(f'"{name}":'.encode() for name in names)]
