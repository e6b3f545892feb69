"""A bug for each rule of taking turns and of ends."""

from __future__ import annotations

from .bug import Subject, bug

_READER = "_decoding/_reader.py"
_STATE = "_decoding/_chat_state.py"
_ITEMS = "_decoding/_items.py"
_STATES = "_decoding/_states.py"

# fmt: off
_BUGS = [
    bug("events come before what is decoded next", _READER, ("queue.extendleft(events[:0:-1])", "queue.extend(events[1:])")),
    bug("the events of a chunk keep their order", _READER, ("queue.extendleft(events[:0:-1])", "queue.extendleft(events[1:])")),
    bug("a reader of chunks leaves what is left of a chunk that was begun", _READER, ("        place = 0  # the position after the events that stay queued\n", "        queue.clear()\n        place = 0\n")),
    bug("a reader of chunks takes their events", _READER, ("                self.add(chunk_to_keep(entry))\n                return entry", "                queue.extendleft(reversed(self.add(chunk_to_keep(entry))))\n                return entry")),
    bug("what a reader of chunks is given is its own", _READER, ("self.add(chunk_to_keep(entry))", "self.add(entry)")),
    bug("an end is final", _STATES, ("        if after is None:\n            return False\n", ""), ("        self.state = after\n", "        self.state = after or self.state\n")),
    bug("an error is raised once", _STATE, ("            self._drop(str(error))\n", "            pass\n")),
    bug("nothing is given after the reader has stopped", _STATE, ("        self.queue.clear()\n", "")),
    bug("a comment is told in its place", _ITEMS, ("on_comment=lambda text: items.put((Ping(text),))", "on_comment=lambda text: items.entries.appendleft(Ping(text))")),
    bug("an error comes after what stands before it", _ITEMS, ("self.queue.append(Failure(error))  # queued, so that it is raised after everything before it", "self.queue.appendleft(Failure(error))")),
    bug("after the end mark an error is none", _STATE, ('if self.state != "done" or isinstance', "if True or isinstance")),
    bug("strict mode stops at the first anomaly, not at the second", _READER, ("        if self.log.violation is not None:\n            self.check_strictness()\n        items", "        items")),
]
# fmt: on

_TESTS = [
    "tests/trust/test_turns.py",
    "tests/trust/test_regressions.py",
    "tests/decoding/test_decoder.py",
    "tests/trust/test_ways.py",
]

READING = Subject(_BUGS, dict.fromkeys((_READER, _STATE, _ITEMS, _STATES), _TESTS))
