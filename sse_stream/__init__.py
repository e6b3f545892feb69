"""Typed events from the server-sent event streams of OpenAI-compatible servers.

`ChatStream` and `AsyncChatStream` wrap the response that you have; `ChatDecoder` does the same for bytes,
`SSEDecoder` and `iter_sse` for bare server-sent events. Importing this imports no HTTP client.
"""

from ._accumulator import ChatAccumulator
from ._anomalies import Anomaly, AnomalyKind
from ._chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChoiceDeltaAudio,
    ChoiceDeltaFunctionCall,
    ChoiceDeltaToolCall,
    ChoiceLogprobs,
    ChunkChoice,
    CompletionTokensDetails,
    PromptTokensDetails,
    TokenLogprob,
    TopLogprob,
    Usage,
)
from ._coalesce import coalesce
from ._completion import Audio, ChatCompletion, Choice, Message, ToolCall
from ._decoder import ChatDecoder
from ._endings import Ending
from ._errors import (
    ChunkDecodeError,
    ContentTypeError,
    EventTooLargeError,
    IncompleteStreamError,
    OutputTooLargeError,
    ProviderError,
    ResponseError,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    ToolArgumentsError,
    TransportError,
)
from ._events import (
    AudioDelta,
    ChatEvent,
    ChoiceFinished,
    KeepAlive,
    ReasoningDelta,
    RefusalDelta,
    StreamDone,
    TextDelta,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
    UsageReported,
)
from ._limits import Limits
from ._server_sent_event import ServerSentEvent
from ._sse import SSEDecoder
from ._sse_streams import aiter_sse, iter_sse
from ._streams import AsyncChatStream, ChatStream
from ._timings import StreamTimings, Timeouts
from ._version import __version__

__all__ = [
    "Anomaly",
    "AnomalyKind",
    "AsyncChatStream",
    "Audio",
    "AudioDelta",
    "ChatAccumulator",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatDecoder",
    "ChatEvent",
    "ChatStream",
    "Choice",
    "ChoiceDelta",
    "ChoiceDeltaAudio",
    "ChoiceDeltaFunctionCall",
    "ChoiceDeltaToolCall",
    "ChoiceFinished",
    "ChoiceLogprobs",
    "ChunkChoice",
    "ChunkDecodeError",
    "CompletionTokensDetails",
    "ContentTypeError",
    "Ending",
    "EventTooLargeError",
    "IncompleteStreamError",
    "KeepAlive",
    "Limits",
    "Message",
    "OutputTooLargeError",
    "PromptTokensDetails",
    "ProviderError",
    "ReasoningDelta",
    "RefusalDelta",
    "ResponseError",
    "SSEDecoder",
    "SSEStreamError",
    "ServerSentEvent",
    "StatusError",
    "StreamDone",
    "StreamTimeoutError",
    "StreamTimings",
    "TextDelta",
    "Timeouts",
    "TokenLogprob",
    "ToolArgumentsError",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallDone",
    "ToolCallStarted",
    "TopLogprob",
    "TransportError",
    "Usage",
    "UsageReported",
    "__version__",
    "aiter_sse",
    "coalesce",
    "iter_sse",
]
