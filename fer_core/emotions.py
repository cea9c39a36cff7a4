"""The classes that a model can predict."""

from enum import StrEnum


class Emotion(StrEnum):
    """An apparent facial expression, named as data sets of this field name it.

    Members are strings: `Emotion.HAPPY == "happy"`. The first seven are FER2013's classes in
    FER2013's order (Goodfellow et al. 2013, arXiv:1307.0414); contempt occurs in CK+ and FER+.
    """

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    SAD = "sad"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"
    CONTEMPT = "contempt"

    @property
    def adjective(self) -> str:
        """The word for the face's expression: "afraid" for fear. For people, never for files."""
        return _ADJECTIVES.get(self, self.value)


_ADJECTIVES = {
    Emotion.DISGUST: "disgusted",
    Emotion.FEAR: "afraid",
    Emotion.SURPRISE: "surprised",
    Emotion.CONTEMPT: "contemptuous",
}

DISPLAY_ORDER: tuple[Emotion, ...] = (
    Emotion.HAPPY,
    Emotion.SURPRISE,
    Emotion.NEUTRAL,
    Emotion.SAD,
    Emotion.FEAR,
    Emotion.DISGUST,
    Emotion.ANGRY,
    Emotion.CONTEMPT,
)
"""The order in which people see them, everywhere the same; neighbors look different to everyone."""


FER2013_EMOTIONS: tuple[Emotion, ...] = tuple(Emotion)[:7]
"""The seven classes of FER2013; the index of each is its number in FER2013's `emotion` column."""
