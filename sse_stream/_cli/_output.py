"""Output of the command line: text as it arrives, a status line on terminals, statistics at the end."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import TextIO

from .._chat._events import ChatEvent, ReasoningDelta, TextDelta
from .._chat._reports import Usage
from .._streams._sync import ChatStream
from .._streams._timings import StreamTimings
from ._wrapping import WordWrap, terminal_size, wrapped

# Model output must not control the terminal: all control characters except tab and newline are escaped.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
# DECSC and DECRC save and restore the cursor's position, its attributes and a pending wrap.
_SAVE, _RESTORE = "\x1b7", "\x1b8"
ERASE_LINE = "\x1b[2K"

# The column width of a statistic's name; a terminal narrower than _NARROW shows the name on its own line.
_NAME = 20
_NARROW = 60

# Minimum interval between updates of the status line, in seconds.
REFRESH = 0.1


def prepare(out: TextIO) -> None:
    """Let standard output carry any text: in a terminal's own encoding, and as UTF-8 to files and pipes."""
    if isinstance(out, io.TextIOWrapper):
        if out.isatty():
            out.reconfigure(errors="replace")
        else:
            out.reconfigure(encoding="utf-8", errors="replace", newline="\n")


def is_colorless() -> bool:
    """Whether `NO_COLOR` is set, "when present and not an empty string" (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def is_dumb() -> bool:
    """Whether the terminal interprets no escape sequences."""
    return os.environ.get("TERM") == "dumb"


def harmless(text: str) -> str:
    """Escape the control characters of a text."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


class Screen:
    """Standard output and standard error, each of which may be a terminal.

    Text goes to standard output, unchanged unless that is a terminal. Reasoning is shown on terminals only, dim,
    indented and wrapped. If standard error is a terminal, it shows a status line, which `close` erases.

    Args:
        out: Standard output.
        err: Standard error.
        choice: The index of the choice to show.
        status_line: Whether to show a status line.
    """

    def __init__(self, out: TextIO, err: TextIO, *, choice: int = 0, status_line: bool = True) -> None:
        self._out = out
        self._err = err
        self._choice = choice
        able = not is_dumb()
        self._on_terminal = out.isatty()
        self._dims = self._on_terminal and able and not is_colorless()
        self._status_line = (
            _StatusLine(err, shared=self._on_terminal) if status_line and able and err.isatty() else None
        )
        self._wrap: WordWrap | None = None  # wraps reasoning; None while text is written
        self._line_open = False  # whether the last output did not end with a newline

    def show(self, event: ChatEvent) -> None:
        """Write the event's text or reasoning without buffering."""
        match event:
            case TextDelta(text, choice) if choice == self._choice:
                self._part(reasoning=False)
                self._write(text)
            case ReasoningDelta(text, choice) if choice == self._choice and self._on_terminal:
                self._part(reasoning=True)
                if self._wrap is not None:
                    self._write(self._wrap.add(harmless(text)))

    def update(self, stream: ChatStream) -> None:
        """Update the status line."""
        if self._status_line is not None:
            self._status_line.update(stream)

    def line(self, text: str) -> None:
        """Write a line to standard output."""
        print(text, file=self._out, flush=True)

    def close(self) -> None:
        """Erase the status line, and end an unfinished line of text."""
        self._part(reasoning=False)
        if self._status_line is not None:
            self._status_line.erase()
        if self._line_open:
            self._line_open = False
            self.line("")

    def _part(self, *, reasoning: bool) -> None:
        if reasoning == (self._wrap is not None):
            return
        dim = (_DIM if reasoning else _PLAIN) if self._dims else ""
        if self._wrap is not None:
            self._write(self._wrap.end())
        self._wrap = WordWrap(terminal_size(self._out).columns - 1, indent="  ") if reasoning else None
        gap = "\n\n" if self._line_open else ""
        self._line_open = self._line_open and not gap
        print(gap + dim if reasoning else dim + gap, end="", file=self._out, flush=True)

    def _write(self, text: str) -> None:
        if text:
            self._line_open = not text.endswith("\n")
            print(harmless(text) if self._on_terminal else text, end="", file=self._out, flush=True)


class _StatusLine:
    """A status line that is redrawn in place: the terminal's last line if text is shown above it."""

    def __init__(self, err: TextIO, *, shared: bool) -> None:
        self._err = err
        self._shared = shared  # whether text is written to the same terminal
        self._size = os.terminal_size((0, 0))
        self._due = monotonic()
        self._draw("waiting for the first token", "waiting for the first token")

    def update(self, stream: ChatStream) -> None:
        now = monotonic()
        if now >= self._due:
            self._due = now + REFRESH
            self._draw(*_progress(stream.timings))

    def erase(self) -> None:
        if not self._size.lines:
            return
        end = f"{_SAVE}\x1b[r\x1b[{self._size.lines};1H{ERASE_LINE}{_RESTORE}" if self._shared else f"\r{ERASE_LINE}"
        self._size = os.terminal_size((0, 0))
        print(end, end="", file=self._err, flush=True)

    def _draw(self, status: str, short_status: str) -> None:
        size = terminal_size(self._err)
        if size.lines < 3:
            return
        status = (status if len(status) < size.columns else short_status)[: size.columns - 1]
        if not is_colorless():
            status = f"{_DIM}{status}{_PLAIN}"
        if self._shared:
            # Text scrolls in a region that excludes the last line.
            begin = ""
            if size != self._size:
                room = "" if self._size.lines else "\n"
                begin = f"{room}{_SAVE}\x1b[1;{size.lines - 1}r{_RESTORE}" + ("\x1b[1A" if room else "")
            status = f"{begin}{_SAVE}\x1b[{size.lines};1H{ERASE_LINE}{status}{_RESTORE}"
        else:
            status = f"\r{ERASE_LINE}{status}"
        self._size = size
        print(status, end="", file=self._err, flush=True)


def _progress(timings: StreamTimings) -> tuple[str, str]:
    """Return the text of the status line, in full and for narrow terminals."""
    if timings.time_to_first_token is None:
        keepalives = counted(timings.keepalives, "keep-alive")
        return f"waiting for the first token, {keepalives} so far", f"waiting, {keepalives} so far"
    first, speed = f"first token {timings.time_to_first_token:.2f} s", ""
    exact = timings.tokens_per_second
    seconds = (timings.duration or 0) - timings.time_to_first_token
    if exact is not None:
        speed = f", {exact:.1f} tokens/s"
    elif timings.deltas > 1 and seconds > 0:
        # Usage arrives at the end. Until then, count each delta as a token; "~" marks the estimate.
        speed = f", ~{(timings.deltas - 1) / seconds:.1f} tokens/s"
    return f"time to {first}{speed}", f"{first}{speed}"


def fitting(lines: Iterable[str], out: TextIO) -> Iterator[str]:
    """Escape control characters, and wrap the lines if `out` is a terminal."""
    width = terminal_size(out).columns - 1 if out.isatty() else None
    for line in map(harmless, lines):
        yield line if width is None else wrapped(line, width, indent="  ", first="")


def figures(stream: ChatStream, out: TextIO, choice: int = 0) -> Iterator[str]:
    """Yield the statistics of a stream, wrapped if `out` is a terminal: ending, usage, timings and anomalies."""
    width = terminal_size(out).columns - 1 if out.isatty() else None
    for name, value in _figures(stream, choice):
        if width is None:
            yield f"{name:<{_NAME}} {harmless(value)}"
        elif width < _NARROW:
            yield f"{name}\n{wrapped(harmless(value), width, indent='  ')}"
        else:
            yield wrapped(harmless(value), width, indent=" " * (_NAME + 1), first=f"{name:<{_NAME}} ")


def _figures(stream: ChatStream, choice: int) -> Iterator[tuple[str, str]]:
    completion, timings = stream.completion, stream.timings
    yield "ending", stream.ending
    chosen = [one for one in completion.choices if one.index == choice]
    yield "finish reason", (chosen[0].finish_reason if chosen else None) or "none"
    yield "usage", _counts(completion.usage)
    since = "the request" if timings.basis == "request" else "the start of reading"
    if timings.time_to_first_byte is not None:
        yield "time to first byte", f"{timings.time_to_first_byte:.3f} s from {since}"
    if timings.time_to_first_token is not None:
        yield "time to first token", f"{timings.time_to_first_token:.3f} s"
    if timings.duration is not None:
        yield "duration", f"{timings.duration:.3f} s"
    if timings.tokens_per_second is not None and timings.time_per_output_token is not None:
        each = timings.time_per_output_token * 1000
        yield "speed", f"{timings.tokens_per_second:.1f} tokens/s, {each:.1f} ms per token after the first"
    if timings.mean_gap is not None and timings.longest_gap is not None:
        mean, longest = timings.mean_gap * 1000, timings.longest_gap * 1000
        yield "gaps between deltas", f"{mean:.1f} ms on average, {longest:.1f} ms at most"
    counts = {
        "byte": timings.bytes,
        "event": timings.events,
        "chunk": timings.chunks,
        "delta": timings.deltas,
        "keep-alive": timings.keepalives,
    }
    yield "received", ", ".join(counted(count, name) for name, count in counts.items())
    for anomaly in stream.anomalies:
        found = f"{anomaly.kind}, {counted(anomaly.count, 'time')}, first: {anomaly.sample!r}"
        yield "anomaly", f"{found} ({anomaly.level})"


def _counts(usage: Usage | None) -> str:
    if usage is None:
        return "not reported"
    counts = {"prompt": usage.prompt_tokens, "completion": usage.completion_tokens, "total": usage.total_tokens}
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count is not None) + " tokens"


def counted(count: int, name: str) -> str:
    """Format a count and its noun, in the plural unless the count is one."""
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
