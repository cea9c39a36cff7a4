"""Calm labels: probabilities averaged over time, and a label that changes only on evidence."""

from collections.abc import Mapping

from fer_core.emotions import Emotion
from fer_core.faces import UNCERTAIN_BELOW, probable_emotion

HALF_LIFE_S = 0.2
"""Time after which earlier frames have half the weight in the shown probabilities."""

LEAD = 0.1
"""Probability by which another emotion must exceed the label to take its place."""

HOLD_S = 0.1
"""Time for which it must be that probable."""

MARGIN = 0.05
"""Distance from `UNCERTAIN_BELOW`: above it an emotion becomes the label, below it ceases to be."""


def blended(
    before: Mapping[Emotion, float],
    now: Mapping[Emotion, float],
    elapsed_s: float,
    half_life_s: float = HALF_LIFE_S,
) -> dict[Emotion, float]:
    """Probabilities averaged over time with a half-life, whatever the number of frames.

    Args:
        before: The average so far.
        now: The newest probabilities.
        elapsed_s: Seconds since `before` was right.
        half_life_s: Above 0.

    Returns:
        `before`, weighted by a half for each half-life elapsed, and `now` with the rest.
    """
    old = 0.5 ** (elapsed_s / half_life_s)
    return {emotion: old * before[emotion] + (1 - old) * share for emotion, share in now.items()}


class SteadyLabel:
    """Keeps an emotion as the label until the evidence for another holds (a Schmitt trigger)."""

    def __init__(self, probabilities: Mapping[Emotion, float], time_s: float) -> None:
        """Start with the label of the first probabilities."""
        self.emotion = probable_emotion(probabilities)
        self._wanted, self._wanted_since_s = self.emotion, time_s

    def update(self, probabilities: Mapping[Emotion, float], time_s: float) -> Emotion | None:
        """Return the label after further evidence.

        Args:
            probabilities: Averaged over time, see `blended`.
            time_s: The time in seconds, on a clock that never goes back.

        Returns:
            The emotion, None if none is probable enough.
        """
        wanted = self._suggested(probabilities)
        if wanted != self._wanted:
            self._wanted, self._wanted_since_s = wanted, time_s
        if time_s - self._wanted_since_s >= HOLD_S:
            self.emotion = wanted
        return self.emotion

    def _suggested(self, probabilities: Mapping[Emotion, float]) -> Emotion | None:
        """The label of these probabilities; the present one has an advantage."""
        if self.emotion is None:
            return probable_emotion(probabilities, UNCERTAIN_BELOW + MARGIN)
        if max(probabilities.values()) < probabilities[self.emotion] + LEAD:
            kept = max(probabilities.values()) >= UNCERTAIN_BELOW - MARGIN
            return self.emotion if kept else None
        return probable_emotion(probabilities)
