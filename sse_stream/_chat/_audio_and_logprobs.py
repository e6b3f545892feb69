"""Accumulating the audio and the log probabilities of one choice."""

from __future__ import annotations

from collections.abc import Iterable

from ._chunks import ChoiceDeltaAudio
from ._events import AudioDelta
from ._memory import POINTER, Tally, text_of, utf8, weight
from ._merging import JoinedFields
from ._message import Audio
from ._model import NOTHING
from ._reports import ChoiceLogprobs, TokenLogprob, TopLogprob

# The approximate memory of a token with its log probability: the struct, its text, a float, a list.
_TOKEN_WEIGHT = 240


class AudioState:
    """Accumulates spoken output.

    Args:
        choice: The index of the choice.
        tally: Counts the memory that is kept.
    """

    __slots__ = ("_choice", "_data", "_expires_at", "_extra", "_id", "_tally", "_transcript")

    def __init__(self, choice: int, tally: Tally) -> None:
        self._choice = choice
        self._tally = tally
        self._id = ""
        self._data = bytearray()
        self._transcript = bytearray()
        self._expires_at: int | None = None
        self._extra = JoinedFields()

    def add(self, piece: ChoiceDeltaAudio) -> Iterable[AudioDelta]:
        """Add a piece. Returns its event, if it has any content."""
        growth = 0
        if piece.id and not self._id:
            self._id = piece.id
            growth = weight(piece.id)
        for kept, text in ((self._data, piece.data), (self._transcript, piece.transcript)):
            if text:
                data = utf8(text)
                kept.extend(data)
                growth += len(data)
        if piece.expires_at is not None:
            self._expires_at = piece.expires_at
        if piece.extra:
            growth += self._extra.add(piece.extra)
        self._tally.size += growth
        event = AudioDelta(
            piece.id or None, piece.data or None, piece.transcript or None, piece.expires_at, self._choice
        )
        if event == AudioDelta(choice=self._choice):
            return ()
        self._tally.pieces += 1
        return (event,)

    def snapshot(self) -> Audio:
        """Return the audio so far."""
        data, transcript = text_of(self._data), text_of(self._transcript)
        return Audio(self._id, data, transcript, self._expires_at, self._extra.snapshot())


class LogprobsState:
    """Accumulates log probabilities."""

    __slots__ = ("_content", "_extra", "_refusal")

    def __init__(self) -> None:
        self._content: list[TokenLogprob] | None = None
        self._refusal: list[TokenLogprob] | None = None
        self._extra: JoinedFields | None = None

    def add(self, piece: ChoiceLogprobs) -> int:
        """Add the tokens of a piece. Returns the growth in bytes."""
        growth = 0
        if piece.content is not None:
            self._content = [] if self._content is None else self._content
            self._content += piece.content
            growth = _weight(piece.content)
        if piece.refusal is not None:
            self._refusal = [] if self._refusal is None else self._refusal
            self._refusal += piece.refusal
            growth += _weight(piece.refusal)
        if piece.extra:
            self._extra = JoinedFields() if self._extra is None else self._extra
            growth += self._extra.add(piece.extra)
        return growth

    def snapshot(self) -> ChoiceLogprobs:
        """Return the log probabilities so far."""
        extra = NOTHING if self._extra is None else self._extra.snapshot()
        return ChoiceLogprobs(content=self._content, refusal=self._refusal, extra=extra).copied()


def _weight(tokens: Iterable[TokenLogprob | TopLogprob]) -> int:
    total = 0
    for token in tokens:
        total += _TOKEN_WEIGHT + len(token.token) + POINTER * len(token.bytes or ())
        if token.extra:
            total += weight(dict(token.extra))
        if isinstance(token, TokenLogprob) and token.top_logprobs:
            total += _weight(token.top_logprobs)
    return total
