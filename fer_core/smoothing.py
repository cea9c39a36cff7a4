"""What makes a label calm: probabilities averaged over time, and a name that needs evidence."""

from collections.abc import Mapping

from fer_core.emotions import Emotion

HALF_LIFE_S = 0.2
"""After this time, what was seen before has half the weight in the shown probabilities."""

LEAD = 0.1
"""How much more probable another emotion must be than the named one to take its place."""

HOLD_S = 0.1
"""For how long it must be."""

UNCERTAIN_BELOW = 0.4
"""An answer less probable than this is not named. The rule: the lowest twentieth from which on, in
each band of a twentieth, at least two answers of five are right on FER2013's PublicTest. With the
network `tutorial-cnn-augmented` 37 % are right from .35 to .40 and 43 % from .40 to .45; 24 % of
the faces fall below it, and of the others 70 % are right instead of 61 % of all. For a calibrated
network the probability is the share that is right, so that the rule gives .4 for any."""

SURE_BY = 0.05
"""How far above or below `UNCERTAIN_BELOW` an emotion gets, or loses, its name."""


def blended(
    before: Mapping[Emotion, float], now: Mapping[Emotion, float], elapsed_s: float
) -> dict[Emotion, float]:
    """Probabilities averaged over time with a half-life, whatever the number of frames.

    Args:
        before: The average so far.
        now: What the network answers now.
        elapsed_s: Seconds since `before` was right.

    Returns:
        `before`, weighted by a half for each `HALF_LIFE_S` elapsed, and `now` with the rest.
    """
    old = 0.5 ** (elapsed_s / HALF_LIFE_S)
    return {emotion: old * before[emotion] + (1 - old) * share for emotion, share in now.items()}


class SteadyName:
    """Names an emotion and keeps it until the evidence for another holds (a Schmitt trigger)."""

    def __init__(self, probabilities: Mapping[Emotion, float], time_s: float) -> None:
        """Name what the first answer says."""
        self.emotion = _named(probabilities, UNCERTAIN_BELOW)
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
            return _named(probabilities, UNCERTAIN_BELOW + SURE_BY)
        if max(probabilities.values()) < probabilities[self.emotion] + LEAD:
            kept = max(probabilities.values()) >= UNCERTAIN_BELOW - SURE_BY
            return self.emotion if kept else None
        return _named(probabilities, UNCERTAIN_BELOW)


def _named(probabilities: Mapping[Emotion, float], least: float) -> Emotion | None:
    """The most probable emotion where it is probable enough."""
    best = max(probabilities, key=lambda emotion: probabilities[emotion])
    return best if probabilities[best] >= least else None
