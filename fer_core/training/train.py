"""One training run: a recipe and a data set in, a network's folder out."""

import datetime
import importlib.metadata
import importlib.util
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from fer_core.emotions import Emotion
from fer_core.errors import ModelError, OutputError, TrainingError
from fer_core.model_store import InputShape, ModelCard, write_card
from fer_core.training.calibrate import calibration_faces, give_temperature
from fer_core.training.export_formats import remove_derived
from fer_core.training.ferplus import FERPLUS
from fer_core.training.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.precision import build_under, fastest_policy
from fer_core.training.recipe import FineTuning, Recipe
from fer_core.training.run_files import RunFiles, make_folder
from fer_core.training.running import Run, behind_augmentation
from fer_core.training.teachers import Teachers


def train(
    recipe: Recipe,
    dataset: FaceDataset,
    output: Path,
    *,
    epochs: int | None = None,
    seed: int = 0,
    resume: bool = False,
    weights: str | None = None,
    balanced: bool = False,
    teachers: Sequence[str | Path] = (),
    tensorboard: Path | None = None,
) -> ModelCard:
    """Train a network and write `model.keras`, `card.json` and `history.csv` to its folder.

    The weights kept are those of the epoch that is best on `dataset.validation`, by the recipe's
    measure. Training may use half precision; the network written is float32. Its logits are divided
    by the temperature that makes it calibrated on `dataset.validation`, which the card notes.

    Where the recipe also learns FER+'s votes, the network that answers by them is written to a
    second folder, see `network_folders`.

    Args:
        recipe: What to train and how.
        dataset: Faces and labels.
        output: Folder of the new network, whose name becomes the network's. Made if need be; no
            other network or run may be there.
        epochs: Instead of the recipe's own number; fewer where it trains in stages.
        seed: For the first weights, the order of images and their augmentation.
        resume: Go on after the last full epoch of an interrupted run in the same folder.
        weights: What a recipe that fine-tunes starts from: `imagenet` (or None), the path of a
            file, or `none`, from which nothing is held still. A run that is resumed has its weights
            already, and needs them named no more.
        balanced: Let faces of rare emotions count more in the loss, so that all emotions count
            alike; see `label_targets`.
        teachers: Networks, by name or folder, whose answers are half of what is to be learned; one
            that answers by FER+'s votes teaches the votes, any other one the labels.
        tensorboard: Folder for logs that TensorBoard shows; None for none.

    Raises:
        DatasetError: The recipe learns votes, and the data set has none, or none that agree; or a
            teacher has other emotions or learned from other faces.
        OutputError: A folder cannot be made or holds another network or run; or there is nothing
            to resume in it, or only a run of other settings.
        ModelError: The weights to start from or a teacher cannot be had, or the recipe takes no
            weights.
        TrainingError: The loss is no finite number any more, more epochs are asked for than a
            recipe in stages has, a teacher knows votes that the recipe does not learn, or
            TensorBoard is not installed.
        KeyboardInterrupt: Ctrl-C before the first epoch was over. Later, Ctrl-C ends the run
            with the best epoch so far, which its card notes as not `finished`, and `resume` can
            still take it up.
    """
    folders, label_sets = network_folders(recipe, output), calibration_sets(recipe, dataset)
    files = RunFiles(output)
    if not resume:
        _check_free(folders)
    _check_tensorboard(tensorboard)
    before = files.settings() if resume else {}
    fine_tuning, weights = _pretraining(recipe, weights, before.get("weights"))
    if epochs and epochs > recipe.epochs and (fine_tuning or recipe.then):
        raise TrainingError(
            f"The recipe {recipe.name!r} trains in stages, {recipe.epochs} epochs in all; --epochs "
            "can end it earlier, not later."
        )
    taught_by = Teachers.load(teachers, recipe, dataset)
    # A resumed run goes on in its own precision, even where the hardware is another one.
    policy = before.get("precision") or fastest_policy()
    settings = {
        "recipe": recipe.name,
        "data": dataset.fingerprint(),
        "validation": dataset.fingerprint_beside(votes=recipe.learns_votes),
        "seed": str(seed),
        "epochs": str(epochs or recipe.epochs),
        "weights": weights,
        "precision": policy,
        "balanced": str(balanced),
        "teachers": ", ".join(taught_by.names()) or "none",
    }
    if resume:
        _check_same(before, settings)
        files.check_weights(recipe)
    for folder in (*folders, *([tensorboard] if tensorboard else [])):
        make_folder(folder)
    keras.utils.set_random_seed(seed)
    network = build_under(policy, lambda: recipe.build(len(dataset.emotions)))
    if fine_tuning and not (resume and files.epochs()):
        fine_tuning.load(network.get_layer(fine_tuning.backbone), weights)
    if not resume:
        files.begin_run(settings)
    run = Run(recipe, dataset, files, seed, fine_tuning, network, balanced, taught_by, tensorboard)
    finished = run.fit(epochs)
    trained_on = {
        **_provenance(recipe, dataset, files),
        "seed": seed,
        "pretrained": weights,
        "precision": policy,
        "balanced": balanced,
        "teachers": taught_by.names(),
        "finished": finished,
    }
    cards = _write_all(recipe, dataset, files, folders, label_sets, trained_on)
    if finished:
        files.forget()
    return cards[0]


def network_folders(recipe: Recipe, output: Path) -> tuple[Path, ...]:
    """The folders that `train` writes: its output, and where votes are learned one beside it."""
    if not recipe.learns_votes:
        return (output,)
    folder = output.resolve()
    return (output, folder.parent / f"{folder.name}-ferplus")


def calibration_sets(recipe: Recipe, dataset: FaceDataset) -> dict[str, LabeledFaces]:
    """By what labels the networks that `train` writes answer, and what each is calibrated on.

    Raises:
        DatasetError: The recipe learns votes, and the data set has none, or none that agree.
    """
    names = (dataset.source, FERPLUS) if recipe.learns_votes else (dataset.source,)
    return {labels: calibration_faces(labels, dataset) for labels in names}


def _write_all(
    recipe: Recipe,
    dataset: FaceDataset,
    files: RunFiles,
    folders: tuple[Path, ...],
    label_sets: dict[str, LabeledFaces],
    trained_on: dict[str, Any],
) -> list[ModelCard]:
    """Write the best epoch's network, or its networks, each to its folder."""
    networks = _by_label_set(recipe, _best_network(recipe, dataset, files))
    for folder in folders[1:]:
        shutil.copyfile(files.history, RunFiles(folder).history)
    return [
        _write(recipe, part, dataset.emotions, faces, folder, {**trained_on, "labels": labels})
        for part, folder, (labels, faces) in zip(networks, folders, label_sets.items(), strict=True)
    ]


def _by_label_set(recipe: Recipe, network: keras.Model) -> list[keras.Model]:
    """The network, or where it answers twice a network for each of its answers."""
    if not recipe.learns_votes:
        return [network]
    answers = [network.get_layer(name).output for name in ("labels", "votes")]
    return [keras.Model(network.input, answer, name=network.name) for answer in answers]


def _write(
    recipe: Recipe,
    network: keras.Model,
    emotions: tuple[Emotion, ...],
    faces: LabeledFaces,
    folder: Path,
    trained_on: dict[str, Any],
) -> ModelCard:
    """Calibrate a network on these faces and write it with its card."""
    temperature = give_temperature(network, faces)
    remove_derived(folder)  # of the network that an interrupted run left
    network.save(folder / "model.keras")
    card = ModelCard(
        name=folder.resolve().name,
        labels=emotions,
        input=InputShape(*network.input_shape[1:]),
        recipe=recipe.name,
        n_parameters=network.count_params(),
        trained_on={**trained_on, "temperature": temperature},
    )
    write_card(card, folder)
    return card


def _pretraining(
    recipe: Recipe, weights: str | None, before: str | None
) -> tuple[FineTuning | None, str]:
    """How to fine-tune, None for not at all, and the weights to start from.

    Args:
        recipe: Whether it fine-tunes.
        weights: What the user asks for; None for nothing particular.
        before: What the run that is resumed started from; None for a new run.
    """
    if recipe.fine_tuning is None and weights not in (None, "none"):
        raise ModelError(f"The recipe {recipe.name!r} starts from no weights; leave out --weights.")
    weights = weights or before or "imagenet"
    if recipe.fine_tuning is None or weights == "none":
        return None, "none"
    # The weights of a resumed run are in its backup: the file they came from may be gone.
    return recipe.fine_tuning, weights if before in (None, "none") else before


def _check_tensorboard(folder: Path | None) -> None:
    """Raise `TrainingError` where logs are asked for that nothing here can write."""
    if folder and importlib.util.find_spec("tensorboard") is None:
        raise TrainingError(
            "TensorBoard is not installed: pip install tensorboard, or leave out --tensorboard."
        )


def _check_free(folders: tuple[Path, ...]) -> None:
    """Raise `OutputError` where a new run would replace what one of the folders holds."""
    if RunFiles(folders[0]).backup.exists():
        raise OutputError(
            f"{folders[0]} holds an interrupted run; --resume goes on with it, or name another "
            "folder."
        )
    for folder in folders:
        RunFiles(folder).check_free()


def _check_same(before: dict[str, str], settings: dict[str, str]) -> None:
    """Raise `OutputError` unless the interrupted run had the same settings."""
    again = "the same settings, or start anew in another folder."
    # Earlier versions did not note the one and did not know the other.
    before = {"validation": settings["validation"], "teachers": "none", **before}
    if any(before.get(name) != settings[name] for name in ("data", "validation")):
        raise OutputError(
            "The interrupted run had other data, another split or another --limit; resume it with "
            f"{again}"
        )
    for name, value in settings.items():
        if before.get(name) != value:
            raise OutputError(
                f"The interrupted run had {name} {before.get(name)}, not {value}; "
                f"resume it with {again}"
            )


def _best_network(recipe: Recipe, dataset: FaceDataset, files: RunFiles) -> keras.Model:
    """The best epoch's network, in float32 whatever it was trained in."""
    network = recipe.build(len(dataset.emotions))
    behind_augmentation(recipe, network).load_weights(files.best(recipe))
    return network


def _provenance(recipe: Recipe, dataset: FaceDataset, files: RunFiles) -> dict[str, Any]:
    epochs = files.epochs()
    best = recipe.best(epochs)
    what = recipe.chosen_by.replace("val_", "validation ")
    if recipe.learns_votes:
        what = f"mean of {what} by labels and by votes"
    return {
        "summary": recipe.summary,
        "source": recipe.source,
        "published": recipe.published,
        "dataset": dataset.name,
        "split": "train",
        "n_images": len(dataset.train),
        "fingerprint": dataset.fingerprint(),
        "epochs": len(epochs),
        "chosen_epoch": epochs.index(best) + 1,
        "chosen_by": f"{what}, {best[recipe.chosen_by]:.4f}",
        "date": datetime.date.today().isoformat(),
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            keras.backend.backend(): importlib.metadata.version(keras.backend.backend()),
        },
    }
