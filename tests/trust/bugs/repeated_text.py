"""A bug for each thing that makes the shortcut for repeated text exact. Only the search for differences is asked."""

from __future__ import annotations

from .bug import Subject, bug

_BUILDER = "_chat/_builder.py"
_READER = "_decoding/_reader.py"
_STATE = "_decoding/_chat_state.py"
_SHORTCUT = "_decoding/_shortcut.py"

# fmt: off
_BUGS = [
    bug("all before the text is compared", _SHORTCUT, ("if not block.startswith(self._head) or", "if not block.startswith(self._head[:-16]) or")),
    bug("all behind the text is compared", _SHORTCUT, (" or not block.endswith(self._tail) or", " or")),
    bug("what stands between is one JSON string", _SHORTCUT, ("text = _decode_text(block[self._start : self._stop])", 'text = block[self._start + 1 : self._stop - 1].decode("utf-8", "replace")')),
    bug("it is as large as an event may be", _SHORTCUT, (" or len(block) > self._room:", ":")),
    bug("an empty text is no event", _SHORTCUT, ("        except ValueError:\n            return None\n        if not text:\n            return None\n        # `TextChannel", "        except ValueError:\n            return None\n        # `TextChannel")),
    bug("padding is stated", _SHORTCUT, ('        self._builder.set_field("obfuscation", padding)\n', "")),
    bug("each is counted as a chunk", _SHORTCUT, ("        return self._seen + self._used\n", "        return self._seen\n")),
    bug("anything else ends it", _STATE, ("        if self.shortcut.channel is not None:\n            self.shortcut.forget()\n        self._chunks_seen", "        self._chunks_seen")),
    bug("the trial gives the text that was tried", _SHORTCUT, ("if self._decode(other + rest, name) != expected:", "if self._decode(other + rest, name) is None:")),
    bug("a text that is there twice is not replaced", _SHORTCUT, ("if found in rest:", "if not found:")),
    bug("what does more than append a text is not repeated", _BUILDER, ("state.finish_reason is not None or choice.logprobs", "choice.logprobs")),
    bug("within an event nothing is compared", _READER, ("                and parser.between_events\n", "")),
]
# fmt: on

REPEATED_TEXT = Subject(_BUGS, dict.fromkeys((_SHORTCUT, _READER, _STATE, _BUILDER), ("tests/trust/test_shortcut.py",)))
