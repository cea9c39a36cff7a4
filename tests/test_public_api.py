import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import fer_core

PACKAGE = Path(fer_core.__file__).parent

LAYERS = (
    {"emotions", "errors", "laps", "pool"},
    {"faces", "jobs", "mp4_claims"},
    {"images", "model_store"},
    {"detection", "classification", "figures", "quality", "yunet"},
    {"drawing", "explanation", "motion", "near_search", "smoothing", "thorough_detection"},
    {"analysis", "video_file"},
    {"full_search", "tracking", "video_tracking"},
    {"live", "video", "media_files"},
    {"timeline"},
    {"reports", "video_export"},
    {"row_format"},
    {"recording", "row_file"},
    {"stream"},
    {""},  # fer_core/__init__.py
    {"training"},
    {"commands"},
    {"__main__"},
)
"""The modules of fer_core from the bottom up; each may import from the layers below it."""

BELOW_TRAINING = {
    "emotions",
    "errors",
    "pool",
    "faces",
    "images",
    "model_store",
    "classification",
}
"""What training stands on: nothing that has to do with photos of several faces or with video."""


def modules() -> list[str]:
    paths = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(path.with_suffix("").parts) for path in paths)


def imported(module: str) -> set[str]:
    """Absolute names of all modules that a module imports, those inside its functions too."""
    path = PACKAGE / (module.replace(".", "/") + ".py")
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute here"
            assert node.module is not None
            if node.module == "fer_core":  # from fer_core import drawing
                names.update(f"fer_core.{alias.name}" for alias in node.names)
            else:
                names.add(node.module)
    return names


def own_imports(module: str) -> set[str]:
    """The parts of fer_core that a module imports, as names of `LAYERS`."""
    parts = (name.split(".") for name in imported(module) if name.split(".")[0] == "fer_core")
    return {part[1] if len(part) > 1 else "" for part in parts}


def layer_of(part: str) -> int:
    layers = [number for number, layer in enumerate(LAYERS) if part in layer]
    assert layers, f"fer_core.{part} has no place in LAYERS yet"
    return layers[0]


# --- the list of names ---


def test_every_public_name_is_there() -> None:
    assert sorted(fer_core.__all__) == fer_core.__all__
    for name in fer_core.__all__:
        assert getattr(fer_core, name) is not None


def test_nothing_else_is_public() -> None:
    others = {
        name
        for name, value in vars(fer_core).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert others <= set(fer_core.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fer_core.__getattr__("nothing")


@pytest.mark.parametrize("name", fer_core.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    doc = getattr(fer_core, name).__doc__
    # A dataclass without one gets its signature instead.
    assert doc
    assert not doc.startswith(f"{name}(")


# --- what importing does ---


def test_importing_fer_core_loads_nothing_heavy_and_says_nothing() -> None:
    program = (
        "import sys, fer_core\n"
        "heavy = {'tensorflow', 'keras', 'streamlit', 'matplotlib', 'ai_edge_litert', 'av'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- who imports whom ---


def test_the_modules_are_found() -> None:
    assert {"images", "training.train", "__main__"} <= set(modules())


@pytest.mark.parametrize("module", modules())
def test_imports_run_downwards_only(module: str) -> None:
    part = "" if module == "__init__" else module.split(".")[0]
    within = {part} & {"training", "commands"}
    for other in own_imports(module) - within:
        assert layer_of(other) < layer_of(part), f"{module} imports fer_core.{other}"


@pytest.mark.parametrize(
    "module", [m for m in modules() if m.split(".")[0] not in ("__main__", "training", "commands")]
)
def test_nothing_but_the_command_line_imports_training(module: str) -> None:
    assert "training" not in own_imports(module)


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith("training.")])
def test_training_stands_on_few_modules(module: str) -> None:
    assert own_imports(module) <= BELOW_TRAINING | {"training"}


@pytest.mark.parametrize("module", modules())
def test_no_module_knows_streamlit(module: str) -> None:
    roots = {name.split(".")[0] for name in imported(module)}
    assert not roots & {"streamlit", "streamlit_webrtc"}
