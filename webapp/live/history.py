"""The expressions of a live viewer's face in the last minute."""

from collections import deque
from itertools import groupby

from fer_core.emotions import Emotion

LAST_S = 60.0
"""Length of the history, in seconds."""


class History:
    """The expression of a face over the last minute, as it was seen now and then."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._seen: deque[tuple[float, Emotion | None]] = deque()

    def add(self, emotion: Emotion | None, now_s: float) -> None:
        """Note what is seen now; None for no face, or one that is too unclear."""
        self._seen.append((now_s, emotion))
        while self._seen[0][0] < now_s - LAST_S:
            self._seen.popleft()

    def segments(self, now_s: float) -> list[tuple[Emotion | None, float]]:
        """The expressions one after another, and the seconds of each; `LAST_S` together."""
        if not self._seen:
            return [(None, LAST_S)]
        times = [time_s for time_s, _ in self._seen]
        lengths = [end - start for start, end in zip(times, [*times[1:], now_s], strict=True)]
        before = max(0.0, LAST_S - (now_s - times[0]))
        pieces = [
            (None, before),
            *zip((emotion for _, emotion in self._seen), lengths, strict=True),
        ]
        joined = [
            (emotion, sum(length for _, length in group))
            for emotion, group in groupby(pieces, key=lambda piece: piece[0])
        ]
        return [piece for piece in joined if piece[1] > 0] or [(None, LAST_S)]
