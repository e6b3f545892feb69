"""Measure the cost of each layer of a chat stream, one on top of the other.

    python -m tests.benchmarks.layers [--rounds N] [--quick]

CPU microseconds per event, one event per read, medians over rounds in which the
layers take turns. Each column does everything that the previous one does and
something more, from the floor (msgspec's typed decode) to the stream; the
difference is the cost of its layer.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from sse_stream import ChatAccumulator, ChatCompletionChunk, ChatDecoder, ServerSentEvent, SSEDecoder
from sse_stream.dialects import OpenAIChat

from .chat_workloads import ChatWorkload, workloads
from .pipeline import Contender, Prepared, async_chat_stream, chat_stream, floor, measured
from .sse import print_table


def framed(workload: ChatWorkload) -> Prepared:
    """Server-sent events, of which nothing is read."""

    def read(_: list[str]) -> int:
        feed = SSEDecoder().feed
        count = -1  # the last says that it is the last
        for data in workload.reads:
            for _event in feed(data):
                count += 1
        return count

    return Prepared(read, gives_text=False)


def chunks_of(dialect: OpenAIChat) -> Callable[[ServerSentEvent], Sequence[ChatCompletionChunk]]:
    """The dialect's two ways in the order in which `ChatDecoder` takes them."""

    def chunks(event: ServerSentEvent) -> Sequence[ChatCompletionChunk]:
        chunk = dialect.decode_plain(event.data)
        if chunk is not None:
            return (chunk,)
        return [item for item in dialect.decode(event) if isinstance(item, ChatCompletionChunk)]

    return chunks


def decoded(workload: ChatWorkload) -> Prepared:
    """The chunks of the events."""

    def read(_: list[str]) -> int:
        feed = SSEDecoder().feed
        chunks = chunks_of(OpenAIChat())
        count = 0
        for data in workload.reads:
            for event in feed(data):
                for _chunk in chunks(event):
                    count += 1
        return count

    return Prepared(read, gives_text=False)


def accumulated(workload: ChatWorkload) -> Prepared:
    """What the chunks add up to, and the typed events."""

    def read(_: list[str]) -> int:
        feed = SSEDecoder().feed
        chunks = chunks_of(OpenAIChat())
        add = ChatAccumulator().add
        count = 0
        for data in workload.reads:
            for event in feed(data):
                for chunk in chunks(event):
                    count += 1
                    for _typed in add(chunk):
                        pass
        return count

    return Prepared(read, gives_text=False)


def chat_decoded(workload: ChatWorkload) -> Prepared:
    """All of that in one, with its endings, limits and anomalies."""

    def read(_: list[str]) -> int:
        decoder = ChatDecoder()
        for data in workload.reads:
            for _event in decoder.feed(data):
                pass
        for _event in decoder.close():
            pass
        return len(workload.payloads) if decoder.ending == "complete" else -1

    return Prepared(read, gives_text=False)


LAYERS: dict[str, Contender | None] = {
    "floor": floor,
    "SSEDecoder": framed,
    "+ dialect": decoded,
    "+ accumulator": accumulated,
    "ChatDecoder": chat_decoded,
    "ChatStream": chat_stream,
}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.layers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="runs of each (default: 7)")
    parser.add_argument("--quick", action="store_true", help="use a tenth of each workload")
    options = parser.parse_args(arguments)

    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        among = {**LAYERS, "AsyncChatStream": async_chat_stream(runner)}
        gc.freeze()
        table = [["µs per event", *among]]
        for workload in workloads(0.1 if options.quick else 1):
            (results,) = measured(among, [workload], max(1, options.rounds))
            cells = [
                found if isinstance(found, str) else f"{found / len(workload.payloads) * 1e6:.2f}"
                for found in results.values()
            ]
            table.append([workload.name, *cells])
    print_table(table)


if __name__ == "__main__":
    main(sys.argv[1:])
