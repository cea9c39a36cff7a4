"""A trained network as a file for another runtime, checked against its source."""

import importlib.util
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from fer_core.classification import EmotionClassifier, check_fit, keras_network
from fer_core.errors import ExportError, ModelError, OutputError
from fer_core.model_store import ModelCard, find_model, read_card
from fer_core.training.answers import check_emotions
from fer_core.training.export_check import ExportCheck, check_on_faces, check_on_random_pixels
from fer_core.training.export_formats import ExportFormat, Pixels, find_format
from fer_core.training.ferplus import majority_faces
from fer_core.training.labeled_faces import FaceDataset, LabeledFaces

N_CALIBRATION_FACES = 500
"""Drawn from the training split, so that an 8-bit format learns the range of each layer."""

N_CHECKED_FACES = 1_000
"""Drawn from the test split."""

MAX_DIFFERENCE = 1e-4
"""How far a probability of a float32 format may be from the network's."""

MIN_AGREEMENT = 0.9
"""Share of faces to which an 8-bit format must give the network's answer.

Rounding costs the networks here some 2 %; one that is calibrated or converted wrongly answers
another emotion most of the time.
"""


@dataclass(frozen=True)
class ExportReport:
    """What was written and how it compares with the network.

    Attributes:
        files: The files written.
        n_bytes: Their size together.
        network_bytes: Size of `model.keras`.
        runtime: What the check ran it with, and on how many threads.
        checked_on: In words, what the two were compared on.
        check: How they compare.
    """

    files: tuple[Path, ...]
    n_bytes: int
    network_bytes: int
    runtime: str
    checked_on: str
    check: ExportCheck

    def table(self) -> str:
        """Everything as lines of a name and a value, ending with a newline."""
        check = self.check
        rows = [("written", ", ".join(map(str, self.files)))]
        rows += [("checked on", self.checked_on)]
        rows += [("largest difference", f"{check.max_difference:.1e}")]
        if check.agreement is not None:
            rows += [("same answer", f"{check.agreement:.1%}")]
            rows += [
                ("accuracy", f"{check.accuracy:.1%}, the network's {check.network_accuracy:.1%}")
            ]
        rows += [
            ("size", f"{self.n_bytes / 1e6:.2f} MB, the network's {self.network_bytes / 1e6:.2f}")
        ]
        rows += [("one face", f"{check.ms_per_face:.2f} ms ({self.runtime})")]
        return "".join(f"{name:20}{value}\n" for name, value in rows)


def export_network(
    model: str | Path,
    format_name: str = "tflite",
    dataset: FaceDataset | None = None,
    output: Path | None = None,
) -> ExportReport:
    """Write a network in another format; what does not pass the check leaves no file.

    Args:
        model: Its name or folder.
        format_name: One of `export_formats.FORMATS`.
        dataset: Its test split serves the check, by the labels that the network learned, its
            training split the calibration of 8-bit formats. None to check on random pixels.
        output: Folder for the files, made if need be. None for the network's own.

    Raises:
        ModelError: There is no such network, or its files are damaged.
        DatasetError: The network's emotions are not those of the data set.
        ExportError: The format is unknown, lacks packages or a data set to calibrate on, cannot
            hold this network, or answers differently though it should not.
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
    network = _load(model_file, card)
    files, checked_on, check = _write_checked(
        network, card, export_format, dataset, output or folder
    )
    return ExportReport(
        files=files,
        n_bytes=sum(file.stat().st_size for file in files),
        network_bytes=model_file.stat().st_size,
        runtime=export_format.runtime,
        checked_on=checked_on,
        check=check,
    )


def _check_installed(export_format: ExportFormat) -> None:
    missing = [name for name in export_format.packages if not importlib.util.find_spec(name)]
    if missing:
        raise ExportError(
            f"{export_format.name} needs {', '.join(missing)}; install what this format takes "
            "with pip install -r requirements-export.txt."
        )


def _load(path: Path, card: ModelCard) -> keras.Model:
    if not path.is_file():
        raise ModelError(f"{path.parent} holds no {path.name} to export.")
    try:
        network = keras.models.load_model(path, compile=False)
        check_fit(keras_network(network), card)
    except Exception as error:  # what a damaged file raises differs with the damage
        raise ModelError(f"{path} cannot be read: {_first_line(error)}") from error
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
    """Raise `ExportError` where a format answers otherwise than rounding explains."""
    if export_format.calibrated:
        if check.agreement is not None and not check.agreement >= MIN_AGREEMENT:
            raise ExportError(
                f"As {export_format.name} the network gives the same answer to "
                f"{check.agreement:.1%} of the faces, where {MIN_AGREEMENT:.0%} is the least, so "
                "nothing was written."
            )
    elif not check.max_difference <= MAX_DIFFERENCE:
        raise ExportError(
            f"As {export_format.name} the network answers differently by up to "
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
            f"The network cannot be written as {export_format.name}: {_first_line(error)}"
        ) from error
    return EmotionClassifier(exported, card)


def _check(
    exported: EmotionClassifier, network: keras.Model, dataset: FaceDataset | None
) -> tuple[str, ExportCheck]:
    source = EmotionClassifier(keras_network(network), exported.card)
    if dataset is None:
        check = check_on_random_pixels(exported, source)
        return f"{check.n_faces} pictures of random pixels, for want of --data", check
    faces, what = dataset.test, f"test faces of {dataset.name}"
    if exported.card.learned_votes and faces.votes is not None:
        by_majority = majority_faces(faces, dataset.emotions)
        if len(by_majority):
            faces, what = by_majority, f"{what}, by FER+'s majority"
    check = check_on_faces(exported, source, _draw(faces, N_CHECKED_FACES))
    return f"{check.n_faces:,} {what}", check


def _draw(faces: LabeledFaces, n: int) -> LabeledFaces:
    """That many faces at random, the same in every run; all where there are fewer."""
    chosen = np.zeros(len(faces), dtype=np.bool_)
    order = np.random.default_rng(0).permutation(len(faces))
    chosen[order[:n]] = True
    return faces[chosen]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
