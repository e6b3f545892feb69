"""A bug for each rule of Gemini's generateContent."""

from __future__ import annotations

from .bug import Subject, bug

_DIALECT = "dialects/_gemini.py"
_ANSWER = "dialects/_gemini_answer.py"
_CANDIDATE = "dialects/_gemini_candidate.py"
_ARGUMENTS = "dialects/_gemini_arguments.py"
_REPORTS = "dialects/_gemini_reports.py"

# fmt: off
_BUGS = [
    # Finish reasons, and ends.
    bug("a finish reason is held back until the end", _ANSWER, ("                said.extend(self._add_candidate(value))\n", "                said.extend(self._add_candidate(value))\n                said.extend(piece for one in self._candidates.values() for piece in one.finish())\n")),
    bug("the last finish reason counts", _ANSWER, ("        candidate.finish_reason = reason\n\n\ndef", "        candidate.finish_reason = candidate.finish_reason or reason\n\n\ndef")),
    bug("FINISH_REASON_UNSPECIFIED is no finish reason", _ANSWER, ('_NO_FINISH = ("", "FINISH_REASON_UNSPECIFIED")', '_NO_FINISH = ("",)')),
    bug("a stream is complete only if every candidate is", _ANSWER, ("bool(reasons) and None not in reasons", "any(reasons)")),
    bug("a stream without a candidate is truncated", _ANSWER, ("bool(reasons) and None not in reasons", "None not in reasons")),
    bug("a blocked prompt is a complete answer", _ANSWER, ("        if self._candidates:\n            return ()\n", "        if self._blocked:\n            return ()\n")),
    bug("a blocked prompt finishes the candidates that came", _ANSWER, ("                candidate.finish_reason = self._blocked\n", "                pass\n")),
    bug("an answer that goes on after a finish reason is an anomaly", _ANSWER, ("if candidate.finish_reason is not None and any(", "if False and any(")),
    # Candidates.
    bug("a candidate without an index is candidate 0", _ANSWER, ("place = max(", "place = len(self._candidates) if index is None else max(")),
    bug("candidates are told apart by their index", _ANSWER, ("place = max(int(read_number(index) or 0), 0)", "place = 0")),
    # Parts.
    bug("a thought is reasoning", _CANDIDATE, ('kind = "reasoning" if part.get("thought") else "text"', 'kind = "text"')),
    bug("a thought does not continue a text on the short way", _ANSWER, ("            candidate.kind != kind\n            or not", "            not")),
    bug("an empty text may carry a signature", _CANDIDATE, ("        if not part.keys() <= _TEXT_ALONE:\n            yield from self._add_whole(kind", "        if delta is not None and not part.keys() <= _TEXT_ALONE:\n            yield from self._add_whole(kind")),
    bug("a signed text is not joined with the one before", _CANDIDATE, ('_TEXT_ALONE = frozenset({"text", "thought"})', '_TEXT_ALONE = frozenset({"text", "thought", "thoughtSignature"})')),
    bug("citations have an older name too", _ANSWER, ('for name in ("citations", "citationSources")', 'for name in ("citations",)')),
    bug("truncated thoughts do not go back", _DIALECT, ("elif isinstance(part, TextPart) and part.text:", 'elif getattr(part, "text", ""):')),
    # Calls.
    bug("no id is made up for a call", _CANDIDATE, ("id=identifier if isinstance(identifier, str) else None,", 'id=identifier if isinstance(identifier, str) else f"call_{self._calls}",')),
    bug("a call without arguments has an empty object", _CANDIDATE, ("_json_text({} if args is None else args)", "_json_text(args)")),
    bug("a second call does not continue the first", _CANDIDATE, ('return not call.get("name") or bool(', 'return not call.get("name") or bool(call["name"] == before.get("name")) or bool(')),
    bug("a signature may come with a later piece of a call", _CANDIDATE, ("before.update((name, item) for name, item in part.items() if name in _BESIDE)", "pass")),
    bug("an id may come with a later piece of a call", _CANDIDATE, ("if isinstance(identifier, str) and identifier and not", "if False and not")),
    bug("a finish ends a call that is open", _CANDIDATE, ('if self._call is None or self.finish_reason == "STOP":', "if self._call is None:")),
    bug("truncated arguments are not closed", _CANDIDATE, ('if self._call is None or self.finish_reason == "STOP":', "if True:")),
    # Streamed arguments.
    bug("a string goes on where its path repeats", _ARGUMENTS, ("if self._string == path and isinstance(value, str):", "if False:")),
    bug("a string in arguments is escaped", _ARGUMENTS, ("return _encoded(text)[1:-1]", "return text")),
    bug("a container is closed where a path leads elsewhere", _ARGUMENTS, ("self._close_down_to(kept + 1)\n", "self._close_down_to(kept + 2)\n")),
    bug("a value that was written cannot be changed", _ARGUMENTS, ("return not self.is_array and step not in self._names", "return not self.is_array")),
    bug("nullValue is null, whatever its value says", _CANDIDATE, ('else None if kind == "nullValue" else value[kind]', "else value[kind]")),
    # Usage.
    bug("the last count stands, though it is lower", _REPORTS, ('prompt = count("promptTokenCount", self._prompt)', 'prompt = max(count("promptTokenCount", 0), self._prompt or 0)')),
    bug("a count that is not repeated stays", _REPORTS, ('count("thoughtsTokenCount", self._thoughts)', 'count("thoughtsTokenCount")')),
    bug("completion tokens include thoughts", _REPORTS, ("candidates if thoughts is None else thoughts + (candidates or 0)", "candidates")),
    bug("prompt tokens include those of server tools", _REPORTS, ("prompt if tools is None else tools + (prompt or 0)", "prompt")),
    # What is not an event of the format.
    bug("the status of an error is its type", _REPORTS, ("        failure.type = status\n", "        pass\n")),
    bug("an array is the whole answer", _DIALECT, ('if text.startswith("["):', "if False:")),
    bug("an array that is not closed is truncated", _DIALECT, ("if not is_closed or not self._answer.is_finished:", "if not self._answer.is_finished:")),
    bug("an array without a finish reason is truncated", _DIALECT, ("if not is_closed or not self._answer.is_finished:", "if not is_closed:")),
    bug("a response may be wrapped in another object", _DIALECT, ("if not isinstance(response, dict) or not RESPONSE_FIELDS.isdisjoint(value):", "if True:")),
]
# fmt: on

GEMINI = Subject(
    _BUGS,
    dict.fromkeys((_DIALECT, _ANSWER, _CANDIDATE, _ARGUMENTS, _REPORTS), ("tests/dialects/test_gemini.py",)),
)
