"""The options of a training run, and the settings that a resumed run must share with it."""

from dataclasses import dataclass
from pathlib import Path

from fer_core.errors import ModelError, OutputError
from fer_core.training.data.labeled_faces import FaceDataset
from fer_core.training.recipes.recipe import FineTuning, Recipe


@dataclass(frozen=True)
class TrainingOptions:
    """Built by the command line, held by the run, noted in the card.

    Attributes:
        epochs: Instead of the recipe's own number; fewer where it trains in stages.
        seed: For the first weights, the order of images, their augmentation and dropout.
        weights: The weights that a recipe with fine-tuning starts from: `imagenet` (or None), the
            path of a file, or `none`, from which nothing is held still. A resumed run has its
            weights already and needs no name for them.
        balanced: Let faces of rare emotions count more in the loss, so that all emotions count
            alike; see `label_targets`.
        teachers: Models, by name or folder, whose predictions are half of what is to be learned;
            one that learned FER+'s votes teaches the votes, any other one the labels.
        tensorboard: Folder for logs that TensorBoard shows; None for none.
        command: The command line that makes this model, for its card; None if a program does.
    """

    epochs: int | None = None
    seed: int = 0
    weights: str | None = None
    balanced: bool = False
    teachers: tuple[str | Path, ...] = ()
    tensorboard: Path | None = None
    command: str | None = None


def run_settings(
    recipe: Recipe,
    dataset: FaceDataset,
    options: TrainingOptions,
    *,
    weights: str,
    policy: str,
    teachers: list[str],
) -> dict[str, str]:
    """The settings that a run which resumes this one must have, too.

    Args:
        recipe: The recipe.
        dataset: The data set to train on.
        options: The user's choices.
        weights: The weights that the run starts from; see `pretraining`.
        policy: The precision it trains in.
        teachers: Names and versions.
    """
    return {
        "recipe": recipe.name,
        "data": dataset.fingerprint(),
        "validation": dataset.fingerprint_beside(votes=recipe.learns_votes),
        "seed": str(options.seed),
        "epochs": str(options.epochs or recipe.epochs),
        "weights": weights,
        "precision": policy,
        "balanced": str(options.balanced),
        "teachers": ", ".join(teachers) or "none",
    }


def check_same(before: dict[str, str], settings: dict[str, str]) -> None:
    """Raise `OutputError` unless the interrupted run had the same settings."""
    again = "the same settings, or start a new one in another folder."
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


def pretraining(
    recipe: Recipe, weights: str | None, before: str | None
) -> tuple[FineTuning | None, str]:
    """Return the fine-tuning, None for none, and the weights to start from.

    Args:
        recipe: The recipe, with fine-tuning or without.
        weights: The user's choice; None for none in particular.
        before: The weights that the resumed run started from; None for a new run.
    """
    if recipe.fine_tuning is None and weights not in (None, "none"):
        raise ModelError(f"The recipe {recipe.name!r} starts from no weights; leave out --weights.")
    weights = weights or before or "imagenet"
    if recipe.fine_tuning is None or weights == "none":
        return None, "none"
    # The weights of a resumed run are in its backup: the file they came from may be gone.
    return recipe.fine_tuning, weights if before in (None, "none") else before
