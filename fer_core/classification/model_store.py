"""The folders of trained models, and the card that describes each."""

import csv
import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from fer_core.emotions import Emotion
from fer_core.errors import ModelError, OutputError


def _models_folder() -> Path:
    package = Path(str(resources.files("fer_core")))
    inside, beside = package / "models", package.parent / "models"
    return inside if inside.is_dir() else beside


MODELS_DIR = _models_folder()
"""The folder of the models that come with this package: inside it if it was installed from a wheel,
else beside it in the repository."""

DEFAULT_MODEL = "everyday"
"""The model used if none is named."""

SERVED_FILE = "model.tflite"
"""The file in a model's folder that the app runs."""

MAX_CARD_BYTES = 2**20
"""Cards have some 30 kilobytes."""

MARGINS = (-0.45, 2.0)
"""The least and the largest `crop_margin`."""

WEIGHTS_TERMS = (
    "The weights, like their training data, are for research and non-commercial use only."
)
"""The terms in models/LICENSE, in a sentence."""

DEFAULT_LIMITS = (
    "The label is an apparent facial expression, not what a person feels.",
    "Do not use it to judge people: not for hiring, grading, policing, credit or diagnosis.",
    "The European Union forbids inferring emotions at work and in education, except for medical "
    "or safety reasons (AI Act, article 5(1)(f)).",
    WEIGHTS_TERMS,
    "The training data name neither age, gender nor skin tone, so fairness across them is "
    "unmeasured.",
)


@dataclass(frozen=True)
class InputShape:
    """The input of a model: gray pixels 0..255, float32 `(N, height, width, channels)`."""

    height: int = 48
    width: int = 48
    channels: int = 1


@dataclass(frozen=True)
class ModelCard:
    """A model: what it is, what it learned from, how good it is, and what it is not for.

    Attributes:
        name: Name of the model and of its folder.
        labels: The emotion of each column of its output.
        input: Shape of its input.
        recipe: Recipe that trained it.
        n_parameters: Number of weights, trainable or not.
        trained_on: Data set, split, fingerprint, seed, epochs, date and versions; `note` for what a
            command alone does not tell.
        metrics: Figures of `evaluate`; empty until it ran.
        crop_margin: Margin around the detector's box on each side before the crop, as a
            share of the box's width and height. Negative cuts into the box.
        limits: Sentences that a user must read before relying on it.
        files: SHA-256 of the model's files by their names; see `model_files`.
    """

    name: str
    labels: tuple[Emotion, ...]
    input: InputShape
    recipe: str
    n_parameters: int
    trained_on: dict[str, Any]
    metrics: dict[str, Any] = field(default_factory=dict)
    crop_margin: float = 0.0
    limits: tuple[str, ...] = DEFAULT_LIMITS
    files: dict[str, str] = field(default_factory=dict)

    @property
    def checksum(self) -> str:
        """SHA-256 of what turns the model's output into a prediction: labels, input and crop."""
        contract = [*self.labels, *asdict(self.input).values(), float(self.crop_margin)]
        return hashlib.sha256(json.dumps(contract).encode()).hexdigest()

    @property
    def learned_votes(self) -> bool:
        """True if the model predicts FER+'s votes, not the data set's own labels."""
        return bool(self.trained_on.get("labels") == "FER+")

    @property
    def own_protocol(self) -> str:
        """The protocol of the labels that it learned, in the metrics of a split."""
        return "ferplus_7" if self.learned_votes else "all"

    def weakest(self, n: int) -> tuple[Emotion, ...]:
        """The n emotions that it overlooks most on its test split; () before it was evaluated.

        By the labels that it learned.
        """
        try:
            recall = self.metrics["private"][self.own_protocol]["recall"]
            return tuple(sorted(self.labels, key=lambda label: float(recall[label]))[:n])
        except (KeyError, TypeError, ValueError):
            return ()


def write_card(card: ModelCard, folder: Path) -> None:
    """Write `card.json` into the folder, replacing an older one once it is whole.

    Raises:
        OutputError: It cannot be written; the older one is as it was.
    """
    content = asdict(card)
    content["crop"] = {"margin": content.pop("crop_margin")}
    content["checksum"] = card.checksum
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path, part = folder / "card.json", folder / ".card.json.part"
    try:
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error


def read_card(folder: Path) -> ModelCard:
    """Read `card.json` from a model's folder.

    Raises:
        ModelError: The card is missing or lacks what is needed to use the model.
    """
    path = folder / "card.json"
    try:
        content = _read_json(path)
        card = _card(content)
        if content.get("checksum", card.checksum) != card.checksum:
            raise ValueError("its labels, input and crop are not those that were written")
        return card
    except FileNotFoundError as error:
        raise ModelError(f"{folder} holds no card.json, so it is not a model's folder.") from error
    except Exception as error:  # a damaged file can raise RecursionError and OverflowError, too
        why = repr(error)[:200]
        raise ModelError(f"{path} is not a card this version can read: {why}.") from error


def _read_json(path: Path) -> Any:
    with path.open("rb") as file:
        content = file.read(MAX_CARD_BYTES + 1)
    if len(content) > MAX_CARD_BYTES:
        raise ValueError(f"more than {MAX_CARD_BYTES} bytes")
    return json.loads(content.decode("utf-8"), parse_float=_finite, parse_constant=_refuse)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"expected a finite number, not {text}")


def _card(content: Any) -> ModelCard:
    labels = tuple(Emotion(label) for label in content["labels"])
    if not labels or len(set(labels)) < len(labels):
        raise ValueError(f"labels must be different emotions, not {content['labels']}")
    shape = InputShape(**content["input"])
    for side in (shape.height, shape.width):
        _whole(side, 1, 1024)
    return ModelCard(
        name=_text(content["name"]),
        labels=labels,
        input=replace(shape, channels=_whole(shape.channels, 1, 3)),
        recipe=_text(content["recipe"]),
        n_parameters=_whole(content["n_parameters"], 0, 10**11),
        trained_on=dict(content["trained_on"]),
        metrics={split: dict(part) for split, part in content["metrics"].items()},
        crop_margin=_margin(content["crop"]["margin"]),
        limits=tuple(_text(limit) for limit in _sequence(content["limits"])),
        files={name: _text(digest) for name, digest in content.get("files", {}).items()},
    )


def _whole(value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"expected a whole number from {least} to {most}, not {value!r}")
    return value


def _margin(value: Any) -> float:
    if type(value) not in (int, float) or not MARGINS[0] <= value <= MARGINS[1]:
        raise ValueError(f"expected a margin from {MARGINS[0]} to {MARGINS[1]}, not {value!r}")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 1000:
        raise ValueError(f"expected text of at most 1,000 characters, not {value!r}")
    return value


def _sequence(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, not {value!r}")
    return value


def read_history(folder: Path) -> list[dict[str, float]]:
    """The epochs of a model's training, in order, from `history.csv`; [] if there is none.

    Raises:
        ModelError: The file is damaged.
    """
    path = folder / "history.csv"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []
    except (OSError, TypeError, ValueError, csv.Error) as error:
        raise ModelError(f"{path} is not a history this version can read: {error}.") from error


def list_models() -> list[str]:
    """Names of the models that come with this repository, in alphabetical order."""
    return sorted(path.parent.name for path in MODELS_DIR.glob("*/card.json"))


def find_model(name_or_dir: str | Path) -> Path:
    """Folder of a model, given its name or the folder itself.

    Raises:
        ModelError: There is no such model; the sentence lists those there are.
    """
    named = MODELS_DIR / name_or_dir
    for folder in (named, Path(name_or_dir)):
        if (folder / "card.json").is_file():
            return folder
    known = ", ".join(list_models()) or "none"
    raise ModelError(
        f"There is no model {str(name_or_dir)!r}: neither a folder with a card.json, nor one of "
        f"the models here ({known})."
    )
