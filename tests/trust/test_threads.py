"""Many threads at once, each with a stream of its own, and all with the same values: each reads what it reads alone.

Under a free-threaded Python they would run at the same time.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from sse_stream import ChatCompletion, ChatDecoder, ChatStream, Limits, PartialJSON, SSEStreamError
from sse_stream.testing import ANTHROPIC_HABITS, GEMINI_HABITS, HABITS, RESPONSES_HABITS, bytewise

T = TypeVar("T")

THREADS = 8
BODIES = [
    habit.body
    for catalogue in (HABITS, ANTHROPIC_HABITS, RESPONSES_HABITS, GEMINI_HABITS)
    for habit in catalogue.values()
]
LIMITS = Limits(event_size=1 << 20)


def at_once(work: Callable[[], T]) -> list[T]:
    """What the same work gives in each of several threads that begin together."""
    begin = threading.Barrier(THREADS)

    def run() -> T:
        begin.wait()
        return work()

    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(THREADS)]]


def read(body: bytes) -> tuple[object, ...]:
    decoder = ChatDecoder(limits=LIMITS)
    events: list[object] = []
    error = ""
    try:
        for piece in (body[:100], body[100:]):
            events.extend(decoder.feed(piece))
        events.extend(decoder.close())
    except SSEStreamError as caught:
        error = f"{type(caught).__name__}: {caught}"
    return events, error, decoder.completion, decoder.ending, decoder.anomalies


def test_each_thread_reads_its_own_streams_as_if_it_were_alone() -> None:
    alone = [read(body) for body in BODIES]
    assert all(found == alone for found in at_once(lambda: [read(body) for body in BODIES]))


def test_each_thread_may_read_its_own_partial_json() -> None:
    def values() -> list[object]:
        reader = PartialJSON()
        found: list[object] = []
        for piece in ('{"a":[1,', '2,{"b":"', "ü", '"}],', '"c":', "null}"):
            list(reader.feed(piece))
            found.append(reader.value)
        reader.close()
        return found

    alone = values()
    assert all(found == alone for found in at_once(values))


@pytest.fixture(scope="module")
def completion() -> ChatCompletion:
    return ChatStream([HABITS["calls-in-pieces"].body]).until_done()


def test_threads_may_share_what_was_handed_out(completion: ChatCompletion) -> None:
    def uses() -> tuple[object, ...]:
        return completion.to_dict(), completion.text, completion.message.to_dict(), repr(completion), completion.usage

    alone = uses()
    assert all(found == alone for found in at_once(uses))


def test_a_stream_may_be_handed_on_from_thread_to_thread() -> None:
    stream = iter(ChatStream(bytewise(HABITS["plain"].body)))
    alone = list(ChatStream([HABITS["plain"].body]))
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        found = [(one, other)[number % 2].submit(next, stream).result() for number in range(len(alone))]
        assert found == alone


def test_the_first_streams_of_a_process_may_be_read_at_once() -> None:
    """Though reading them imports what their formats need."""
    program = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from sse_stream import ChatStream

begin = threading.Barrier(8)
body = b'event: message_start\\ndata: {"type":"message_start","message":{"id":"m","model":"c","content":[]}}\\n\\n' \\
    b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hi"}}\\n\\n' \\
    b'data: {"type":"content_block_stop","index":0}\\n\\n' \\
    b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\\n\\ndata: {"type":"message_stop"}\\n\\n'

def read():
    begin.wait()
    return ChatStream([body]).until_done()

with ThreadPoolExecutor(8) as pool:
    found = [future.result() for future in [pool.submit(read) for _ in range(8)]]
print(*{(each.text, each.dialect) for each in found})
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "('Hi', 'anthropic_messages')\n"


def test_what_is_handed_out_can_be_sent_to_another_process(completion: ChatCompletion) -> None:
    assert pickle.loads(pickle.dumps(completion)) == completion
    body = HABITS["calls-in-pieces"].body
    for values in (list(ChatStream([body])), list(ChatStream([body]).iter_chunks())):
        assert pickle.loads(pickle.dumps(values)) == values
