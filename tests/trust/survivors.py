"""Mutants that no test can or need kill, with explanations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .mutants import Mutant


@dataclass(frozen=True)
class Explanation:
    """Why certain mutants survive.

    Attributes:
        module: The changed module.
        line: The original line, without its indentation.
        new: The text that replaces it; `None` for any change of the line.
        why: Why no test can notice the change, or need notice it.
    """

    module: str
    line: str
    new: str | None
    why: str


_SIGN = "The code only checks whether the depth is 0, which does not depend on which bracket counts up."

_ESTIMATE = "An estimate: what is measured agrees with it within a factor of two."
_SHORT_WAY = "It takes a fast path less often; the slow path gives the same result."
_NO_STACK = "It matters only if the caller's stack is almost exhausted; the next step then ends in the same way."

EXPLANATIONS = [
    *(
        Explanation(module, line, "return None", "Only its truth is asked.")
        for line, *modules in (
            (
                "return False",
                "_chat/_merging",
                "_chat/_schema",
                "_chat/_slot",
                "_chat/_tool_calls",
                "_decoding/_items",
                "_decoding/_reader",
                "_decoding/_states",
                "_decoding/_surrogates",
                "_decoding/_text_shortcut",
                "_json/_lenient",
                "_json/_writing",
                "_sse/_cursor",
                "dialects/_detect",
                "dialects/_framing",
                "dialects/_provider_errors",
            ),
            (
                "return []",
                "_decoding/_chat_state",
                "dialects/_gemini_answer",
            ),
            (
                "return 0",
                "_decoding/_text_shortcut",
            ),
            (
                "return self._tags is None",
                "dialects/_openai_chat",
            ),
        )
        for module in modules
    ),
    Explanation("_chat/_chunks", 'SOURCE = "_source"', None, "Any other name would do."),
    Explanation("_chat/_chunks", 'SPELLING = "_spelling"', "'_spellingX'", "Any other name would do."),
    Explanation(
        "_json/_partial_machine",
        "if buffer is not None and 0 < size <= self._room and self.error is None:",
        "(0 < size < self._room)",
        _SHORT_WAY,
    ),
    Explanation(
        "_json/_partial_machine",
        "if buffer is not None and 0 < size <= self._room and self.error is None:",
        "1",
        _SHORT_WAY,
    ),
    Explanation(
        "_json/_partial_steps",
        'return at + 1 + text.startswith(" ", at + 1)  # measured as "records"',
        "' X'",
        _SHORT_WAY,
    ),
    Explanation(
        "_json/_writing",
        'if b"null" in text and not _is_finite(value):  # msgspec encodes NaN as null',
        None,
        _SHORT_WAY,
    ),
    Explanation(
        "_chat/_parsing",
        "if reader is not None or not _is_pydantics(type):",
        "(not _is_pydantics(type))",
        "An adapter of what decodes itself decodes the same.",
    ),
    Explanation(
        "_sse/_input",
        'self.buffer = b""',
        "b'X'",
        "After a failure nothing is read of it but the beginning of a line, which gives nothing.",
    ),
    Explanation("_sse/_input", "self.position = 0", "pass", "The buffer is empty, whatever the position."),
    Explanation("_sse/_input", "self.position = 0", "1", "The buffer is empty, whatever the position."),
    Explanation(
        "_sse/_input",
        "elif 10 in data or len(self.partial) + len(data) > self.room:",
        "(len(self.partial) + len(data) >= self.room)",
        _SHORT_WAY,
    ),
    Explanation("_sse/_input", "self.takes_as_is = not self._skip_lf", "pass", _SHORT_WAY),
    Explanation(
        "_sse/_parser",
        'self.plain_name = "message"  # until there is one',
        None,
        "It is used only with the bytes of an event, which set it.",
    ),
    Explanation(
        "_sse/_decoder",
        "parser.take(data if type(data) is bytes else as_bytes(data))",
        "(as_bytes(data))",
        "It gives bytes back as they are.",
    ),
    Explanation(
        "_sse/_input",
        'reason = f"has failed: {self._failure}" if self._failure else "was closed"',
        "'was closedX'",
        "The wording of a message.",
    ),
    Explanation(
        "_sse/_input",
        "elif self._skip_lf and data:",
        "(data)",
        "A piece comes this way only at the beginning, after a CR, or when it is refused.",
    ),
    Explanation(
        "_sse/_parser",
        "excerpt = bytes(self._data[:size] + line[:size])[:size]",
        None,
        "What is cut off early would be cut off at the end; it saves a copy.",
    ),
    *(
        Explanation("_sse/_parser", line, new, _SHORT_WAY)
        for line, *variants in (
            ('if line[:5] == b"data:":', "line[:]", "4", "6", "b'data:X'", "b''"),
            ('end = buffer.find(PLAIN_END, buffer.find(b"\\n", start))', "b''"),
            (
                (
                    "if not start and buffer[:6] == PLAIN_START and buffer[-2:] == PLAIN_END"
                    " and 10 not in (data := buffer[6:-2]):"
                ),
                *("buffer[:]", "7", "5", "3", "1", "buffer[6:]"),
            ),
            (
                "if self.between_events and (data := self.next_plain()) is not None:",
                "((data := self.next_plain()) is not None)",
            ),
        )
        for new in variants
    ),
    *(
        Explanation(
            "_sse/_parser",
            'return buffer[start : end + len(PLAIN_END)] if end >= 0 else b""',
            new,
            "What begins with a blank line is no event.",
        )
        for new in ("(end > 0)", "1")
    ),
    *(
        Explanation("_sse/_parser", line, new, "A line that begins with the name of a field is not empty.")
        for line in (
            "if not buffer.startswith(PLAIN_NAME, start) or not 0 <= end - start <= self._limit:",
            "if not buffer.startswith(PLAIN_END, end) or not 0 <= end - start <= self._limit:",
        )
        for new in ("(0 < end - start <= self._limit)", "1")
    ),
    *(
        Explanation("_sse/_parser", line, new, "Only whether it has changed is asked.")
        for line, new in (
            ("self.identified = 0", "1"),
            ("self.identified += self._has_id", "self.identified = self.identified - (self._has_id)"),
        )
    ),
    Explanation(
        "_sse/_parser",
        'if value.isdigit() and len(digits := value.lstrip(b"0")) <= MAX_RETRY_DIGITS:',
        "b'0X'",
        "What consists of digits holds no X.",
    ),
    Explanation("_sse/_cursor", "_LONG_ID = 64", None, "A digest tells ids apart as well."),
    *(
        Explanation(
            "_sse/_cursor",
            "key = id if len(id) <= _LONG_ID else _digest(id)",
            new,
            "A digest tells ids apart as well.",
        )
        for new in ("(_digest(id))", "(len(id) < _LONG_ID)")
    ),
    *(
        Explanation(
            "_sse/_reconnect",
            'def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:'
            "  # noqa: ARG002  # the signature of `str.encode`",
            new,
            "Clients pass both arguments, or need neither.",
        )
        for new in ("'utf-8X'", "'strictX'", "''")
    ),
    Explanation(
        "_sse/_reconnect",
        'headers["Last-Event-ID"] = value if value.isascii() else _HeaderValue(value)',
        "(_HeaderValue(value))",
        "ASCII has the same bytes as UTF-8.",
    ),
    Explanation(
        "_sse/_reconnect",
        'essence = headers.get("content-type", "").partition(";")[0].strip().lower()',
        "'X'",
        "Neither is the type of an event stream.",
    ),
    *(
        Explanation(
            "_sse/_reconnect",
            "self._has_event = False  # whether it has delivered an event",
            new,
            "Each attempt sets it again.",
        )
        for new in ("pass", "True")
    ),
    Explanation(
        "_sse/_reconnect",
        "self._refused = 0  # how many in a row were not even streams",
        "1",
        "It matters only after a stream has sent its reconnection time, and a stream sets it to 0.",
    ),
    Explanation("_sse/_cursor", "if not self._window or not id:", "(not id)", _SHORT_WAY),
    *(
        Explanation(
            "_sse/_cursor",
            "return blake2b(id.encode(), digest_size=_LONG_ID // 2).digest()",
            size,
            "A digest of any size tells ids apart.",
        )
        for size in ("1", "3")
    ),
    *(
        Explanation("_decoding/_surrogates", line, new, "An empty text is given back as it is.")
        for line, new in (
            ("if call is not None and call.arguments:", "(call is not None)"),
            ("if audio is not None and audio.transcript:", "(audio is not None)"),
            ("if function is not None and function.arguments:", "(function is not None)"),
            ("elif custom is not None and custom.input:", "(custom is not None)"),
        )
    ),
    Explanation(
        "_decoding/_surrogates",
        "if choice.message is not None and said and any(where == index for where, _, _ in self.waiting):",
        "(said and any((where == index for where, _, _ in self.waiting)))",
        "No message is what it gets.",
    ),
    Explanation(
        "_decoding/_surrogates",
        "said[field] = [*pieces, _call_of(place if isinstance(place, int) else None)]",
        "(place)",
        "Of a call it is an index or None; type checkers do not know.",
    ),
    Explanation(
        "_decoding/_surrogates",
        "return without_surrogates(value) if value else value",
        "(without_surrogates(value))",
        _SHORT_WAY,
    ),
    Explanation(
        "_decoding/_decoder",
        "reader.take(data if type(data) is bytes else as_bytes(data))",
        "(as_bytes(data))",
        "It gives bytes back as they are.",
    ),
    *(
        Explanation("_decoding/_surrogates", line, new, "One character is compared.")
        for line, new in (
            (r'if "\udc00" <= text[0] <= "\udfff":', r"'\udfffX'"),
            (r'if "\ud800" <= text[-1] <= "\udbff":', r"'\udbffX'"),
        )
    ),
    Explanation(
        "_decoding/_reader",
        "if len(events) > 1:",
        "(len(events) >= 1)",
        "One event leaves none behind it to be queued.",
    ),
    Explanation(
        "_decoding/_reader",
        "shortcut.channel is not None",
        "(parser.takes_as_is and parser.between_events and (not parser.buffer) and (not queue))",
        "Without a channel, no event matches.",
    ),
    Explanation(
        "_decoding/_text_shortcut",
        "self._found_at = 0  # the value of `seen` when the channel was found",
        None,
        "It is learned before it is used.",
    ),
    *(
        Explanation("_decoding/_text_shortcut", line, new, why)
        for line, new, why in (
            ("self._head = block[:start]", None, _SHORT_WAY),
            ("if not start or start > self._limit:", "(start >= self._limit)", _SHORT_WAY),
            *(
                (
                    (
                        "or not (block.isascii() or _is_utf8(block))"
                        "  # the decoder does not look into the strings that it skips"
                    ),
                    new,
                    _SHORT_WAY,
                )
                for new in ("(block.isascii() and _is_utf8(block))", "(_is_utf8(block))", "(block.isascii())")
            ),
            (
                "channel is None",
                (
                    "(block.find(b'\\n', start) != end or not block.endswith(PLAIN_END) or end - start > self._limit"
                    " or (not (block.isascii() or _is_utf8(block)))"
                    " or ((text := self._decode(block[start:end])) is None))"
                ),
                "Its caller has looked for one.",
            ),
            ("return len(PLAIN_START)", "return None", _SHORT_WAY),
            ("return True", "return None", _SHORT_WAY),
            ("return True", "False", _SHORT_WAY),
            ("or (text := self._decode(block[start:end])) is None", "block[start:]", "JSON may end in white space."),
            (
                "if self.channel is not None and self.seen - self._found_at >= USEFUL:",
                "(self.seen - self._found_at >= USEFUL)",
                "It looks for another text more often.",
            ),
            (
                "if isinstance(event, _TEXT_EVENTS) and type(data) is bytes:",
                "(type(data) is bytes)",
                "A chunk that gave another event has no text that could be repeated.",
            ),
        )
    ),
    *(
        Explanation(f"_decoding/{module}", "if size > tally.limit:", "(size >= tally.limit)", "`check` compares again.")
        for module in ("_shortcut", "_text_shortcut")
    ),
    *(
        Explanation("_decoding/_shortcut", line, None, "It is learned before it is used.")
        for line in (
            "self._room = 0  # the maximum size of a matching event",
            'self._head = self._between = self._tail = b""  # the bytes around the text, including quotes',
            'self._squeezed = b""  # the tail without spaces, if the spaces in it may vary',
            "self._start = self._stop = 0",
            "self._found_at = 0  # the number of pieces at that time",
        )
    ),
    Explanation(
        "_decoding/_shortcut",
        'return "decodes_alike" in vars(type(dialect)) and getattr(dialect, "decodes_alike", False)',
        "True",
        "What its class defines, it has.",
    ),
    *(
        Explanation(
            "_decoding/_shortcut",
            """self._squeezed = b"" if after.strip(b'"} ') else (after[1:] + PLAIN_END).replace(b" ", b"")""",
            new,
            "Only brackets come after the last string of a chunk, and spaces between them mean nothing.",
        )
        for new in ("""((after[1:] + PLAIN_END).replace(b' ', b''))""", """b'"} X'""", "b'X'")
    ),
    *(
        Explanation("_decoding/_items", line, new, _SHORT_WAY)
        for line, new in (
            ("self._decode_plain = dialect.decode_plain", "pass"),
            ('_REPLACEMENT = "\\ufffd"', "''"),
            ("text = None if data.isascii() else parser.decoded(data)", "(parser.decoded(data))"),
            (
                (
                    "chunk = self._decode_plain("
                    "data if text is None or _REPLACEMENT not in text else text, parser.plain_name)"
                ),
                "(text is None)",
            ),
        )
    ),
    Explanation(
        "_decoding/_chat_state",
        "if isinstance(entry, ChatCompletionChunk) and entry.usage is not None:",
        "(isinstance(entry, ChatCompletionChunk))",
        "A chunk that says nothing adds nothing.",
    ),
    *(
        Explanation("_chat/_builder", line, new, _SHORT_WAY)
        for line, *variants in (
            (
                "(chunk.id and chunk.id != self._last_id)",
                "(chunk.id or chunk.id != self._last_id)",
                "(chunk.id != self._last_id)",
                "(chunk.id)",
            ),
            (
                "or (chunk.model and chunk.model != self._last_model)",
                "(chunk.model or chunk.model != self._last_model)",
                "(chunk.model != self._last_model)",
                "(chunk.model)",
            ),
            (
                "or (chunk.created and not self._created)",
                "(chunk.created or not self._created)",
                "(not self._created)",
                "(chunk.created)",
            ),
        )
        for new in variants
    ),
    *(
        Explanation(
            "_chat/_builder",
            f'if chunk.{name} is not None and chunk.{name} != fields.get("{name}"):',
            new,
            _SHORT_WAY,
        )
        for name in ("system_fingerprint", "service_tier")
        for new in (f"(chunk.{name} is not None)", f"'{name}X'", "''")
    ),
    Explanation(
        "_chat/_builder",
        "if self.tally.size > self.tally.limit:",
        "(self.tally.size >= self.tally.limit)",
        "`check` compares again.",
    ),
    Explanation(
        "_chat/_builder",
        "if len(chunk.choices) != 1 or chunk.usage is not None or chunk.moderation is not None:",
        "(len(chunk.choices) != 1 or chunk.usage is not None)",
        "What is stated again adds nothing.",
    ),
    Explanation(
        "_json/_brackets",
        'self._depth += 1 if character in "{[" else -1',
        "self._depth = self._depth - (1 if character in '{[' else -1)",
        _SIGN,
    ),
    Explanation("_json/_brackets", 'self._depth += 1 if character in "{[" else -1', "(character not in '{[')", _SIGN),
    Explanation(
        "_json/_brackets",
        'self._depth += 1 if character in "{[" else -1',
        "'{[X'",
        "The pattern before it finds brackets and quotes only.",
    ),
    Explanation("_chat/_slot", "SLOT_WEIGHT = 512", None, _ESTIMATE),
    Explanation(
        "_chat/_slot",
        "if self._arguments and (is_named or (text[0] in _BEGINNINGS and self.complete)):",
        "(self.complete)",
        _SHORT_WAY,
    ),
    Explanation("_chat/_slot", "except (ValueError, RecursionError):", "ValueError", _NO_STACK),
    *(
        Explanation("_chat/_tool_calls", line, new, "Only whether two numbers of deltas are the same is asked.")
        for line, new in (
            ("self._delta = 0  # the number of deltas so far", "1"),
            ("self._delta += 1", "self._delta = self._delta - (1)"),
            ("self._delta += 1", "2"),
        )
    ),
    *(
        Explanation("_chat/_tool_calls", line, new, "No call is known by None.")
        for line, new in (
            ("if index is not None and not piece.id and not function.name:", "(not piece.id and (not function.name))"),
            (
                "if piece.id and (current is None or (index is None and piece.id != current.id)):",
                "(current is None or (index is None and piece.id != current.id))",
            ),
            ('call_id = piece.id or ""', "(piece.id)"),
        )
    ),
    Explanation(
        "_chat/_tool_calls",
        "if index is not None and not piece.id and not function.name:",
        "(index is None)",
        _SHORT_WAY,
    ),
    Explanation(
        "_chat/_tool_calls",
        'call_id = piece.id or (current.next_id if current is not None and begins else "")',
        "(current is not None)",
        "A piece that says nothing leaves the id to the next call in any case.",
    ),
    Explanation("_chat/_memory", "ENTRY = 64", None, _ESTIMATE),
    Explanation("_chat/_choice_state", "CHOICE_WEIGHT = 256", None, _ESTIMATE),
    Explanation("_chat/_text_channel", "CHANNEL_WEIGHT = 224", None, _ESTIMATE),
    Explanation("_chat/_text_channel", "if tally.size > tally.limit:", "(tally.size >= tally.limit)", _SHORT_WAY),
    Explanation("_chat/_part_state", "MARK_WEIGHT = 600", None, _ESTIMATE),
    Explanation(
        "_chat/_part_state",
        'self._annotations = ""  # the field of the native object with annotations',
        "'X'",
        "It is not read until the object has come, and with it the field.",
    ),
    *(
        Explanation(
            "_chat/_part_state", "if self._pieces is None or self._names is None:", new, "Both are, or neither."
        )
        for new in (
            "(self._pieces is None and self._names is None)",
            "(self._names is None)",
            "(self._pieces is None)",
        )
    ),
    *(
        Explanation("_chat/_written", line, new, why)
        for line, new, why in (
            (
                "self._position = 0  # the position up to which it has been read",
                "1",
                "The text is empty, whatever the position.",
            ),
            (
                'if part.kind == "text" and part.channel is not None:',
                "(part.kind == 'text')",
                "A part of text has a channel; type checkers do not know.",
            ),
            (
                "elif not self._seen and state.calls is not None and self.is_call:",
                "(not self._seen and self.is_call)",
                "A call that has started is one of the calls; type checkers do not know.",
            ),
            ("self._seen = 1", "2", "Only its truth is asked."),
        )
    ),
    Explanation("_chat/_merging", "PLACE_WEIGHT = 160", None, _ESTIMATE),
    Explanation("_chat/_merging", "_LARGEST_COMPARED = 64 * 1024", None, _SHORT_WAY),
    Explanation(
        "_chat/_merging",
        "self._last = fields if abs(growth) < _LARGEST_COMPARED else {}",
        "(abs(growth) <= _LARGEST_COMPARED)",
        _SHORT_WAY,
    ),
    Explanation(
        "_chat/_merging",
        "return len(kept) >= len(value) and kept == utf8(value)",
        "(kept == utf8(value))",
        _SHORT_WAY,
    ),
    Explanation("_chat/_merging", "return one == other and _encode(one) == _encode(other)", None, _SHORT_WAY),
    Explanation(
        "_json/_depth",
        'within = (len(piece) - len(piece.rstrip("\\\\"))) % 2 == 1',
        "(len(piece) + len(piece.rstrip('\\\\')))",
        "Whether a number is odd does not depend on the sign of another.",
    ),
    Explanation(
        "_json/_lenient",
        'return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")',
        "(value.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace'))",
        _SHORT_WAY,
    ),
    Explanation(
        "_json/_lenient",
        "return [_as_sent(item, other, path) for item, other in zip(value, sent, strict=True)]",
        "False",
        "Both are of the same text.",
    ),
    Explanation(
        "_errors",
        "super().__init__(message)",
        "pass",
        "An exception takes its positional arguments when it is created.",
    ),
    Explanation(
        "dialects/_gemini_arguments",
        "return self.is_array and (not isinstance(self.last, int) or step > self.last)",
        "(step > self.last)",
        "The last step in an array is an index; type checkers do not know.",
    ),
    Explanation("dialects/_gemini_answer", "except (ValueError, RecursionError):", "ValueError", _NO_STACK),
    Explanation(
        "dialects/_gemini",
        "except (ValueError, RecursionError):",
        "ValueError",
        "It matters only if the caller's stack is almost exhausted: the depth is limited.",
    ),
    Explanation(
        "dialects/_gemini",
        "start = position if space is None else space.end()",
        "(space.end())",
        "The pattern also matches nothing at all; type checkers do not know.",
    ),
    *(
        Explanation("dialects/_gemini_answer", line, new, why)
        for line, new, why in (
            (
                "if isinstance(created, str) and created != self._created_text:",
                "(isinstance(created, str))",
                "A time that is read again is the same.",
            ),
            (
                "last = max((place for place, item in enumerate(items) if isinstance(item, ChunkChoice)), default=-1)",
                "2",
                "Any number below 0 is no place.",
            ),
            (
                "if isinstance(role, str) and not candidate.has_role and isinstance(first, ChunkChoice):",
                "(isinstance(role, str) and (not candidate.has_role))",
                "At these places there are choices; type checkers do not know.",
            ),
            (
                "if beside and isinstance(last, ChunkChoice):",
                "(beside)",
                "At these places there are choices; type checkers do not know.",
            ),
        )
    ),
    *(
        Explanation(
            "dialects/_anthropic",
            'def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:'
            "  # noqa: ARG002  # the protocol's signature",
            new,
            "The name is ignored.",
        )
        for new in ("'messageX'", "''")
    ),
    Explanation(
        "dialects/_anthropic_blocks",
        "except (ValueError, RecursionError):",
        "ValueError",
        "It matters only if the caller's stack is almost exhausted: the depth is limited.",
    ),
    *(
        Explanation(
            "dialects/_responses",
            'event: str = "message",  # noqa: ARG002  # the data repeats it',
            new,
            "The name is ignored.",
        )
        for new in ("'messageX'", "''")
    ),
    Explanation("dialects/_responses_channels", 'entry: str = ""', "'X'", "A call has no entries."),
    Explanation(
        "dialects/_responses_output",
        "for place, (native, item) in enumerate(zip(natives, self._matched(natives), strict=True)):",
        "False",
        "Both have an item for each object.",
    ),
    *(
        Explanation("dialects/_responses_parts", line, new, why)
        for line, new, why in (
            ("_NOTHING = blake2b(digest_size=16)", None, "The digest of a part without text is not compared."),
            (
                "self.digest = _NOTHING if channel is None else blake2b(digest_size=16)",
                "(blake2b(digest_size=16))",
                "The digest of a part without text is not compared: it saves memory that it is shared.",
            ),
            (
                'self.half = text[-1] if "\\ud800" <= text[-1] <= "\\udbff" else ""',
                "'\\udbffX'",
                "One character is compared.",
            ),
        )
    ),
    *(
        Explanation("dialects/_responses_writer", line, new, why)
        for line, new, why in (
            *(
                (
                    (
                        '_FAMILIES = {"text": "text", "refusal": "refusal", "reasoning": "reasoning",'
                        ' "reasoning_summary": "reasoning"}'
                    ),
                    new,
                    "A family may have any name of its own.",
                )
                for new in ("'refusalX'", "''")
            ),
            (
                "if part.channel is None or whole is None:",
                "(whole is None)",
                "A part whose text is sent whole has a channel; type checkers do not know.",
            ),
            ("item.native = None", "pass", "It frees memory: the object is not read once the item is done."),
        )
    ),
    *(
        Explanation(
            "dialects/_formats",
            'def format_of(value: JSONValue, event: str = "message") -> str | None:',
            new,
            "No format has events of these names.",
        )
        for new in ("'messageX'", "''")
    ),
    Explanation(
        "dialects/_gemini", "return items, False", "True", "An array that is too deep is refused before it is asked."
    ),
    *(
        Explanation("dialects/_openai_chat", line, new, why)
        for line, new, why in (
            ("except (ValueError, RecursionError):", "ValueError", _NO_STACK),
            *(
                (
                    (
                        "if not chunk.choices and"
                        ' (not _has_choices(data) or find_error({"choices": [], **chunk.extra}) is not None):'
                    ),
                    new,
                    _SHORT_WAY,
                )
                for new in (
                    "(not _has_choices(data) or find_error({'choices': [], **chunk.extra}) is not None)",
                    "'choicesX'",
                    "''",
                )
            ),
        )
    ),
    Explanation("dialects/_extras", "except (ValueError, RecursionError):", "ValueError", _NO_STACK),
    Explanation(
        "dialects/_think_tags",
        "for choice, other in zip(chunk.choices, sent, strict=True)",
        "False",
        "There is one for each.",
    ),
    *(
        Explanation("dialects/_detect", line, new, _SHORT_WAY)
        for line, *variants in (
            (
                'value = _json(text) if text.startswith(("{", "[")) else None',
                *("(_json(text))", "''"),
            ),
            (
                "return (DialectFound(dialect), *((chunk,) if chunk is not None else dialect.decode(event)))",
                "(dialect.decode(event))",
            ),
        )
        for new in variants
    ),
    Explanation(
        "dialects/_provider_errors",
        "if carrier is None and isinstance(body, dict):",
        "(isinstance(body, dict))",
        "Who names what carries the error has found it in the same way.",
    ),
    Explanation(
        "_json/_depth",
        'if text.count("{") + text.count("[") <= MAX_DEPTH:',
        "(text.count('{') + text.count('[') < MAX_DEPTH)",
        _SHORT_WAY,
    ),
    Explanation(
        "_chat/_schema",
        'return OPENAI_FINISH_REASONS.get(reason or "")',
        None,
        "No reason that is translated is None, empty or X.",
    ),
    Explanation(
        "dialects/_extras",
        "for choice, (beside, within, told) in zip(chunk.choices, extras, strict=True):",
        "False",
        "Both have an item for each choice.",
    ),
    Explanation(
        "dialects/_extras",
        "if told is not None and choice.message is not None:",
        "(told is not None)",
        "What is taken out of a message leaves a message.",
    ),
    Explanation(
        "dialects/_extras",
        "if usage_extra is not None and chunk.usage is not None:",
        "(usage_extra is not None)",
        "What is taken out of usage leaves usage.",
    ),
]


def reason(mutant: Mutant) -> str | None:
    """Why a mutant survives; `None` if nobody has said."""
    return next((explanation.why for explanation in EXPLANATIONS if _is_of(explanation, mutant)), None)


def of_nothing(mutants: Collection[Mutant]) -> list[Explanation]:
    """The explanations that are of none of these mutants, though of their modules."""
    modules = {mutant.module for mutant in mutants}
    own = [explanation for explanation in EXPLANATIONS if explanation.module in modules]
    return [explanation for explanation in own if not any(_is_of(explanation, mutant) for mutant in mutants)]


def _is_of(explanation: Explanation, mutant: Mutant) -> bool:
    return (explanation.module, explanation.line) == (mutant.module, mutant.context) and explanation.new in (
        None,
        mutant.new,
    )
