"""Typed events from the server-sent event streams of OpenAI-compatible servers.

`ChatStream` and `AsyncChatStream` wrap the response that you have; `ChatDecoder` does the same for bytes,
`SSEDecoder` and `iter_sse` for bare server-sent events. Importing this imports no HTTP client.
"""

from ._chat._accumulator import ChatAccumulator
from ._chat._anomalies import Anomaly, AnomalyKind
from ._chat._chunks import (
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
from ._chat._completion import Audio, ChatCompletion, Choice, Message, ToolCall
from ._chat._endings import Ending
from ._chat._events import (
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
from ._chat._limits import Limits
from ._decoding._decoder import ChatDecoder
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
from ._sse._decoder import SSEDecoder
from ._sse._event import ServerSentEvent
from ._streams._chat import AsyncChatStream, ChatStream
from ._streams._coalesce import coalesce
from ._streams._sse import aiter_sse, iter_sse
from ._streams._timings import StreamTimings, Timeouts
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
