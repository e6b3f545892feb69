"""Converting Gemini's responses to chunks, and tracking the state of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import force_setattr, replace

from .._chat._chunks import SOURCE, ChatCompletionChunk, ChunkChoice, with_source
from .._chat._model import NOTHING
from .._chat._reports import Usage
from .._json._depth import JSONValue
from .._json._reading import read_number
from ._base import AnomalyFound, Item
from ._gemini_candidate import Candidate, CandidateItem, Object, text_delta
from ._gemini_plain import PlainResponse
from ._gemini_reports import UsageCounts, logprobs_of, readable_report, seconds_of

# The fields of a response, of which every response has at least one. https://ai.google.dev/api/generate-content
RESPONSE_FIELDS = frozenset(
    {"candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId", "createTime", "modelStatus"}
)
_IN_CHUNK = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId"})
_IN_CHOICE = frozenset({"content", "finishReason", "index"})

_NO_FINISH = ("", "FINISH_REASON_UNSPECIFIED")
_NO_BLOCK = ("", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED")


class Answer:
    """The state of an answer."""

    __slots__ = ("_blocked", "_candidates", "_counts", "_created", "_created_text", "_decode", "_id", "_model")

    def __init__(self) -> None:
        self._candidates: dict[int, Candidate] = {}
        self._counts = UsageCounts()
        self._blocked: str | None = None  # the reason, if the prompt was blocked
        self._id: str | None = None
        self._model: str | None = None
        self._created: int | None = None
        self._created_text: str | None = None
        self._decode = msgspec.json.Decoder(PlainResponse).decode

    @property
    def is_finished(self) -> bool:
        """Whether there is a candidate, and each one has a finish reason. A blocked prompt counts as a candidate."""
        reasons = [candidate.finish_reason for candidate in self._candidates.values()]
        return bool(reasons) and None not in reasons

    def add_plain(self, data: bytes | str) -> ChatCompletionChunk | None:
        """Add a response that continues the current text or thought.

        Returns:
            The chunk; `None` for any other response, which leaves the state unchanged.
        """
        try:
            response = self._decode(data)
        except (ValueError, RecursionError):
            return None
        if len(response.candidates) != 1:
            return None
        said = response.candidates[0]
        candidate = self._candidates.get(said.index)
        if candidate is None or candidate.finish_reason is not None or len(said.content.parts) != 1:
            return None
        part = said.content.parts[0]
        kind = "reasoning" if part.thought else "text"
        role, created, report = said.content.role, response.createTime, response.usageMetadata
        if (
            candidate.kind != kind
            or not part.text
            or not (role is None or candidate.has_role)
            or not (created is None or created == self._created_text)
        ):
            return None
        usage = None if report is None else self._counts.add(report)
        if report is not None and usage is None:
            return None
        candidate.add_text(part.text)
        if said.finishReason is not None:
            _take_reason(candidate, said.finishReason)
        # Keep the same string object, so that comparing it with the one before is fast.
        if response.responseId != self._id:
            self._id = response.responseId or self._id
        if response.modelVersion != self._model:
            self._model = response.modelVersion or self._model
        chunk = self._chunk(
            [ChunkChoice(index=said.index, delta=text_delta(kind, part.text))],
            usage=usage,
            extra=NOTHING if created is None else {"createTime": created},
        )
        force_setattr(chunk, SOURCE, data)  # `with_source`, inlined
        return chunk

    def add(self, response: Object, around: Object, source: str) -> Iterator[Item]:
        """Add a response. Yields its items.

        Args:
            response: The response.
            around: The fields around a wrapped response.
            source: The JSON text of both.
        """
        self._name(response)
        said: list[CandidateItem] = []
        for value in _listed(response.get("candidates")):
            if isinstance(value, dict):
                said.extend(self._add_candidate(value))
            else:
                said.append(AnomalyFound("odd_type", f"candidates: {value!r}"))
        said.extend(self._add_feedback(response.get("promptFeedback")))
        usage = None
        report = response.get("usageMetadata")
        if isinstance(report, dict):
            report, odd = readable_report(report)
            said[:0] = odd
            usage = self._counts.add(report)
        elif report is not None:
            said.insert(0, AnomalyFound("odd_type", f"usageMetadata: {report!r}"))
        extra = {**around, **{name: item for name, item in response.items() if name not in _IN_CHUNK}}
        yield from self._chunks(said, source, usage, extra)

    def end(self) -> Iterator[Item]:
        """End the answer. The last finish reason of each candidate is final."""
        for candidate in self._candidates.values():
            if candidate.finish_reason is None:
                candidate.finish_reason = self._blocked
            yield from self._chunks(candidate.finish())

    # ---------------------------------------------------------------- what a response says

    def _name(self, response: Object) -> None:
        identifier, model, created = (response.get(name) for name in ("responseId", "modelVersion", "createTime"))
        if isinstance(identifier, str):
            self._id = identifier or self._id
        if isinstance(model, str):
            self._model = model or self._model
        if isinstance(created, str) and created != self._created_text:
            self._created = seconds_of(created) or self._created
            self._created_text = created

    def _add_candidate(self, value: Object) -> Iterable[CandidateItem]:
        said: list[CandidateItem] = []
        index = value.get("index")  # 0 is omitted, like all default values
        place = max(int(read_number(index) or 0), 0)
        if index is not None and (type(index) is not int or index < 0):
            said.append(AnomalyFound("odd_type", f"index: {index!r}"))
        candidate = self._candidates.get(place)
        if candidate is None:
            candidate = self._candidates[place] = Candidate(place)
        content = value.get("content")
        content = content if isinstance(content, dict) else {}
        for part in _listed(content.get("parts")):
            if isinstance(part, dict):
                said.extend(candidate.add(part))
            else:
                said.append(AnomalyFound("odd_type", f"parts: {part!r}"))
        if candidate.finish_reason is not None and any(not isinstance(item, AnomalyFound) for item in said):
            said.insert(0, AnomalyFound("early_finish", f"{candidate.finish_reason}, then {content!r}"))
        _take_reason(candidate, value.get("finishReason"))
        return _with_rest(said, candidate, value, content.get("role"))

    def _add_feedback(self, feedback: JSONValue) -> Iterable[CandidateItem]:
        """Handle a blocked prompt: there is no candidate, so the reason becomes the finish reason of choice 0."""
        reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
        if not isinstance(reason, str) or reason in _NO_BLOCK:
            return ()
        self._blocked = reason
        if self._candidates:
            return ()
        candidate = self._candidates[0] = Candidate(0)
        candidate.finish_reason = reason
        return candidate.finish()

    # ---------------------------------------------------------------- chunks

    def _chunks(
        self,
        said: Iterable[CandidateItem],
        source: str | None = None,
        usage: Usage | None = None,
        extra: Mapping[str, JSONValue] = NOTHING,
    ) -> Iterator[Item]:
        """Make a chunk for each piece. The last one has the usage and the extra fields of the response."""
        items = list(said)
        last = max((place for place, item in enumerate(items) if isinstance(item, ChunkChoice)), default=-1)
        for place, item in enumerate(items):
            if not isinstance(item, ChunkChoice):
                yield item
            elif place < last:
                yield with_source(self._chunk([item]), source)
            else:
                yield with_source(self._chunk([item], usage, extra), source)
        if last < 0 and (usage is not None or extra):
            yield with_source(self._chunk([], usage, extra), source)

    def _chunk(
        self, choices: list[ChunkChoice], usage: Usage | None = None, extra: Mapping[str, JSONValue] = NOTHING
    ) -> ChatCompletionChunk:
        return ChatCompletionChunk(
            id=self._id,
            object="chat.completion.chunk",
            created=self._created,
            model=self._model,
            choices=choices,
            usage=usage,
            extra=extra or NOTHING,
        )


def _with_rest(
    said: list[CandidateItem], candidate: Candidate, value: Object, role: JSONValue
) -> Iterable[CandidateItem]:
    """Add the role to the first piece of a candidate, and the fields beside its content to the last."""
    pieces = [place for place, item in enumerate(said) if isinstance(item, ChunkChoice)]
    if not pieces:
        pieces = [len(said)]
        said.append(ChunkChoice(index=candidate.index))
    first, last = said[pieces[0]], said[pieces[-1]]
    if isinstance(role, str) and not candidate.has_role and isinstance(first, ChunkChoice):
        candidate.has_role = True
        delta = replace(first.delta, role="assistant" if role == "model" else role)
        said[pieces[0]] = replace(first, delta=delta)
        last = said[pieces[-1]]
    beside = {name: item for name, item in value.items() if name not in _IN_CHOICE}
    if beside and isinstance(last, ChunkChoice):
        delta = last.delta
        if cited := _citations(beside.get("citationMetadata")):
            # Each response has the citations of its own text. In a delta they are joined; beside it, only the last
            # would count.
            delta = replace(delta, extra={"annotations": cited})
        said[pieces[-1]] = replace(last, delta=delta, extra=beside, logprobs=logprobs_of(beside.get("logprobsResult")))
    return said


def _citations(metadata: JSONValue) -> list[JSONValue]:
    """Return the citations in `citationMetadata`, under the current or the older name."""
    if not isinstance(metadata, dict):
        return []
    return [item for name in ("citations", "citationSources") for item in _listed(metadata.get(name))]


def _take_reason(candidate: Candidate, reason: JSONValue) -> None:
    if isinstance(reason, str) and reason not in _NO_FINISH:
        candidate.finish_reason = reason


def _listed(value: JSONValue) -> Iterable[JSONValue]:
    """Return the items of a list. A single value counts as a list of one."""
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)
