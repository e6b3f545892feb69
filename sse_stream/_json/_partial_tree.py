"""The value that a JSON text has said so far, and the changes that make it grow."""

from __future__ import annotations

from io import StringIO

from ._copying import copied
from ._depth import JSONValue
from ._partial_changes import JSONChange, JSONKind, JSONPath, StringDelta, ValueDone, ValueStarted


class PartialTree:
    """A JSON value that is being written.

    Attributes:
        path: Where it is being written.
        changes: What has changed since whoever reads the text has replaced this list.
        changed: Whether `value` gives something else than before; whoever asks for that resets it.
        container: The innermost object or array that is open. At the top, it is a list for the one value there.
        opened: What is around it, from the top, each with its path; as many as are open.
        buffer: The string that is being written; `None` between strings.
        complete: Whether the value is whole.
    """

    __slots__ = (
        "_hidden",
        "_key",
        "_keys",
        "_own_path",
        "_top",
        "buffer",
        "changed",
        "changes",
        "container",
        "opened",
        "path",
    )

    def __init__(self) -> None:
        self.path: JSONPath = ()
        self.changes: list[JSONChange] = []
        self.changed = False
        self._top: list[JSONValue] = []
        self.container: JSONValue = self._top
        self.buffer: StringIO | None = None  # meanwhile, `""` stands in its place
        self._own_path: JSONPath = ()  # that of the innermost container
        self.opened: list[tuple[JSONValue, JSONPath]] = []
        self._key = ""
        self._keys: dict[str, str] = {}  # each key is kept once, however often it comes
        self._hidden = False  # whether what is under that key is void, for the key has come again

    @property
    def complete(self) -> bool:
        return bool(self._top) and not self.opened and self.buffer is None

    def value(self) -> JSONValue:
        """All that is known so far, in objects of its own; `None` while nothing is."""
        snapshot: list[JSONValue] = copied(self._top)
        if self.buffer is not None or self._hidden:
            innermost: JSONValue = snapshot
            for key in (0, *self._own_path) if self.opened else ():
                innermost = innermost[key]
            if self.buffer is None:
                del innermost[self._key]
            elif type(innermost) is list:
                innermost[-1] = self.buffer.getvalue()
            else:
                innermost[self._key] = self.buffer.getvalue()
        return snapshot[0] if snapshot else None

    def put(self, value: JSONValue) -> None:
        """Put a value in its place."""
        container = self.container
        if type(container) is list:
            container.append(value)
        else:
            container[self._key] = value
            self._hidden = False
        self.changed = True

    def finish(self, value: JSONValue) -> None:
        """A value that is in its place is complete."""
        self.changes.append(ValueDone(self.path, value))
        self.path = self._own_path

    def done(self, value: JSONValue) -> None:
        """A value is complete, which was not in its place before."""
        container = self.container  # `put` and `finish` in one, measured as "records"
        if type(container) is list:
            container.append(value)
        else:
            container[self._key] = value
            self._hidden = False
        self.changed = True
        self.changes.append(ValueDone(self.path, value))
        self.path = self._own_path

    # ---------------------------------------------------------------- objects and arrays

    def begin_container(self, container: JSONValue, kind: JSONKind) -> None:
        """An object or an array begins, which is empty so far."""
        self.put(container)
        self.changes.append(ValueStarted(self.path, kind))
        self.opened.append((self.container, self._own_path))
        self.container = container
        self._own_path = self.path

    def end_container(self) -> None:
        """The innermost object or array is complete."""
        container = self.container
        self.path = self._own_path
        self.container, self._own_path = self.opened.pop()
        self.finish(container)

    def next_item(self) -> None:
        """The next value is one of the innermost array."""
        self.path = (*self._own_path, len(self.container))

    def next_key(self, key: str) -> None:
        """The next value is that of a key of the innermost object."""
        self._key = key = self._keys.setdefault(key, key)
        self.path = (*self._own_path, key)
        if key in self.container:
            self.container[key] = None
            self._hidden = self.changed = True

    # ---------------------------------------------------------------- strings

    def begin_string(self, piece: str) -> None:
        """A string begins with this piece, which may be empty, and is not complete."""
        self.put("")
        self.buffer = StringIO()
        if piece:
            self.write(piece)

    def write(self, piece: str) -> None:
        """The string goes on."""
        assert self.buffer is not None  # noqa: S101  # for type checkers
        self.buffer.write(piece)
        self.add(piece)

    def add(self, piece: str) -> None:
        """A piece of a string has come."""
        self.changes.append(StringDelta(self.path, piece))
        self.changed = True

    def end_string(self) -> None:
        """The string is complete."""
        assert self.buffer is not None  # noqa: S101  # for type checkers
        text = self.buffer.getvalue()
        self.buffer = None
        self.container[-1 if type(self.container) is list else self._key] = text
        self.finish(text)
