"""The emotion that a class folder shows, by its name."""

import re
import shlex
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.errors import DatasetError

_WORDS = {
    Emotion.ANGRY: """angry anger ang an mad rage wut wütend wuetend zorn zornig ärger aerger
        colère en_colère fâché enojo enojado enfado enfadado ira rabia rabbia arrabbiato raiva
        zangado boos boosheid woede złość gniew kizgin öfke злость гнев гнів 生气 生氣 愤怒 憤怒
        怒り 怒 분노 화남 marah giận_dữ tức_giận""",
    Emotion.DISGUST: """disgust disgusted disgusting dis di ekel angeekelt dégoût dégoûté asco
        disgusto disgustato asqueado nojo desgosto walging afkeer wstręt obrzydzenie iğrenme
        tiksinti отвращение відраза огида 厌恶 厭惡 嫌悪 혐오 역겨움 jijik ghê_tởm""",
    Emotion.FEAR: """fear fearful fearfull feared fea fe afraid af scared angst ängstlich
        aengstlich furcht peur miedo temor asustado paura impaurito medo bang strach korku страх
        恐惧 恐懼 害怕 恐れ 恐怖 공포 두려움 takut sợ_hãi""",
    Emotion.HAPPY: """happy happiness hap ha joy joyful glücklich gluecklich glück glueck freude
        fröhlich froehlich joie joyeux heureux bonheur feliz felicidad alegría alegre contento
        felice felicità gioia felicidade alegria blij blijdschap geluk szczęście radość mutlu
        mutluluk радость счастье радість щастя 高兴 高興 开心 開心 快乐 快樂 喜び 幸せ 기쁨 행복
        senang bahagia vui hạnh_phúc""",
    Emotion.SAD: """sad sadness sa traurig trauer traurigkeit triste tristesse tristeza tristezza
        verdrietig verdriet smutek smutny üzgün üzüntü грусть печаль сум 悲伤 悲傷 难过 難過
        悲しみ 悲 슬픔 sedih buồn""",
    Emotion.SURPRISE: """surprise surprised suprise suprised surprize surprising sur su überrascht
        ueberrascht überraschung ueberraschung surpris étonné étonnement sorpresa sorprendido
        sorpreso surpreso surpresa verrast verrassing verbaasd zaskoczenie zdziwienie saskin
        saskinlik удивление здивування подив 惊讶 驚訝 吃惊 惊喜 驚き 놀람 terkejut kaget
        ngạc_nhiên""",
    Emotion.NEUTRAL: """neutral neutrality neu ne neutre neutro neutrale neutraal neutralny nötr
        нейтральный нейтрально нейтральний 中性 中立 平静 無表情 무표정 중립 netral trung_tính""",
    Emotion.CONTEMPT: """contempt contemptuous con verachtung verächtlich mépris desprecio
        disprezzo desprezo minachting pogarda küçümseme презрение зневага 轻蔑 輕蔑 軽蔑
        蔑视 경멸""",
}
"""Usual names of class folders: as words for the feeling and for the person, in the languages that
data sets come in, and as the short forms of JAFFE and KDEF."""

_WITHOUT_STROKES = {ord("\N{LATIN SMALL LETTER DOTLESS I}"): "i", ord("ł"): "l"}
"""Letters whose accents Unicode does not take for such."""


def _plain(name: str) -> str:
    """A folder's name without what people vary: case, accents, blanks, and a number beside it."""
    decomposed = unicodedata.normalize("NFKD", name.casefold()).translate(_WITHOUT_STROKES)
    letters = "".join(char for char in decomposed if char.isalnum())
    return letters.strip("0123456789") or letters


_KNOWN = {_plain(word): emotion for emotion, words in _WORDS.items() for word in words.split()}


def _numbered(first: int, *words: str) -> dict[str, Emotion]:
    return {str(number): Emotion(word) for number, word in enumerate(words, first)}


CLASS_PRESETS: dict[str, dict[str, Emotion]] = {
    "fer2013": _numbered(0, *FER2013_EMOTIONS),
    "ferplus": _numbered(
        0, "neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt"
    ),
    "raf-db": _numbered(1, "surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"),
    "affectnet": _numbered(
        0, "neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt"
    ),
    "ck+": _numbered(
        0, "neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise"
    ),
}
"""The numbers that stand for emotions in well-known data sets, each with its own order."""


def parse_classes(text: str) -> dict[str, Emotion]:
    """Read an option about class folders.

    Args:
        text: A name from `CLASS_PRESETS`, or folders and their emotions: `1=surprise,2=fear`.

    Raises:
        ValueError: It is neither; the sentence says what was expected.
    """
    preset = CLASS_PRESETS.get(text.strip().casefold())
    if preset is not None:
        return preset
    pairs = [part.split("=") for part in text.split(",") if part.strip()]
    if not pairs or any(len(pair) != 2 or not pair[0].strip() for pair in pairs):
        raise ValueError(
            f"expected {', '.join(CLASS_PRESETS)}, or FOLDER=EMOTION,…, such as "
            f"1=surprise,2=fear. Received: {text!r}"
        )
    return {folder.strip(): _emotion(word) for folder, word in pairs}


def _emotion(word: str) -> Emotion:
    emotion = _KNOWN.get(_plain(word))
    if emotion is None:
        raise ValueError(f"expected one of {', '.join(Emotion)}. Received: {word.strip()!r}")
    return emotion


@dataclass(frozen=True)
class ClassNames:
    """Says which emotion a class folder shows, and which folders are left out.

    Attributes:
        named: Emotions by the names of folders, where the usual words do not tell them.
        ignored: Folders that are left out, by name or by the emotion that they show.
    """

    named: Mapping[str, Emotion] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    @classmethod
    def of(cls, named: Mapping[str, Emotion | str], ignored: Collection[str]) -> "ClassNames":
        """The same from names in any case.

        Raises:
            ValueError: One of the words is no emotion.
        """
        return cls(
            {_same(name): _emotion(word) for name, word in named.items()},
            frozenset(map(_same, ignored)),
        )

    def emotion_of(self, folder: str) -> Emotion | None:
        """The emotion that a folder of this name shows, None if nothing tells it."""
        return self.named.get(_same(folder)) or _KNOWN.get(_plain(folder))

    def ignores(self, folder: str) -> bool:
        """True if a folder of this name is left out."""
        return not self.ignored.isdisjoint({_same(folder), self.emotion_of(folder)})

    def unknown(self, folder: object, name: str) -> DatasetError:
        """The error about a class folder whose emotion nothing tells.

        Args:
            folder: The folder, as messages call it.
            name: Its name.
        """
        quoted = shlex.quote(name)
        which = f"--classes {quoted}=EMOTION"
        if name.isdecimal():
            which += f" (all numbers at once: --classes {' or '.join(CLASS_PRESETS)})"
        return DatasetError(
            f"{folder} is named after no emotion: say which one it shows with {which}, or leave "
            f"it out with --ignore-class {quoted}."
        )


def _same(name: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", name.strip().casefold()))
