"""The commands `demo`, `read`, `chat` and `serve`."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from types import ModuleType

import msgspec

from .._errors import SSEStreamError
from .._sources._protocols import HttpxResponse
from .._streams._sse import iter_sse
from .._streams._sync import ChatStream
from ..testing import ReplayServer, Reply, Request
from ._apis import APIS, Prompt, UsageError, chat_request, shown_url
from ._exit_codes import Exit, asides, missing_choice, no_stream, outcome, received, say
from ._follow import follow
from ._input import Input
from ._output import Screen, counted, figures, fitting


def demo(_: argparse.Namespace) -> Exit:
    """Stream a sample answer over HTTP, then print its statistics."""
    # urllib, so that the demo needs no further package.
    from urllib.request import ProxyHandler, Request, build_opener

    from ._demo import answer

    screen = Screen(sys.stdout, sys.stderr)
    with ReplayServer(answer()) as server:
        payload = msgspec.json.encode(APIS["chat"].payload(Prompt("replay-1", "Show me a stream.")))
        request = Request(server.chat_url, payload, {"Content-Type": "application/json"})  # noqa: S310  # our own server
        started = monotonic()
        # Bypass proxies: they cannot reach this machine's loopback interface.
        with build_opener(ProxyHandler({})).open(request) as response:
            stream = ChatStream(response, request_started=started)
            code = _follow(stream, screen)
    if code is Exit.COMPLETE:
        screen.line("")
        for line in fitting(asides(stream, 0), sys.stdout):
            screen.line(line)
        for line in figures(stream, sys.stdout):
            screen.line(line)
    return code


def read(options: argparse.Namespace) -> Exit:
    """Print a stream from a file or standard input, or follow a URL."""
    if options.follow:
        httpx = _import_httpx()
        return Exit.BAD_USAGE if httpx is None else follow(options, httpx)
    if options.file == "-":
        if sys.stdin.isatty():
            say("reading from the terminal: press Ctrl-D to end the input, or see --help for other sources")
        return _show(Input(sys.stdin.buffer), options)
    try:
        file = Path(options.file).open("rb")  # noqa: SIM115  # the stream closes it
    except OSError as error:
        say(f"cannot read {shown_url(options.file)}: {error.strerror}. Pass the path of a recorded stream")
        return Exit.BAD_USAGE
    with file:
        return _show(Input(file), options)


def chat(options: argparse.Namespace) -> Exit:
    """Send a prompt and print the answer as it arrives."""
    try:
        url, headers, payload = chat_request(
            APIS[options.api],
            options.prompt,
            model=options.model,
            base_url=options.base_url,
            api_key=options.api_key,
            system=options.system,
            wants_usage=not options.no_usage,
        )
    except UsageError as error:
        say(str(error))
        return Exit.BAD_USAGE
    httpx = _import_httpx()
    if httpx is None:
        return Exit.BAD_USAGE
    headers |= {name.lower(): value for name, value in options.header}
    payload |= dict(options.set)
    started = monotonic()
    try:
        with (
            httpx.Client(timeout=httpx.Timeout(options.timeout, connect=10.0)) as client,
            client.stream("POST", url, json=payload, headers=headers) as response,
        ):
            return _show(response, options, status=response.status_code, request_started=started)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        say(f"invalid URL {shown_url(url)}: {error}. Pass a base URL that starts with https:// or http://")
        return Exit.BAD_USAGE
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        say(f"no response from {shown_url(url)}: {reason}. Check the base URL and the network")
        return Exit.TRANSPORT_ERROR
    except KeyboardInterrupt:
        say("interrupted before the response arrived; connection closed")
        return Exit.INTERRUPTED


def serve(options: argparse.Namespace) -> Exit:
    """Serve a recording until Ctrl-C."""
    try:
        reply = Reply(options.file, pace=options.pace, cut=options.cut, fault=options.fault)
        if options.cut is None and options.pace:
            reply = Reply(_events_of(options.file.read_bytes()), pace=options.pace, fault=options.fault)
    except OSError as error:
        say(f"cannot serve {options.file}: {error.strerror}. Pass the path of a recorded stream")
        return Exit.BAD_USAGE

    def answer(request: Request) -> Reply:
        say(f"{request.method} {request.path} (connection {request.connection})")
        return reply

    server = ReplayServer(script=answer, host=options.host, port=options.port)
    # A client knows the URL from the first line printed, so Ctrl-C may arrive before the second.
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        try:
            stack.enter_context(server)
        except OSError as error:
            reason = str(error.strerror).partition(" (")[0]  # `socket` appends the address in parentheses
            say(f"cannot listen on {options.host}, port {options.port}: {reason}. Pass another --port or --host")
            return Exit.BAD_USAGE
        print(f"serving {options.file} at {server.chat_url}", flush=True)
        print(f"base URL: {server.base_url} (press Ctrl-C to stop)", flush=True)
        threading.Event().wait()
    return Exit.COMPLETE


def _events_of(body: bytes) -> list[bytes]:
    """Split the body after each blank line."""
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
        say("this command requires httpx: pip install 'sse-stream[httpx]'")
        return None
    return httpx


# ------------------------------------------------------------------------------------------- streams


def _show(
    source: Input | HttpxResponse,
    options: argparse.Namespace,
    *,
    status: int = 200,
    request_started: float | None = None,
) -> Exit:
    """Read a stream to its end and print what the options select."""
    if options.sse and status < 300:  # `ChatStream` raises for any other status
        return _show_sse(source, stats=options.stats)
    stream = ChatStream(source, request_started=request_started)
    choice = options.choice or 0
    plain = not (options.events or options.completion)
    screen = Screen(sys.stdout, sys.stderr, choice=choice, status_line=plain or not sys.stdout.isatty())
    code = _follow(stream, screen, source, text=plain, events=options.events)
    if options.completion and (code is Exit.COMPLETE or stream.completion.choices):
        screen.line(msgspec.json.format(msgspec.json.encode(stream.completion.to_dict())).decode())
    missing = missing_choice(stream, options.choice)
    if missing:
        say(missing)
        code = Exit.BAD_USAGE if code is Exit.COMPLETE else code
    elif plain:
        _tell(fitting(asides(stream, choice), sys.stderr))
    if options.stats:
        _tell(figures(stream, sys.stderr, choice))
    return code


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, file=sys.stderr, flush=True)


def _follow(
    stream: ChatStream,
    screen: Screen,
    source: object = None,
    *,
    text: bool = True,
    events: bool = False,
) -> Exit:
    """Print the events as they arrive; if the stream fails, report why on standard error."""
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
        # Once an event has arrived, the input is a stream, whatever follows.
        foreign = source.foreign if isinstance(source, Input) and not stream.timings.events else None
        code, message = outcome(error, foreign)
    except KeyboardInterrupt:
        code, message = Exit.INTERRUPTED, f"interrupted; connection closed. {received(stream)}"
    finally:
        screen.close()
    if message:
        say(message)
    return code


def _show_sse(source: Input | HttpxResponse, *, stats: bool) -> Exit:
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
        say(f"interrupted after {counted(count, 'event')}")
    if code is Exit.COMPLETE and not count:
        foreign = source.foreign if isinstance(source, Input) else None
        if foreign is not None or not comments:
            say(no_stream(foreign or "no events"))
            code = Exit.UNREADABLE
    if stats:
        print(f"{counted(count, 'event')}, {counted(comments, 'comment')}", file=sys.stderr, flush=True)
    return code
