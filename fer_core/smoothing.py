"""What makes a label calm: probabilities averaged over time, and a name that needs evidence."""

from collections.abc import Mapping

from fer_core.emotions import Emotion
from fer_core.faces import UNCERTAIN_BELOW, probable_emotion

HALF_LIFE_S = 0.2
"""After this time, what was seen before has half the weight in the shown probabilities."""

LEAD = 0.1
"""How much more probable another emotion must be than the named one to take its place."""

HOLD_S = 0.1
"""For how long it must be."""

SURE_BY = 0.05
"""How far above or below `UNCERTAIN_BELOW` an emotion gets, or loses, its name."""


def blended(
    before: Mapping[Emotion, float],
    now: Mapping[Emotion, float],
    elapsed_s: float,
    half_life_s: float = HALF_LIFE_S,
) -> dict[Emotion, float]:
    """Probabilities averaged over time with a half-life, whatever the number of frames.

    Args:
        before: The average so far.
        now: What the network answers now.
        elapsed_s: Seconds since `before` was right.
        half_life_s: Above 0.

    Returns:
        `before`, weighted by a half for each half-life elapsed, and `now` with the rest.
    """
    old = 0.5 ** (elapsed_s / half_life_s)
    return {emotion: old * before[emotion] + (1 - old) * share for emotion, share in now.items()}


class SteadyName:
    """Names an emotion and keeps it until the evidence for another holds (a Schmitt trigger)."""

    def __init__(self, probabilities: Mapping[Emotion, float], time_s: float) -> None:
        """Name what the first answer says."""
        self.emotion = probable_emotion(probabilities)
        self._wanted, self._wanted_since_s = self.emotion, time_s

    def update(self, probabilities: Mapping[Emotion, float], time_s: float) -> Emotion | None:
        """The name after further evidence.

        Args:
            probabilities: Averaged over time, see `blended`.
            time_s: When, in seconds, on a clock that never goes back.

        Returns:
            The emotion, None where none is probable enough to be named.
        """
        wanted = self._suggested(probabilities)
        if wanted != self._wanted:
            self._wanted, self._wanted_since_s = wanted, time_s
        if time_s - self._wanted_since_s >= HOLD_S:
            self.emotion = wanted
        return self.emotion

    def _suggested(self, probabilities: Mapping[Emotion, float]) -> Emotion | None:
        """What these probabilities name, the present name having the advantage."""
        if self.emotion is None:
            return probable_emotion(probabilities, UNCERTAIN_BELOW + SURE_BY)
        if max(probabilities.values()) < probabilities[self.emotion] + LEAD:
            kept = max(probabilities.values()) >= UNCERTAIN_BELOW - SURE_BY
            return self.emotion if kept else None
        return probable_emotion(probabilities)
