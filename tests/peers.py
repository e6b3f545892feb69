"""Compare other clients on the same bytes: the tables of `docs/explanation/peers.md`.

    python -m tests.peers [--write]

Prints the tables for the installed clients, with their versions; `--write` puts them into the page. The first table
runs the rows of `tests/sse/test_decoder.py` through each decoder, whole and split at every place; the second serves a
few chat streams over HTTP and reports how each client's loop ends.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

from sse_stream import ChatStream, iter_sse
from sse_stream.testing import EndAt, ReplayServer, bytewise, every_cut

from .docs.answers import DONE, STOP, event, piece
from .sse.test_decoder import ROWS, Row

PAGE = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "peers.md"

# The standard sets no bound on the digits of `retry`; these two rows are about ours.
NOT_OF_THE_STANDARD = ("retry may have 640 digits", "retry of more digits is ignored")

Seen: TypeAlias = list[tuple[str, str]]
Decode: TypeAlias = Callable[[list[bytes]], Seen]


def conformance_rows() -> list[Row]:
    """The rows that say what the standard says."""
    return [row for row in ROWS if row.rule not in NOT_OF_THE_STANDARD]


# ---------------------------------------------------------------------------------------- the decoders


def sse_stream_events(pieces: list[bytes]) -> Seen:
    return [(found.data, found.event) for found in iter_sse(pieces)]


def openai_events(pieces: list[bytes]) -> Seen:
    from openai._streaming import SSEDecoder as OpenAIDecoder

    return [(found.data, found.event or "message") for found in OpenAIDecoder().iter_bytes(iter(pieces))]


def anthropic_events(pieces: list[bytes]) -> Seen:
    from anthropic._streaming import SSEDecoder as AnthropicDecoder

    return [(found.data, found.event or "message") for found in AnthropicDecoder().iter_bytes(iter(pieces))]


def httpx_sse_events(pieces: list[bytes]) -> Seen:
    import httpx
    from httpx_sse import EventSource

    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=iter(pieces))
    return [(found.data, found.event) for found in EventSource(response).iter_sse()]


def httpx2_events(pieces: list[bytes]) -> Seen:
    import httpx2

    response = httpx2.Response(
        200,
        headers={"content-type": "text/event-stream"},
        content=iter(pieces),
        request=httpx2.Request("POST", "http://localhost/"),
    )
    return [(found.data, found.event or "message") for found in httpx2.EventSource(response)]


def sseclient_events(pieces: list[bytes]) -> Seen:
    import sseclient

    return [(found.data, found.event) for found in sseclient.SSEClient(iter(pieces)).events()]


def by_hand_events(pieces: list[bytes]) -> Seen:
    """The loop that many programs have: lines of httpx, those that begin with "data: "."""
    import httpx

    lines = httpx.Response(200, content=iter(pieces)).iter_lines()
    return [(line.removeprefix("data: "), "message") for line in lines if line.startswith("data: ")]


# Each with the distribution whose version counts, and the module that must be there.
DECODERS: dict[str, tuple[str, str, Decode]] = {
    "sse_stream": ("", "sse_stream", sse_stream_events),
    "openai, its decoder": ("openai", "openai", openai_events),
    "anthropic, its decoder": ("anthropic", "anthropic", anthropic_events),
    "httpx-sse": ("httpx-sse", "httpx_sse", httpx_sse_events),
    "httpx2, `EventSource`": ("httpx2", "httpx2", httpx2_events),
    "sseclient-py": ("sseclient-py", "sseclient", sseclient_events),
    "`iter_lines()` of httpx, hand-written loop": ("httpx", "httpx", by_hand_events),
}


def conforms(decode: Decode, row: Row, cuts: Iterable[list[bytes]]) -> bool:
    wanted = [(found.data, found.event) for found in row.events]
    try:
        return all(decode(pieces) == wanted for pieces in cuts)
    except Exception:  # an exception on a well-defined body is a failed row, whatever it is
        return False


def passed(decode: Decode) -> tuple[int, int]:
    """How many rows a decoder passes whole, and how many however they are cut."""
    rows = conformance_rows()
    whole = [row for row in rows if conforms(decode, row, [[row.body]])]
    cut = [row for row in whole if conforms(decode, row, [bytewise(row.body), *every_cut(row.body)])]
    return len(whole), len(cut)


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def conformance() -> list[list[str]]:
    """The first table."""
    total = len(conformance_rows())
    table = [["decoder", "version", f"of {total} rows, whole", "split"]]
    for name, (distribution, module, decode) in DECODERS.items():
        if installed(module):
            whole, cut = passed(decode)
            table.append([name, version(distribution) if distribution else "this one", str(whole), str(cut)])
    return table


# ------------------------------------------------------------------------------------------ chat streams

HI = piece({"content": "Hi"})
HALF = piece({"content": "Hi, I"})
ERROR = b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'

# What the server sends, by what it is. A fault ends the body early, and HTTP sees nothing wrong with that.
STREAMS: dict[str, bytes] = {
    "complete": HI + STOP + DONE,
    "cut off after some text": HALF,
    "cut off inside an event": HALF + HI[:40],
    "no `[DONE]`, but a finish reason": HI + STOP,
    "an `error` payload after some text": HALF + ERROR,
    "`event: error` with a plain message": HALF + b'event: error\ndata: {"message": "overloaded"}\n\n',
    "an `error` field, as llama.cpp sends": HALF + b'error: {"code": 500, "message": "overloaded"}\n\n',
    "a block with only `retry:`": b"retry: 3000\n\n" + HI + STOP + DONE,
    "keep-alives as `data: : ping`": b"data: : ping\n\n" + HI + STOP + DONE,
    "events separated by one newline": (HI + STOP + DONE).replace(b"\n\n", b"\n") + b"\n",
    "a BOM at the beginning": b"\xef\xbb\xbf" + HI + STOP + DONE,
    "the last event without its blank line": (HI + STOP + DONE).rstrip(b"\n"),
    "`choices: null` in the usage chunk": HI + STOP + event([]).replace(b'"choices": []', b'"choices": null') + DONE,
}


def outcome(texts: Iterator[str]) -> str:
    """What a loop over a client's pieces of text sees, in words."""
    said = ""
    try:
        for text in texts:
            said += text
    except Exception as error:  # whatever a client raises is its answer
        return f"{said!r}, then `{type(error).__name__}`"
    return f"{said!r}, and the loop ends"


def sse_stream_text(server: ReplayServer) -> Iterator[str]:
    import httpx

    with httpx.stream("POST", server.chat_url) as response, ChatStream(response) as stream:
        yield from stream.iter_text()


def openai_text(server: ReplayServer) -> Iterator[str]:
    from openai import OpenAI

    with OpenAI(api_key="none", base_url=server.base_url, max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "Hello"}]
        with client.chat.completions.create(model="replay", messages=messages, stream=True) as stream:
            for chunk in stream:
                for choice in chunk.choices:
                    yield choice.delta.content or ""


def httpx_sse_text(server: ReplayServer) -> Iterator[str]:
    import httpx
    from httpx_sse import connect_sse

    with httpx.Client() as client, connect_sse(client, "POST", server.chat_url) as source:
        for found in source.iter_sse():
            if found.data == "[DONE]":
                break
            for choice in found.json()["choices"]:
                yield choice["delta"].get("content") or ""


# Each with the row of the first table that tells its version.
CLIENTS: dict[str, tuple[str, Callable[[ReplayServer], Iterator[str]]]] = {
    "sse_stream, `iter_text()`": ("sse_stream", sse_stream_text),
    "openai, `create(stream=True)`": ("openai, its decoder", openai_text),
    "httpx-sse and `json.loads`": ("httpx-sse", httpx_sse_text),
}


def chats() -> list[list[str]]:
    """The second table."""
    clients = {name: text for name, (decoder, text) in CLIENTS.items() if installed(DECODERS[decoder][1])}
    table = [["the server sends", *clients]]
    for what, body in STREAMS.items():
        found = []
        for text in clients.values():
            with ReplayServer(body, fault=EndAt(len(body))) as server:
                found.append(outcome(text(server)))
        table.append([what, *found])
    return table


def rendered(table: list[list[str]]) -> str:
    head, *rows = table
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)) + "\n"


def place_of(name: str) -> re.Pattern[str]:
    """Where the page has the table of that name."""
    return re.compile(rf"(?<=<!-- {name} -->\n\n).*?(?=\n<!-- /{name} -->)", re.DOTALL)


def shown(page: str, name: str) -> list[list[str]]:
    """A table as the page has it."""
    found = place_of(name).search(page)
    lines = found[0].splitlines() if found is not None else []
    return [line.strip("| ").split(" | ") for line in lines if not line.startswith("| ---")]


def written(page: str) -> str:
    """The page with its tables made anew."""
    for name, table in (("conformance", conformance()), ("chats", chats())):
        page = place_of(name).sub(rendered(table).replace("\\", r"\\"), page)
    return page


def contradictions(page: str) -> list[str]:
    """What the page says of a client and the client does not do, though its version is the one on the page."""
    stated = {row[0]: row for row in shown(page, "conformance")}
    made = {row[0]: row for row in conformance()}
    same = {name for name, row in made.items() if name in stated and row[1] == stated[name][1]}
    found = [name for name in made if name in same and made[name] != stated[name]]
    stated_chats, made_chats = shown(page, "chats"), chats()
    for client, (decoder, _) in CLIENTS.items():
        if decoder in same and column(made_chats, client) != column(stated_chats, client):
            found.append(client)
    return found


def column(table: list[list[str]], name: str) -> list[tuple[str, str]]:
    position = table[0].index(name)
    return [(row[0], row[position]) for row in table]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    if parser.parse_args().write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(rendered(conformance()))
        print(rendered(chats()))


if __name__ == "__main__":
    main()
