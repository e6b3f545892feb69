"""The command `check`, for the stream of a recording or a server."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Self, TextIO

import msgspec

from ..checks import RULES, Report
from ..checks._capture import Capture, captured
from ..checks._check import FRAMING, reporter
from ..checks._table import table
from ..checks._text import explanation
from ._apis import APIS, UsageError, chat_request, shown_url
from ._exit_codes import Exit, say
from ._output import ERASE_LINE, REFRESH, harmless, is_colorless, is_dumb
from ._wrapping import terminal_size

if TYPE_CHECKING:
    import httpx

_URLS = ("http://", "https://")

_PROMPT = "Count from one to twenty, in words."


def check(options: argparse.Namespace) -> Exit:
    """Check the stream of a recording or a server, and print the findings."""
    try:
        if options.explain is not None:
            return _explain(options.explain)
        if options.table is not None:
            return _tabulate(Path(options.table), options)
        make = reporter(
            _dialect(options),
            options.profile,
            options.select,
            options.ignore,
            name=_name(options.file),
        )
        report = make(_capture(options))
    except _NoResponseError as error:
        say(str(error))
        return Exit.TRANSPORT_ERROR
    except (ValueError, UsageError) as error:
        say(str(error))
        return Exit.BAD_USAGE
    except KeyboardInterrupt:
        say("interrupted before the stream was checked")
        return Exit.INTERRUPTED
    _print(report, options)
    return Exit.FINDINGS if report.fails(options.fail_on) else Exit.COMPLETE


def _name(given: str | None) -> str:
    """The name of what is checked, in the report."""
    return "" if given is None or given == "-" else shown_url(given)


def _dialect(options: argparse.Namespace) -> str | None:
    """The format to check for: that of the API, if its own kind of request is sent; `None` to detect it."""
    is_asked = options.file is not None and options.file.startswith(_URLS) and options.data is None
    dialect: str | None = options.dialect
    return APIS[options.api].format if dialect is None and is_asked else dialect


def _print(report: Report, options: argparse.Namespace) -> None:
    out = sys.stdout
    on_terminal = out.isatty()
    color = on_terminal and not is_colorless() and not is_dumb()
    width = terminal_size(out).columns if on_terminal else 80
    print(report.render(options.format, fail_on=options.fail_on, width=min(width, 100), color=color))


def _explain(selector: str) -> Exit:
    rules = [rule for rule in RULES if rule.is_meant_by(selector)]
    if not rules:
        raise ValueError(
            f"unknown rule {selector!r}: pass an id or a name from a report, such as SSE001 or invalid_utf8"
        )
    width = min(terminal_size(sys.stdout).columns, 100)
    print("\n\n".join(explanation(rule, width) for rule in rules))
    return Exit.COMPLETE


def _tabulate(folder: Path, options: argparse.Namespace) -> Exit:
    """Print a table of recordings, with a row for each first word of their file names."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: pass --table a folder of recordings")
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".sse", ".txt") and path.is_file())
    if not files:
        raise ValueError(f"no recordings in {folder}: expected files named *.sse or *.txt")
    found = []
    with _Progress(sys.stderr) as progress:
        for number, path in enumerate(files, 1):
            make = reporter(options.dialect, options.profile, options.select, options.ignore, name=str(path))
            found.append((path.stem.partition("-")[0], make(_recording(path, str(path)))))
            progress.show(f"{number:,} of {len(files):,} recordings")
    print(table(found))
    is_failed = any(report.fails(options.fail_on) for _, report in found)
    return Exit.FINDINGS if is_failed else Exit.COMPLETE


def _capture(options: argparse.Namespace) -> Capture:
    """Read the whole stream to check.

    Raises:
        UsageError: An argument is missing or invalid, or a file cannot be read.
        _NoResponseError: The server sent none.
    """
    if options.file is None:
        raise UsageError("nothing to check: pass the path of a recording, - for standard input, or a URL")
    if options.file.startswith(_URLS):
        return _ask(options)
    if options.file != "-":
        return _recording(Path(options.file), shown_url(options.file))
    if sys.stdin is None:
        raise UsageError("standard input is closed: pass the path of a recorded stream")
    if sys.stdin.isatty():
        say("reading from the terminal: press Ctrl-D to end the input")
    return captured(sys.stdin.buffer.read(), None)


def _recording(path: Path, name: str) -> Capture:
    try:
        return captured(path.read_bytes(), None)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}. Pass the path of a recorded stream") from None


# ------------------------------------------------------------------------------------------- live


class _NoResponseError(Exception):
    """The server could not be reached, or sent no response; the message says why."""


def _ask(options: argparse.Namespace) -> Capture:
    """Send a request, and record the response with its arrival times.

    Raises:
        UsageError: An argument is missing or invalid.
        _NoResponseError: The server sent none.
    """
    try:
        import httpx
    except ImportError:
        raise UsageError("checking a URL requires httpx: pip install 'sse-stream[httpx]'") from None
    method, url, headers, payload = _request(options)
    timeout = httpx.Timeout(options.timeout, connect=10.0)
    try:
        with httpx.Client(timeout=timeout) as client, _Progress(sys.stderr) as progress:
            progress.show(f"waiting for {shown_url(url)}")
            request = client.stream(method, url, headers=headers, json=payload)
            capture = captured(request, monotonic, lambda size: progress.show(f"{size:,} bytes received"))
            # The client itself closes a connection on which a response has not ended.
            is_reused = _is_reused(client, url, headers) if not capture.broken else None
            return msgspec.structs.replace(capture, is_reused=is_reused, wants_usage=_wants_usage(payload))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise UsageError(f"invalid URL {shown_url(url)}: {error}") from None
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise _NoResponseError(f"no response from {shown_url(url)}: {reason}. Check the URL and the network") from None


def _request(options: argparse.Namespace) -> tuple[str, str, dict[str, str], object]:
    """Return the method, the URL, the headers and the body of the request.

    Raises:
        UsageError: The model is missing, or the key is not valid in a header.
    """
    own = {name.lower(): value for name, value in options.header}
    if options.data is not None:
        return "POST", options.file, {"accept": "text/event-stream", **own}, options.data
    if options.dialect == FRAMING:
        return "GET", options.file, {"accept": "text/event-stream", **own}, None
    url, headers, payload = chat_request(
        APIS[options.api], _PROMPT, model=options.model, base_url=options.file, api_key=options.api_key
    )
    return "POST", url, headers | own, payload


def _wants_usage(payload: object) -> bool:
    """Whether a request's body asks for usage in the stream."""
    options = payload.get("stream_options") if isinstance(payload, dict) else None
    return isinstance(options, dict) and options.get("include_usage") is True


def _is_reused(client: httpx.Client, url: str, headers: dict[str, str]) -> bool | None:
    """Whether another request, which generates nothing, reuses the stream's connection; `None` if it failed."""
    import httpx

    opened: list[str] = []

    def trace(name: str, _: object) -> None:
        if name == "connection.connect_tcp.started":
            opened.append(name)

    try:
        client.options(url, headers=headers, extensions={"trace": trace}, timeout=5.0)
    except httpx.HTTPError:
        return None
    return not opened


class _Progress:
    """A progress line, shown on terminals only.

    Args:
        err: Standard error.
    """

    def __init__(self, err: TextIO) -> None:
        self._err = err
        self._is_shown = err.isatty() and not is_dumb()
        self._next = 0.0

    def show(self, text: str) -> None:
        """Update the line."""
        if self._is_shown and monotonic() >= self._next:
            self._next = monotonic() + REFRESH
            line = harmless(text)[: terminal_size(self._err).columns - 1]
            print(f"\r{ERASE_LINE}{line}", end="", file=self._err, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            print(f"\r{ERASE_LINE}", end="", file=self._err, flush=True)
