"""Typed events from streaming language model responses.

`ChatStream` and `AsyncChatStream` read a streaming response from your HTTP client; `ChatDecoder` decodes bytes.
For SSE streams that are not chat, use `iter_sse`, `aiter_sse` or `SSEDecoder`. No HTTP client is imported.
"""

from ._chat._accumulator import ChatAccumulator
from ._chat._anomalies import Anomaly, AnomalyKind, AnomalyLevel
from ._chat._chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChoiceDeltaAudio,
    ChoiceDeltaCustomCall,
    ChoiceDeltaFunctionCall,
    ChoiceDeltaToolCall,
    ChunkChoice,
)
from ._chat._completion import ChatCompletion, Choice
from ._chat._endings import Ending
from ._chat._events import (
    AudioDelta,
    ChatEvent,
    ChoiceFinished,
    KeepAlive,
    PartDone,
    PartStarted,
    ReasoningDelta,
    RefusalDelta,
    StreamDone,
    TextDelta,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
    UsageReported,
)
from ._chat._limits import Limits
from ._chat._message import Audio, Message
from ._chat._parsing import JSONAdapter
from ._chat._parts import Part, ProviderPart, ReasoningPart, RefusalPart, TextPart, ToolCallPart
from ._chat._reports import (
    ChoiceLogprobs,
    CompletionTokensDetails,
    PromptTokensDetails,
    TokenLogprob,
    TopLogprob,
    Usage,
)
from ._chat._tool_call import ToolCall
from ._decoding._decoder import ChatDecoder
from ._errors import (
    ChunkDecodeError,
    ContentTypeError,
    EventTooLargeError,
    IncompleteStreamError,
    OutputParseError,
    OutputTooLargeError,
    PartialJSONError,
    ProviderError,
    ReconnectError,
    ResponseError,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    TimeoutKind,
    TransportError,
)
from ._json._depth import JSONValue
from ._json._partial import PartialJSON
from ._json._partial_changes import JSONChange, JSONKind, JSONPath, StringDelta, ValueDone, ValueStarted
from ._sources._protocols import AsyncByteSource, AsyncStreamSource, ByteSource, StreamSource
from ._sse._decoder import SSEDecoder
from ._sse._event import ServerSentEvent
from ._sse._reconnect import Attempt, ReconnectPolicy
from ._streams._async import AsyncChatStream
from ._streams._async_event_source import AsyncEventSource
from ._streams._coalesce import AsyncCoalescedEvents, CoalescedEvents, coalesce
from ._streams._event_source import EventSource
from ._streams._outcome import OnTruncated
from ._streams._sse import aiter_sse, iter_sse
from ._streams._sync import ChatStream
from ._streams._timings import StreamTimings, Timeouts
from ._version import __version__

__all__ = [
    "Anomaly",
    "AnomalyKind",
    "AnomalyLevel",
    "AsyncByteSource",
    "AsyncChatStream",
    "AsyncCoalescedEvents",
    "AsyncEventSource",
    "AsyncStreamSource",
    "Attempt",
    "Audio",
    "AudioDelta",
    "ByteSource",
    "ChatAccumulator",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatDecoder",
    "ChatEvent",
    "ChatStream",
    "Choice",
    "ChoiceDelta",
    "ChoiceDeltaAudio",
    "ChoiceDeltaCustomCall",
    "ChoiceDeltaFunctionCall",
    "ChoiceDeltaToolCall",
    "ChoiceFinished",
    "ChoiceLogprobs",
    "ChunkChoice",
    "ChunkDecodeError",
    "CoalescedEvents",
    "CompletionTokensDetails",
    "ContentTypeError",
    "Ending",
    "EventSource",
    "EventTooLargeError",
    "IncompleteStreamError",
    "JSONAdapter",
    "JSONChange",
    "JSONKind",
    "JSONPath",
    "JSONValue",
    "KeepAlive",
    "Limits",
    "Message",
    "OnTruncated",
    "OutputParseError",
    "OutputTooLargeError",
    "Part",
    "PartDone",
    "PartStarted",
    "PartialJSON",
    "PartialJSONError",
    "PromptTokensDetails",
    "ProviderError",
    "ProviderPart",
    "ReasoningDelta",
    "ReasoningPart",
    "ReconnectError",
    "ReconnectPolicy",
    "RefusalDelta",
    "RefusalPart",
    "ResponseError",
    "SSEDecoder",
    "SSEStreamError",
    "ServerSentEvent",
    "StatusError",
    "StreamDone",
    "StreamSource",
    "StreamTimeoutError",
    "StreamTimings",
    "StringDelta",
    "TextDelta",
    "TextPart",
    "TimeoutKind",
    "Timeouts",
    "TokenLogprob",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallDone",
    "ToolCallPart",
    "ToolCallStarted",
    "TopLogprob",
    "TransportError",
    "Usage",
    "UsageReported",
    "ValueDone",
    "ValueStarted",
    "__version__",
    "aiter_sse",
    "coalesce",
    "iter_sse",
]
