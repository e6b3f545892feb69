"""`sse-stream read URL --follow`: print a server's events, reconnecting as needed."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
from shlex import quote
from types import ModuleType

import msgspec

from .._errors import SSEStreamError
from .._sources._protocols import HttpxResponse
from .._sse._reconnect import Attempt
from .._streams._event_source import EventSource
from ._apis import shown_url
from ._exit_codes import Exit, outcome, say
from ._output import counted

# In seconds, longer than the usual interval between keep-alives.
_READ_TIMEOUT = 300.0


def follow(options: argparse.Namespace, httpx: ModuleType) -> Exit:
    """Print the events, one JSON object per line, until the server answers 204 or the user presses Ctrl-C."""
    url: str = options.file
    if not url.startswith(("http://", "https://")):
        say(f"--follow requires a URL that starts with https:// or http://, got {shown_url(url)!r}")
        return Exit.BAD_USAGE
    if options.events or options.completion:
        say("--follow prints server-sent events; remove --events or --completion")
        return Exit.BAD_USAGE
    count = 0
    attempt: Attempt | None = None
    code = Exit.COMPLETE
    try:
        timeout = httpx.Timeout(10.0, read=_READ_TIMEOUT)
        with httpx.Client(timeout=timeout, follow_redirects=True) as client:

            def connect(next_attempt: Attempt) -> AbstractContextManager[HttpxResponse]:
                nonlocal attempt
                attempt = next_attempt
                if attempt.cause is not None:
                    say(f"{attempt.cause}; reconnecting")
                opened: AbstractContextManager[HttpxResponse] = client.stream("GET", url, headers=attempt.headers)
                return opened

            with EventSource(connect, last_event_id=options.last_event_id) as source:
                try:
                    for event in source:
                        count += 1
                        print(msgspec.json.encode(event).decode(), flush=True)
                except KeyboardInterrupt:
                    code = Exit.INTERRUPTED
                    say(f"interrupted after {counted(count, 'event')}. {_resume_hint(source.last_event_id)}")
    except SSEStreamError as error:
        code = outcome(error)[0]
        say(f"{error}. Not reconnecting")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
        code = Exit.BAD_USAGE
        say(f"cannot read {shown_url(url)}: {error}")
    if options.stats:
        say(f"{counted(count, 'event')} over {counted(0 if attempt is None else attempt.number, 'connection')}")
    return code


def _resume_hint(last_event_id: str) -> str:
    if not last_event_id:
        return "The events have no id to resume from"
    return f"Resume with --last-event-id {quote(last_event_id)}"
