"""A bug for each rule of event sources: when to connect again, from where, and when to stop."""

from __future__ import annotations

from .bug import Subject, bug

_PLAN = "_sse/_reconnect.py"
_CURSOR = "_sse/_cursor.py"
_RESUMING = "_streams/_resuming.py"
_CONNECTION = "_streams/_connection.py"
_SOURCE = "_streams/_event_source.py"

# fmt: off
_BUGS = [
    # How long to wait.
    bug("a retry field sets the wait", _RESUMING, ("            self._plan.retry = self.cursor.retry\n", "            pass\n")),
    bug("a retry field is in milliseconds", _PLAN, ("min(self.retry, LONGEST_WAIT * 1000) / 1000", "min(self.retry, LONGEST_WAIT * 1000)")),
    bug("a retry field counts for later connections too", _RESUMING, ("        if self.cursor.retry is not None:\n", "        if True:\n")),
    bug("a retry field cannot ask for more than an hour", _PLAN, ("min(self.retry, LONGEST_WAIT * 1000) / 1000", "self.retry / 1000")),
    bug("Retry-After sets the wait", _PLAN, ("after = cause.retry_after if isinstance(cause, StatusError) else None", "after = None")),
    bug("the wait grows while nothing comes", _PLAN, ("_grown(policy.delay, policy.factor, self._eventless - 1, most)", "_grown(policy.delay, policy.factor, 0, most)")),
    bug("the wait has a maximum", _PLAN, ("    return min(grown, most)\n", "    return grown\n")),
    bug("jitter stays below the maximum", _PLAN, ("most = max(policy.delay, policy.max_delay / (1 + policy.jitter))", "most = policy.max_delay")),
    bug("it never waits less than the delay", _PLAN, ("most = max(policy.delay, policy.max_delay / (1 + policy.jitter))", "most = policy.max_delay / (1 + policy.jitter)")),
    bug("clients are spread by jitter", _PLAN, ("return least + min(least * self._policy.jitter, most - least) * self._random()", "return least")),
    bug("jitter never shortens the wait", _PLAN, ("return least + min(least * self._policy.jitter, most - least) * self._random()", "return least * (1 - self._policy.jitter * self._random())")),
    # What counts as a success.
    bug("an event resets the count of failures", _PLAN, ("return self._has_event or (self._opened", "return (self._opened")),
    bug("a connection that lasted counts as a success", _PLAN, ("self._has_event or (self._opened is not None and now - self._opened >= self._policy.reset_after)", "self._has_event")),
    bug("a connection that the server ends at once is no success", _PLAN, ("now - self._opened >= self._policy.reset_after", "True")),
    bug("a repeated event that is dropped is no success", _RESUMING, ("        event = None if self.over else self.cursor.next_event()\n", "        event = None if self.over else self.cursor.next_event()\n        self._plan.dispatched()\n")),
    # When to stop.
    bug("204 stops", _PLAN, ('        return "stop"\n', '        return "refused"\n')),
    bug("attempts are bounded", _PLAN, ("if attempts is not None and self._eventless >= attempts:", "if attempts is not None and self._eventless > attempts:")),
    bug("a permanent status ends the source", _PLAN, ("return cause.status_code in RETRIED", "return True")),
    bug("a server that is away is asked again", _PLAN, ("frozenset({408, 425, 429, 500, 502, 503, 504})", "frozenset({408, 425, 429, 500, 502})")),
    bug("another content type is no stream", _PLAN, ('if status == 200 and essence == "text/event-stream" else', "if status == 200 else")),
    bug("the event that ends the source is given", _RESUMING, ("                self.over = True\n        return event", "                self.over, event = True, None\n        return event")),
    bug("a source that has failed says so again", _RESUMING, ("        if self._failure:\n", "        if False:\n")),
    # Where to go on.
    bug("only an event that was handled moves the id", _CURSOR, ("        self._in_hand = event\n", "        self._in_hand = event\n        self.last_event_id = event.id\n")),
    bug("an event without data moves the id", _CURSOR, ("                    self.last_event_id = parser.last_event_id\n", "                    pass\n")),
    bug("an id stays over connections", _CURSOR, ("last_event_id=self.last_event_id)", 'last_event_id="")')),
    bug("half an event is forgotten with its connection", _RESUMING, ("        self.cursor.connect()\n", "")),
    bug("without an id there is no Last-Event-ID", _PLAN, ("    if value:\n", "    if True:\n")),
    bug("an id is sent as UTF-8", _PLAN, ("value if value.isascii() else _HeaderValue(value)", "value")),
    # Repeated events.
    bug("an event without an id of its own is never dropped", _CURSOR, ("if parser.identified == identified or not self._is_repeated(event.id):", "if not self._is_repeated(event.id):")),
    bug("as many ids are remembered as asked for", _CURSOR, ("        if len(self._seen) > self._window:\n", "        if False:\n")),
    bug("nothing is dropped unless asked for", _SOURCE, ("dedupe: int = 0,", "dedupe: int = 100,")),
    # Silence.
    bug("bytes end the silence", _CONNECTION, ("            self._silent = 0.0\n", "")),
    bug("a read without bytes does not end the silence", _CONNECTION, ("            self._silent += monotonic() - self._began\n", "            self._silent = 0.0\n")),
    bug("an idle connection is given up", _CONNECTION, ("            self._due = now + self._idle - self._silent\n", "            pass\n")),
]
# fmt: on

_TESTS = ["tests/sse/test_reconnect.py", "tests/sse/test_cursor.py", "tests/streams/test_event_source.py"]

EVENT_SOURCES = Subject(
    _BUGS,
    {
        _PLAN: _TESTS,
        _CURSOR: _TESTS,
        _RESUMING: _TESTS,
        _SOURCE: _TESTS,
        _CONNECTION: ["tests/streams/test_event_source.py", "tests/streams/test_event_source_closing.py"],
    },
)
