"""Trains a recipe on a data set and writes the model's folder."""

import importlib.util
from pathlib import Path

import keras

from fer_core.classification.model_store import ModelCard
from fer_core.errors import OutputError, TrainingError
from fer_core.training.backend.batch_norm import one_pass
from fer_core.training.backend.precision import build_under, fastest_policy
from fer_core.training.data.labeled_faces import FaceDataset
from fer_core.training.recipes.recipe import Recipe
from fer_core.training.run.files import RunFiles, make_folder
from fer_core.training.run.models import calibration_sets, model_folders, write_models
from fer_core.training.run.options import (
    TrainingOptions,
    check_same,
    pretraining,
    run_settings,
)
from fer_core.training.run.stages import Run
from fer_core.training.run.teachers import Teachers


def train(
    recipe: Recipe,
    dataset: FaceDataset,
    output: Path,
    options: TrainingOptions | None = None,
    *,
    resume: bool = False,
) -> ModelCard:
    """Train a model and write `model.keras`, `card.json` and `history.csv` to its folder.

    The weights kept are those of the epoch that is best on `dataset.validation`, by the recipe's
    measure. Training may use half precision; the model written is float32. Its logits are divided
    by the temperature that makes it calibrated on `dataset.validation`, which the card notes.

    Where the recipe also learns FER+'s votes, a second model is written to a second folder, see
    `model_folders`.

    Args:
        recipe: The recipe.
        dataset: Faces and labels.
        output: Folder of the new model, whose name becomes the model's. Made if need be; no other
            model or run may be there.
        options: The user's choices; None for the defaults.
        resume: Go on after the last full epoch of an interrupted run in the same folder.

    Raises:
        DatasetError: The recipe learns votes, and the data set has none, or none that agree; or a
            teacher has other emotions or learned from other faces.
        OutputError: A folder cannot be made or holds another model or run; or there is nothing
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
    options = options or TrainingOptions()
    folders, label_sets = model_folders(recipe, output), calibration_sets(recipe, dataset)
    files = RunFiles(output)
    if not resume:
        _check_free(folders)
    _check_tensorboard(options.tensorboard)
    run, settings = _prepared(recipe, dataset, files, options, resume)
    for folder in (*folders, *([options.tensorboard] if options.tensorboard else [])):
        make_folder(folder)
    _give_pretrained_weights(run, settings["weights"], resume)
    if not resume:
        files.begin_run(settings)
    finished = run.fit()
    trained_on = {
        **({"command": options.command} if options.command else {}),
        "seed": options.seed,
        "pretrained": settings["weights"],
        "precision": settings["precision"],
        "balanced": options.balanced,
        "teachers": run.teachers.names(),
        "finished": finished,
    }
    cards = write_models(recipe, dataset, files, folders, label_sets, trained_on)
    if finished:
        files.forget()
    return cards[0]


def _prepared(
    recipe: Recipe, dataset: FaceDataset, files: RunFiles, options: TrainingOptions, resume: bool
) -> tuple[Run, dict[str, str]]:
    """A run at its beginning, and its settings, which one that is resumed must have had."""
    before = files.settings() if resume else {}
    fine_tuning, weights = pretraining(recipe, options.weights, before.get("weights"))
    if options.epochs and options.epochs > recipe.epochs and (fine_tuning or recipe.then):
        raise TrainingError(
            f"The recipe {recipe.name!r} trains in stages, {recipe.epochs} epochs in all; --epochs "
            "can end it earlier, not later."
        )
    teachers = Teachers.load(options.teachers, recipe, dataset)
    # A resumed run goes on in its own precision, even where the hardware is another one.
    policy = before.get("precision") or fastest_policy()
    settings = run_settings(
        recipe, dataset, options, weights=weights, policy=policy, teachers=teachers.names()
    )
    if resume:
        check_same(before, settings)
        files.check_weights(recipe)
    keras.utils.set_random_seed(options.seed)
    network = build_under(policy, lambda: recipe.build(len(dataset.emotions)))
    one_pass(network)
    return Run(recipe, dataset, files, options, fine_tuning, network, teachers), settings


def _give_pretrained_weights(run: Run, weights: str, resume: bool) -> None:
    """Load what a recipe that fine-tunes starts from, unless its run has gone on from there."""
    tuning = run.fine_tuning
    if tuning and not (resume and run.files.epochs()):
        tuning.load(run.network.get_layer(tuning.backbone), weights)


def _check_tensorboard(folder: Path | None) -> None:
    """Raise `TrainingError` if logs are asked for that nothing here can write."""
    if folder and importlib.util.find_spec("tensorboard") is None:
        raise TrainingError(
            "TensorBoard is not installed: pip install tensorboard, or leave out --tensorboard."
        )


def _check_free(folders: tuple[Path, ...]) -> None:
    """Raise `OutputError` if a new run would replace what one of the folders holds."""
    if RunFiles(folders[0]).backup.exists():
        raise OutputError(
            f"{folders[0]} holds an interrupted run; --resume goes on with it, or name another "
            "folder."
        )
    for folder in folders:
        RunFiles(folder).check_free()
