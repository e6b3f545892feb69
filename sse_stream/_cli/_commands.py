"""What the commands do."""

from __future__ import annotations

import argparse
import sys
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import ModuleType
from typing import BinaryIO

import msgspec

from .._errors import SSEStreamError
from .._sources._protocols import ByteSource
from .._streams._sse import iter_sse
from .._streams._sync import ChatStream
from ..dialects import Dialect
from ..testing import ReplayServer, Reply, Request
from ._apis import APIS, UsageError, chat_request
from ._exit_codes import Exit, asides, outcome, say, what_came
from ._output import Screen, counted, figures, harmless


def demo(_: argparse.Namespace) -> Exit:
    """Stream the recording of the demonstration over HTTP, and show what came."""
    httpx = _import_httpx()
    if httpx is None:
        return Exit.BAD_USAGE
    from ._demo import recording

    screen = Screen(sys.stdout, sys.stderr)
    with (
        ReplayServer(recording(), pace=0.018) as server,
        httpx.Client(trust_env=False) as client,  # a proxy would not find this machine's loopback
    ):
        payload = {"model": "replay-1", "messages": [{"role": "user", "content": "Show me a stream."}], "stream": True}
        started = monotonic()
        with client.stream("POST", server.chat_url, json=payload) as response:
            stream = ChatStream(response, request_started=started)
            code = _follow(stream, screen)
    if code is Exit.COMPLETE:
        screen.line("")
        for line in (*asides(stream, 0), *figures(stream)):
            screen.line(line)
    return code


def read(options: argparse.Namespace) -> Exit:
    """Show a stream from a file or from standard input."""
    if options.file == "-":
        if sys.stdin.isatty():
            say("reading from the terminal; Ctrl-D ends it, and --help shows what else can be read")
        return _show(sys.stdin.buffer, options)
    try:
        file: BinaryIO = Path(options.file).open("rb")  # noqa: SIM115  # the stream closes it
    except OSError as error:
        say(f"cannot read {options.file}: {error.strerror}. Give the path of a recorded stream")
        return Exit.BAD_USAGE
    with file:
        return _show(file, options)


def chat(options: argparse.Namespace) -> Exit:
    """Ask a server, and show its answer."""
    api = APIS[options.api]
    try:
        url, headers, payload = chat_request(
            api,
            options.prompt,
            model=options.model,
            base_url=options.base_url,
            api_key=options.api_key,
            wants_usage=not options.no_usage,
        )
    except UsageError as error:
        say(str(error))
        return Exit.BAD_USAGE
    httpx = _import_httpx()
    if httpx is None:
        return Exit.BAD_USAGE
    started = monotonic()
    try:
        with (
            httpx.Client(timeout=httpx.Timeout(options.timeout, connect=10.0)) as client,
            client.stream("POST", url, json=payload, headers=headers) as response,
        ):
            dialect = None if api.dialect is None else api.dialect()
            return _show(response, options, request_started=started, dialect=dialect)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        say(f"{url} is no URL that can be asked: {error}. It begins with https:// or http://")
        return Exit.BAD_USAGE
    except httpx.HTTPError as error:
        say(f"{url} gave no answer: {error or type(error).__name__}. Check the base URL and the network")
        return Exit.TRANSPORT_ERROR
    except KeyboardInterrupt:
        say("interrupted before an answer came; the connection is closed")
        return Exit.INTERRUPTED


def serve(options: argparse.Namespace) -> Exit:
    """Serve a recording until Ctrl-C."""
    try:
        reply = Reply(options.file, pace=options.pace, cut=options.cut, fault=options.fault)
        if options.cut is None and options.pace:
            reply = Reply(_events_of(options.file.read_bytes()), pace=options.pace, fault=options.fault)
    except (OSError, ValueError) as error:
        say(f"cannot serve {options.file}: {error}")
        return Exit.BAD_USAGE

    def answer(request: Request) -> Reply:
        say(f"{request.method} {request.path}, on connection {request.connection}")
        return reply

    # Ctrl-C ends it well whenever it comes: a client may know the URL before the last line is printed.
    with suppress(KeyboardInterrupt), ReplayServer(script=answer) as server:
        print(f"serving {options.file} at {server.chat_url}", flush=True)
        print(f"base URL: {server.base_url}; stop with Ctrl-C", flush=True)
        threading.Event().wait()
    return Exit.COMPLETE


def _events_of(body: bytes) -> list[bytes]:
    """The body in pieces, each up to and with a blank line."""
    pieces = [b""]
    for line in body.splitlines(keepends=True):
        pieces[-1] += line
        if not line.strip():
            pieces.append(b"")
    return pieces


def _import_httpx() -> ModuleType | None:
    try:
        import httpx
    except ImportError:
        say("this command needs httpx: pip install 'sse-stream[httpx]'")
        return None
    return httpx


# ------------------------------------------------------------------------------------------- streams


def _show(
    source: ByteSource,
    options: argparse.Namespace,
    *,
    request_started: float | None = None,
    dialect: Dialect | None = None,
) -> Exit:
    """Read a stream to its end, and show of it what was asked for."""
    if options.sse:
        return _show_sse(source, stats=options.stats)
    stream = ChatStream(source, dialect=dialect, request_started=request_started)
    plain = not (options.events or options.completion)
    screen = Screen(sys.stdout, sys.stderr, choice=options.choice, live=plain or not sys.stdout.isatty())
    code = _follow(stream, screen, text=plain, events=options.events)
    if options.completion:
        screen.line(msgspec.json.format(msgspec.json.encode(stream.completion.to_dict())).decode())
    if plain:
        for line in asides(stream, options.choice):
            print(line, file=sys.stderr, flush=True)
    if options.stats:
        for line in figures(stream, options.choice):
            print(harmless(line), file=sys.stderr, flush=True)
    return code


def _follow(stream: ChatStream, screen: Screen, *, text: bool = True, events: bool = False) -> Exit:
    """Show the events as they arrive, then say on standard error how it ended, if it did not end well."""
    code = Exit.COMPLETE
    message = ""
    try:
        with stream:
            for event in stream:
                if text:
                    screen.show(event)
                elif events:
                    screen.line(msgspec.json.encode(event).decode())
                screen.update(stream)
    except SSEStreamError as error:
        code, message = outcome(error)
    except KeyboardInterrupt:
        code, message = Exit.INTERRUPTED, f"interrupted; the connection is closed. {what_came(stream)}"
    finally:
        screen.close()
    if message:
        say(message)
    return code


def _show_sse(source: ByteSource, *, stats: bool) -> Exit:
    count = comments = 0

    def count_comment(_: str) -> None:
        nonlocal comments
        comments += 1

    code = Exit.COMPLETE
    try:
        for event in iter_sse(source, on_comment=count_comment):
            count += 1
            print(msgspec.json.encode(event).decode(), flush=True)
    except SSEStreamError as error:
        code, message = outcome(error)
        say(message)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
        say(f"interrupted; {counted(count, 'event')} had arrived")
    if stats:
        print(f"{counted(count, 'event')}, {counted(comments, 'comment')}", file=sys.stderr, flush=True)
    return code
