"""OpenTelemetry spans and metrics for chat streams, following the GenAI semantic conventions; needs `sse-stream[otel]`.

`record` starts the span of a stream and returns the stream's `on_end`, which ends the span and records the metrics.
`attributes` returns the span attributes alone. Neither captures content: no prompt, no text, no error message.
"""

try:
    import opentelemetry.metrics
    import opentelemetry.trace  # noqa: F401  # imported first, so that the error can say what to install
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        f"sse_stream.otel needs opentelemetry-api: pip install 'sse-stream[otel]' ({_error})", name=_error.name
    ) from _error

from ._attributes import attributes
from ._conventions import Convention
from ._recording import Recording, record

__all__ = ["Convention", "Recording", "attributes", "record"]
