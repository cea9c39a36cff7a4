"""The folders of trained networks, and the card that describes each."""

import csv
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fer_core.emotions import Emotion
from fer_core.errors import ModelError, OutputError

MODELS_DIR = Path(__file__).resolve().parent.parent / "models"
"""Where the networks that come with this repository lie."""

DEFAULT_MODEL = "fer-resnet-ferplus"
"""The network used when none is named."""

SERVED_FILE = "model.tflite"
"""The file in a network's folder that the app runs."""

DEFAULT_LIMITS = (
    "The label is an apparent facial expression, not what a person feels.",
    "Do not use it to judge people: not for hiring, grading, policing, credit or diagnosis.",
    "The European Union forbids inferring emotions at work and in education, except for medical "
    "or safety reasons (AI Act, article 5(1)(f)).",
    "The training data are for research and non-commercial use.",
    "The training data name neither age, gender nor skin tone, so fairness across them is "
    "unmeasured.",
)


@dataclass(frozen=True)
class InputShape:
    """What the network takes: gray pixels 0..255, float32 `(N, height, width, channels)`."""

    height: int = 48
    width: int = 48
    channels: int = 1


@dataclass(frozen=True)
class ModelCard:
    """What a network is, what it was trained on, how good it is and what it is not for.

    Attributes:
        name: Name of the network and of its folder.
        labels: What each column of its output means, in order.
        input: Shape of its input.
        recipe: Recipe that trained it.
        n_parameters: Number of weights, trainable or not.
        trained_on: Data set, split, fingerprint, seed, epochs, date and versions; `note` for what a
            command alone does not tell.
        metrics: What `evaluate` measured; empty until it ran.
        crop_margin: What to add around the detector's box on each side before the crop, as a
            share of the box's width and height. Negative cuts into the box.
        limits: Sentences that a user must read before relying on it.
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

    @property
    def learned_votes(self) -> bool:
        """Whether the network answers by FER+'s votes and not by the data set's own labels."""
        return bool(self.trained_on.get("labels") == "FER+")

    @property
    def own_protocol(self) -> str:
        """Where its figures by the labels that it learned stand in the metrics of a split."""
        return "ferplus_7" if self.learned_votes else "all"

    def weakest(self, n: int) -> tuple[Emotion, ...]:
        """The n emotions that its test split shows it to overlook most; () before it was judged.

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
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path, part = folder / "card.json", folder / ".card.json.part"
    try:
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error


def read_card(folder: Path) -> ModelCard:
    """Read `card.json` from a network's folder.

    Raises:
        ModelError: The card is missing or lacks what is needed to use the network.
    """
    path = folder / "card.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        labels = tuple(Emotion(label) for label in content["labels"])
        if not labels or len(set(labels)) < len(labels):
            raise ValueError(f"labels must be different emotions, not {content['labels']}")
        return ModelCard(
            name=str(content["name"]),
            labels=labels,
            input=InputShape(**content["input"]),
            recipe=str(content["recipe"]),
            n_parameters=int(content["n_parameters"]),
            trained_on=dict(content["trained_on"]),
            metrics=dict(content["metrics"]),
            crop_margin=float(content["crop"]["margin"]),
            limits=tuple(content["limits"]),
        )
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder} holds no card.json, so it is not a network's folder."
        ) from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is not a card this version can read: {error!r}.") from error


def read_history(folder: Path) -> list[dict[str, float]]:
    """The epochs of a network's training, in order, from `history.csv`; [] where there is none.

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
    """Names of the networks that come with this repository, in alphabetical order."""
    return sorted(path.parent.name for path in MODELS_DIR.glob("*/card.json"))


def find_model(name_or_dir: str | Path) -> Path:
    """Folder of a network, given its name or the folder itself.

    Raises:
        ModelError: There is no such network; the sentence lists those there are.
    """
    named = MODELS_DIR / name_or_dir
    for folder in (named, Path(name_or_dir)):
        if (folder / "card.json").is_file():
            return folder
    known = ", ".join(list_models()) or "none"
    raise ModelError(
        f"There is no network {str(name_or_dir)!r}: neither a folder with a card.json, nor one of "
        f"the networks here ({known})."
    )
