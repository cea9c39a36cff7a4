"""Writes a trained model for another runtime and checks it against its source."""

import importlib.util
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_core.classification.classifier import EmotionClassifier, check_fit, keras_model
from fer_core.classification.model_files import check_file, record_files
from fer_core.classification.model_store import ModelCard, find_model, read_card
from fer_core.errors import ExportError, ModelError, OutputError, first_line
from fer_core.training.data.ferplus import majority_faces
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.evaluation.predictions import check_emotions
from fer_core.training.export.check import ExportCheck, check_on_faces, check_on_random_pixels
from fer_core.training.export.formats import ExportFormat, Pixels, find_format

N_CALIBRATION_FACES = 500
"""Drawn from the training split, so that an 8-bit format learns the range of each layer."""

N_CHECKED_FACES = 1_000
"""Drawn from the test split."""

MAX_DIFFERENCE = 1e-4
"""Largest difference between a float32 format's probability and the model's."""

MIN_AGREEMENT = 0.9
"""Smallest share of faces for which an 8-bit format must predict the model's emotion.

Rounding costs the models here some 2 %; one that is calibrated or converted wrongly predicts
another emotion most of the time.
"""


@dataclass(frozen=True)
class ExportReport:
    """An export and its comparison with the model.

    Attributes:
        files: The files written.
        n_bytes: Their size together.
        model_bytes: Size of `model.keras`.
        runtime: The runtime of the check, and its number of threads.
        checked_on: In words, what the two were compared on.
        check: The comparison.
    """

    files: tuple[Path, ...]
    n_bytes: int
    model_bytes: int
    runtime: str
    checked_on: str
    check: ExportCheck

    def to_dict(self) -> dict[str, Any]:
        """Its values by name; the model's size and accuracy under their former names too."""
        values = asdict(self)
        values["network_bytes"] = self.model_bytes
        values["check"]["network_accuracy"] = self.check.model_accuracy
        return values

    def table(self) -> str:
        """Everything as lines of a name and a value, ending with a newline."""
        check = self.check
        rows = [("written", ", ".join(map(str, self.files)))]
        rows += [("checked on", self.checked_on)]
        rows += [("largest difference", f"{check.max_difference:.1e}")]
        if check.agreement is not None:
            rows += [("same prediction", f"{check.agreement:.1%}")]
            rows += [("accuracy", f"{check.accuracy:.1%}, the model's {check.model_accuracy:.1%}")]
        rows += [("size", f"{self.n_bytes / 1e6:.2f} MB, the model's {self.model_bytes / 1e6:.2f}")]
        rows += [("one face", f"{check.ms_per_face:.2f} ms ({self.runtime})")]
        return "".join(f"{name:20}{value}\n" for name, value in rows)


def export_model(
    model: str | Path,
    format_name: str = "tflite",
    dataset: FaceDataset | None = None,
    output: Path | None = None,
) -> ExportReport:
    """Write a model in another format; one that fails the check leaves no file.

    Args:
        model: Its name or folder.
        format_name: One of `export_formats.FORMATS`.
        dataset: Its test split serves the check, by the labels that the model learned, its
            training split the calibration of 8-bit formats. None to check on random pixels.
        output: Folder for the files, made if need be. None for the model's own.

    Raises:
        ModelError: There is no such model, or its files are damaged.
        DatasetError: The model's emotions are not those of the data set.
        ExportError: The format is unknown, lacks packages or a data set to calibrate on, cannot
            hold this model, or predicts something else though it should not.
        OutputError: The folder cannot be written to.
    """
    export_format = find_format(format_name)
    _check_installed(export_format)
    if export_format.calibrated and dataset is None:
        raise ExportError(
            f"{format_name} is calibrated on training faces; name their data set with --data."
        )
    folder = find_model(model)
    card = read_card(folder)
    if dataset:
        check_emotions(card, dataset)
    model_file = folder / "model.keras"
    network = load_source(model_file, card)
    output = output or folder
    files, checked_on, check = _write_checked(network, card, export_format, dataset, output)
    if (output / "card.json").is_file():
        record_files(output, export_format.files)
    return ExportReport(
        files=files,
        n_bytes=sum(file.stat().st_size for file in files),
        model_bytes=model_file.stat().st_size,
        runtime=export_format.runtime,
        checked_on=checked_on,
        check=check,
    )


def _check_installed(export_format: ExportFormat) -> None:
    missing = [name for name in export_format.packages if not importlib.util.find_spec(name)]
    if missing:
        raise ExportError(
            f"{export_format.name} needs {', '.join(missing)}: install fer-core with its extra "
            '"export".'
        )


def load_source(path: Path, card: ModelCard) -> keras.Model:
    """Load `model.keras` and hold it against its card.

    Raises:
        ModelError: It is missing, damaged or not what the card promises.
    """
    if not path.is_file():
        raise ModelError(f"{path.parent} holds no {path.name}.")
    try:
        check_file(card, path)
        network = keras.models.load_model(path, compile=False)
        check_fit(keras_model(network), card)
    except ModelError:
        raise
    except Exception as error:  # what a damaged file raises differs with the damage
        raise ModelError(f"{path} cannot be read: {first_line(error)}") from error
    return network


def _write_checked(
    network: keras.Model,
    card: ModelCard,
    export_format: ExportFormat,
    dataset: FaceDataset | None,
    output: Path,
) -> tuple[tuple[Path, ...], str, ExportCheck]:
    try:
        output.mkdir(parents=True, exist_ok=True)
        # Inside the target, so that moving the files out of it copies nothing.
        with tempfile.TemporaryDirectory(prefix=".export-", dir=output) as made:
            scratch = Path(made)
            exported = _write(network, card, export_format, dataset, scratch)
            checked_on, check = _check(exported, network, dataset)
            _require_close(export_format, check)
            files = tuple((scratch / name).replace(output / name) for name in export_format.files)
    except OSError as error:
        raise OutputError(f"{output} cannot be written to: {error.strerror or error}.") from error
    return files, checked_on, check


def _require_close(export_format: ExportFormat, check: ExportCheck) -> None:
    """Raise `ExportError` if a format's predictions differ by more than rounding explains."""
    if export_format.calibrated:
        if check.agreement is not None and not check.agreement >= MIN_AGREEMENT:
            raise ExportError(
                f"As {export_format.name} the model makes the same prediction for "
                f"{check.agreement:.1%} of the faces, where {MIN_AGREEMENT:.0%} is the least, so "
                "nothing was written."
            )
    elif not check.max_difference <= MAX_DIFFERENCE:
        raise ExportError(
            f"As {export_format.name} the model's probabilities differ by up to "
            f"{check.max_difference:.1e}, where {MAX_DIFFERENCE:.0e} is allowed, so "
            "nothing was written."
        )


def _write(
    network: keras.Model,
    card: ModelCard,
    export_format: ExportFormat,
    dataset: FaceDataset | None,
    folder: Path,
) -> EmotionClassifier:
    images = _draw(dataset.train, N_CALIBRATION_FACES).images if dataset else np.empty((0, 1, 1))
    pixels: Pixels = np.repeat(images[..., np.newaxis], card.input.channels, axis=3)
    try:
        export_format.write(network, folder, pixels.astype(np.float32))
        exported = export_format.open(folder)
        check_fit(exported, card)
    except OSError:
        raise
    except Exception as error:  # converters raise what they please
        raise ExportError(
            f"The model cannot be written as {export_format.name}: {first_line(error)}"
        ) from error
    return EmotionClassifier(exported, card)


def _check(
    exported: EmotionClassifier, network: keras.Model, dataset: FaceDataset | None
) -> tuple[str, ExportCheck]:
    source = EmotionClassifier(keras_model(network), exported.card)
    if dataset is None:
        check = check_on_random_pixels(exported, source)
        return f"{check.n_faces} images of random pixels, for want of --data", check
    faces, what = dataset.test, f"test faces of {dataset.name}"
    if exported.card.learned_votes and faces.votes is not None:
        by_majority = majority_faces(faces, dataset.emotions)
        if len(by_majority):
            faces, what = by_majority, f"{what}, by FER+'s majority"
    check = check_on_faces(exported, source, _draw(faces, N_CHECKED_FACES))
    return f"{check.n_faces:,} {what}", check


def _draw(faces: LabeledFaces, n: int) -> LabeledFaces:
    """Draw n faces at random, the same in every run; all if there are fewer."""
    chosen = np.zeros(len(faces), dtype=np.bool_)
    order = np.random.default_rng(0).permutation(len(faces))
    chosen[order[:n]] = True
    return faces[chosen]
